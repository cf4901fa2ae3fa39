"""/api/v1/openapi.json, made from the table of operations and the shapes of their answers.

Source: OpenAPI Specification 3.1; its schemas are JSON Schema 2020-12, which pydantic writes.
"""

from __future__ import annotations

from functools import cache
from http import HTTPStatus
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from maild import __version__
from maild.answers import json_schema
from maild.web.api import BODIES, MULTIPART, OPERATIONS, ROOT, Operation
from maild.web.api_shapes import ProblemAnswer

_PLACE: Final = "#/components/schemas/"
_PROBLEMS: Final = {401: ProblemAnswer, 403: ProblemAnswer}
_KEY: Final = "The same for each try of one request; the files of a repeat have to be the same."


async def show(request: Request) -> Response:  # noqa: ARG001 - Starlette's shape
    """GET /api/v1/openapi.json, for anybody."""
    return JSONResponse(document())


@cache
def document() -> dict[str, Any]:
    """The whole description."""
    schemas: dict[str, Any] = {}
    paths: dict[str, Any] = {}
    for one in OPERATIONS:
        paths.setdefault(one.path, {})[one.method.lower()] = _operation(one, schemas)
    return {
        "openapi": "3.1.0",
        "info": {"title": "maild", "version": __version__},
        "servers": [{"url": ROOT}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(one: Operation, schemas: dict[str, Any]) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "operationId": one.handler.__name__,
        "summary": one.summary,
        "description": f"The token has to have `{one.may}`.",
        "parameters": [*_in_path(one), *_in_query(one)],
        "responses": {
            str(status): _answer(status, shape, schemas)
            for status, shape in sorted((dict(one.answers) | _PROBLEMS).items())
        },
    }
    if one.method == "POST":
        shown["parameters"].append(_parameter("Idempotency-Key", "header", _KEY))
        shown["requestBody"] = {"required": True, "content": _bodies(schemas)}
    return shown


def _answer(status: int, shape: Any, schemas: dict[str, Any]) -> dict[str, Any]:
    said = {"description": HTTPStatus(status).phrase}
    if shape is None:
        return said
    kind = "application/problem+json" if shape is ProblemAnswer else "application/json"
    schema = shape.model_json_schema(ref_template=_PLACE + "{model}", mode="serialization")
    return said | {"content": {kind: {"schema": _named(shape.__name__, schema, schemas)}}}


def _bodies(schemas: dict[str, Any]) -> dict[str, Any]:
    ours = _named("Bill", _moved(json_schema("document")), schemas)
    files = {"type": "object", "additionalProperties": {"type": "string", "format": "binary"}}
    shown: dict[str, Any] = {kind: {} for kind in BODIES}
    return shown | {"application/json": {"schema": ours}, MULTIPART: {"schema": files}}


def _named(name: str, schema: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    """A reference to a schema, which is put among the others with those that it refers to."""
    schemas.update(schema.pop("$defs", {}))
    schemas[name] = schema
    return {"$ref": _PLACE + name}


def _moved(value: Any) -> Any:
    """The same schema, with its references to where the others are."""
    if isinstance(value, dict):
        return {
            key: one.replace("#/$defs/", _PLACE) if key == "$ref" else _moved(one)
            for key, one in value.items()
        }
    return [_moved(one) for one in value] if isinstance(value, list) else value


def _in_path(one: Operation) -> list[dict[str, Any]]:
    names = [part[1:-1] for part in one.path.split("/") if part.startswith("{")]
    return [_parameter(name, "path", "") | {"required": True} for name in names]


def _in_query(one: Operation) -> list[dict[str, Any]]:
    team = {"team": "The team of the token; another is not found."}
    return [_parameter(name, "query", said) for name, said in {**team, **one.query}.items()]


def _parameter(name: str, place: str, said: str) -> dict[str, Any]:
    shown = {"name": name, "in": place, "schema": {"type": "string"}}
    return shown | ({"description": said} if said else {})
