"""Templates into pages: escaped, strict about what they name, with the words of the visitor's language."""

from __future__ import annotations

import hashlib
import re
from datetime import datetime
from functools import cache, partial
from importlib.resources import files
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from maild.reasons import Told, back_told, delivery_told, refusal_told, rule_in, said_in
from maild.web.visit import Visit
from maild.web.words import LANGUAGES

STATIC: Final = {
    "maild.css": "text/css",
    "maild.js": "text/javascript",
    "passkeys.js": "text/javascript",
    "maild.svg": "image/svg+xml",
}
_CODE: Final = re.compile(r"`([^`]+)`")
_A_YEAR: Final = "public, max-age=31536000, immutable"


def page(visit: Visit, template: str, *, status: int = 200, **values: object) -> HTMLResponse:
    """A page from `templates/`, which sees the visit, its words as `t`, and these values."""
    shown = {
        "visit": visit,
        "t": visit.words,
        "scope": visit.scope,
        "visitor": visit.visitor,
        "languages": LANGUAGES,
        "here": visit.request.url.path,
        "now": visit.app.access.sessions.now(),
        "told": partial(delivery_told, language=visit.language),
        "came_back": partial(back_told, language=visit.language),
        "spoken": lambda said: spoken(said, visit.language),
        "ruled": partial(rule_in, language=visit.language),
        "refused": partial(refusal_told, language=visit.language),
    }
    return HTMLResponse(_templates().get_template(template).render(shown | values), status)


def spoken(said: str | Told, language: str) -> Markup:
    """What maild says of itself, in the reader's language; what it has no words for is quoted."""
    told = said if isinstance(said, Told) else said_in(said, language)
    # What stands between backticks is to be typed as it is.
    words = Markup(_CODE.sub(r"<code>\1</code>", str(escape(told.words))))  # noqa: S704 - escaped
    quoted = Markup('<q lang="en">{}</q>').format(told.quoted) if told.quoted else Markup()
    return Markup(" ").join(one for one in (words, quoted) if one)


def static_url(name: str) -> str:
    """The address of a file of ours; it changes with its content, so browsers keep it for good."""
    return f"/static/{_static(name)[1]}/{name}"


async def static(request: Request) -> Response:
    """One of our files, by its name; those of another version are gone."""
    name, mark = str(request.path_params["name"]), str(request.path_params["mark"])
    if name not in STATIC or mark != _static(name)[1]:
        return Response(status_code=404)
    return Response(_static(name)[0], media_type=STATIC[name], headers={"Cache-Control": _A_YEAR})


@cache
def _static(name: str) -> tuple[bytes, str]:
    content = files("maild.web").joinpath("static", name).read_bytes()
    return content, hashlib.sha256(content).hexdigest()[:12]


@cache
def _templates() -> Environment:
    environment = Environment(
        loader=PackageLoader("maild.web", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["static"] = static_url
    environment.globals["moment"] = datetime.fromisoformat  # what JSON says of a time
    return environment
