"""The API for a team's own programs: hand a document in, ask its fate, take its files, follow what happens.

Every operation stands in one table, from which its routes and openapi.json are made. Who asks is known
by a token (RFC 6750); cookies mean nothing here. Problems are answered as RFC 9457 says.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Final

from pydantic import BaseModel
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from maild.app import App
from maild.errors import DocumentError, NotFound, Problem, UserError
from maild.log import portal as log
from maild.model.ids import new_id
from maild.model.machine import Machine, May
from maild.partners.machines import MOST_EVENTS, Handed, Taken
from maild.web.api_shapes import (
    DocumentAnswer,
    EventsAnswer,
    HandedAnswer,
    ProblemAnswer,
    ProblemPart,
)
from maild.web.place import place_of
from maild.web.sending import as_file

ROOT: Final = "/api/v1"
BODIES: Final[Mapping[str, str]] = {
    "application/json": "document.json",
    "application/xml": "document.xml",
    "text/xml": "document.xml",
    "application/pdf": "document.pdf",
}
MULTIPART: Final = "multipart/form-data"
_MOST_FILES: Final = 50
_LONGEST_KEY: Final = 255
_LARGEST: Final = 2**62
_AT_ONCE: Final = 4  # requests whose files are held in memory at the same time


@dataclass(frozen=True, slots=True)
class Call:
    """One request of a program that may make it."""

    app: App
    request: Request
    machine: Machine

    @property
    def place(self) -> str:
        """The network that it comes from."""
        return place_of(self.request, proxies=self.app.settings.web.proxies)

    def number(self, name: str, *, otherwise: int) -> int:
        """A number of the query string. Raises DocumentError for anything else."""
        given = self.request.query_params.get(name, str(otherwise))
        if given.isascii() and given.isdecimal() and int(given[:20]) < _LARGEST:
            return int(given)
        raise DocumentError(Problem("api.number", name, f'"{given[:40]}" is no number'))


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing that can be asked: by whom, and what is answered."""

    method: str
    path: str
    may: May
    handler: Callable[[Call], Awaitable[Response]]
    summary: str
    answers: Mapping[int, type[BaseModel] | None]
    query: Mapping[str, str] = field(default_factory=dict)


async def hand_in(call: Call) -> Response:
    """Take files in; 201 when any document is new, else 200."""
    key = call.request.headers.get("idempotency-key", "").strip()
    if len(key) > _LONGEST_KEY or not (key.isascii() and key.isprintable()):
        said = f"it has more than {_LONGEST_KEY} characters, or some that a header cannot have"
        raise DocumentError(Problem("api.key", "Idempotency-Key", said))
    tag = call.request.query_params.get("tag")
    handed = Handed(await _files(call.request), tag=tag, key=key, place=call.place)
    taken = await call.app.machines.take(call.machine, handed)
    return _json(_handed(taken), status=201 if taken.fresh else 200)


async def document(call: Call) -> Response:
    """A document and its fate."""
    shown = await call.app.machines.document(call.machine, call.request.path_params["id"])
    at = f"{ROOT}/documents/{shown['id']}/files"
    files = [one | {"url": f"{at}/{n}"} for n, one in enumerate(shown["files"])]
    return _json(DocumentAnswer.model_validate(shown | {"files": files}))


async def file(call: Call) -> Response:
    """A file, as it is."""
    number = str(call.request.path_params["file"])
    if not (number.isascii() and number.isdecimal()) or len(number) > 5:
        raise NotFound("there is no such file")
    return as_file(
        *await call.app.machines.file(
            call.machine, call.request.path_params["id"], at=int(number), place=call.place
        )
    )


async def events(call: Call) -> Response:
    """What happened to the team."""
    found, last, more = await call.app.machines.events(
        call.machine,
        after=call.number("after", otherwise=0),
        limit=max(1, call.number("limit", otherwise=100)),
    )
    told = [asdict(one) | {"at": _instant(one.at)} for one in found]
    return _json(EventsAnswer.model_validate({"events": told, "next": last, "more": more}))


OPERATIONS: Final[Sequence[Operation]] = (
    Operation(
        "POST",
        "/documents",
        May.SEND,
        hand_in,
        "Hand a document in",
        {
            200: HandedAnswer,
            201: HandedAnswer,
            400: ProblemAnswer,
            413: None,
            415: ProblemAnswer,
            422: ProblemAnswer,
        },
        {"tag": 'What it is, where its bytes do not say: "purchase", "quote" and so on.'},
    ),
    Operation(
        "GET",
        "/documents/{id}",
        May.READ,
        document,
        "Ask what became of a document",
        {200: DocumentAnswer, 404: ProblemAnswer},
    ),
    Operation(
        "GET",
        "/documents/{id}/files/{file}",
        May.READ,
        file,
        "Take a file of a document",
        {200: None, 404: ProblemAnswer},
    ),
    Operation(
        "GET",
        "/events",
        May.EVENTS,
        events,
        "Follow what happens",
        {200: EventsAnswer, 422: ProblemAnswer},
        {
            "after": "The `next` of the answer before; 0 from the beginning.",
            "limit": f"How many at most, up to {MOST_EVENTS}.",
        },
    ),
)


def routes(app: App) -> list[Route]:
    """The operations, each behind the same gate."""
    room = asyncio.Semaphore(_AT_ONCE)
    return [
        Route(ROOT + one.path, _endpoint(app, one, room=room), methods=[one.method])
        for one in OPERATIONS
    ]


def problem(status: int, detail: str = "", *, problems: Sequence[Problem] = ()) -> Response:
    """Why there is no other answer (RFC 9457 section 3)."""
    shown = ProblemAnswer(
        type="urn:maild:problem:document" if problems else "about:blank",
        title="The document was not taken" if problems else HTTPStatus(status).phrase,
        status=status,
        detail=detail,
        problems=tuple(
            ProblemPart(term=one.where, code=one.code, message=one.message) for one in problems
        ),
    )
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else {}
    return JSONResponse(shown.model_dump(), status, headers, media_type="application/problem+json")


def _endpoint(
    app: App, one: Operation, *, room: asyncio.Semaphore
) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        try:
            machine = await app.machines.known(_bearer(request))
            refusal = _refusal(machine, one, request)
            if machine is None or refusal is not None:
                return refusal or problem(401)
            async with room:
                return await _answer(Call(app, request, machine), one)
        except Exception as fault:  # noqa: BLE001 - the web's error handler, for programs
            incident = new_id("i")
            log.page_failed(path=one.path, incident=incident, error=fault)
            return problem(500, f"it failed here and was written down; name {incident}")

    return endpoint


async def _answer(call: Call, one: Operation) -> Response:
    try:
        return await one.handler(call)
    except NotFound:
        return problem(404)
    except DocumentError as fault:
        return problem(422, str(fault), problems=fault.problems)
    except UserError as fault:
        return problem(409, str(fault))
    except ClientDisconnect:  # the guard stopped reading, or nobody is there any more
        return problem(413, "that is more than is taken")
    except HTTPException as fault:
        return problem(fault.status_code, fault.detail)


def _refusal(machine: Machine | None, one: Operation, request: Request) -> Response | None:
    if machine is None:
        log.visit_refused(path=ROOT + one.path, reason="no token that is known")
        return problem(401, "send Authorization: Bearer and a token of `maild token add`")
    team = request.query_params.get("team", machine.team)
    if team != machine.team:
        return problem(404, "this token is of another team")
    if one.may not in machine.may:
        log.visit_refused(path=ROOT + one.path, reason=f"{machine.id} may not {one.may}")
        return problem(
            403, f"this token may not {one.may}; it may {', '.join(sorted(machine.may))}"
        )
    return None


def _bearer(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


async def _files(request: Request) -> list[tuple[str, bytes]]:
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type == MULTIPART:
        async with request.form(max_files=_MOST_FILES, max_fields=_MOST_FILES) as form:
            files = [
                (one.filename or field_name, await one.read())
                for field_name, one in form.multi_items()
                if isinstance(one, UploadFile)
            ]
    elif name := BODIES.get(media_type):
        files = [(name, await request.body())]
    else:
        raise HTTPException(415, f"send {', '.join([*BODIES, MULTIPART])}")
    if not any(content for _, content in files):
        raise DocumentError(Problem("api.empty", "", "nothing was handed in"))
    return files


def _handed(taken: Taken) -> HandedAnswer:
    shown = [
        {
            "id": one.id,
            "kind": one.kind.value,
            "number": one.number,
            "repeated": one.id not in taken.fresh,
            "url": f"{ROOT}/documents/{one.id}",
        }
        for one in taken.documents
    ]
    return HandedAnswer.model_validate(
        {"documents": shown, "warnings": taken.warnings, "note": taken.note}
    )


def _json(answer: BaseModel, *, status: int = 200) -> Response:
    return JSONResponse(answer.model_dump(mode="json"), status)


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
