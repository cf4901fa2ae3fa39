"""[connector.http.NAME] and [connector.codabox.NAME]: how somebody's API is spoken to, as tables.

Templates are plain: `{number}` stands for a value of a fixed list and nothing is computed. What is
called, and what an answer means to the outbox, is `connectors/http_map.py`'s business.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, Final, Literal
from urllib.parse import quote

from pydantic import AfterValidator, Field, model_validator

from maild.config.section import NonEmpty, Section
from maild.config.values import Duration, Endpoint, MaybePath
from maild.errors import did_you_mean

# What a template may name, and what it stands for.
VALUES: Final[Mapping[str, str]] = {
    "reference": "our id of the document, the same at every try",
    "number": "the number of the document",
    "kind": 'its kind, such as "invoice"',
    "issued_on": "its date, 2026-03-01",
    "year": "the year of its date",
    "total": "what is to be paid, 121.00",
    "currency": "its currency, EUR",
    "seller_vat": "the VAT number of who issued it",
    "buyer_vat": "the VAT number of who gets it",
    "buyer": "the name of who gets it",
    "team": "the team's name in the configuration",
    "address": "the recipient's address",
    "file": "the name of the file that is sent",
    "sha256": "the SHA-256 of its UBL",
    "pdf": "its PDF in base64",
    "ubl": "its UBL in base64",
    "id": "what it is called there, in poll.path",
}
_NAMED: Final = re.compile(r"\{([^{}]*)\}")
_HEADER: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")  # RFC 9110 section 5.6.2
Escape = Literal["path", "json", "plain"]


def fill(template: str, values: Mapping[str, str], *, escape: Escape = "plain") -> str:
    """A template with its values; each is escaped for where it goes. Unknown names stay empty."""
    ways = {"path": _for_a_step, "json": _for_json, "plain": _for_a_line}
    return _NAMED.sub(lambda found: ways[escape](values.get(found[1], "")), template)


def _for_a_step(text: str) -> str:
    # One that is nothing but dots would lead to another place.
    return quote(text, safe="") if text.strip(".") else "%2E" * len(text)


def _for_json(text: str) -> str:
    # Between the quotation marks that the template has.
    return "".join(
        f"\\u{ord(char):04x}" if char < " " or char in '"\\' or char == "\x7f" else char
        for char in text
    )


def _for_a_line(text: str) -> str:
    return re.sub(r"[\x00-\x1f\x7f\u2028\u2029]+", " ", text)


def _template(value: str) -> str:
    # A template of JSON has braces of its own: what has spaces, quotes or line ends in it is those.
    for name in _NAMED.findall(value):
        if re.fullmatch(r"[\w-]*", name) and name not in VALUES:
            raise ValueError(
                f"there is no value {{{name}}}{did_you_mean(name, VALUES)}; known are "
                + ", ".join(VALUES)
            )
    return value


def _path(value: str) -> str:
    if value.startswith("/") or "://" in value or ".." in value:
        raise ValueError(f'"{value}" is no path below url; write one such as "invoices/{{number}}"')
    return _template(value)


def _pointer(value: str) -> str:
    if value and not value.startswith("/"):
        raise ValueError(f'"{value}" is no JSON pointer (RFC 6901); write one such as "/data/id"')
    return value


def _status(value: int) -> int:
    if not 200 <= value <= 599:
        raise ValueError(f"{value} is no status of an answer; it has three digits, from 200 to 599")
    return value


def _check_headers(headers: Mapping[str, str]) -> None:
    for name, value in headers.items():
        if not _HEADER.fullmatch(name):
            raise ValueError(f'"{name}" cannot be the name of a header')
        if not value.isascii() or not value.isprintable():
            raise ValueError(f"the header {name} has characters that a header cannot have")


Template = Annotated[str, AfterValidator(_template)]
PathTemplate = Annotated[str, AfterValidator(_path)]
Pointer = Annotated[str, AfterValidator(_pointer)]
Statuses = tuple[Annotated[int, AfterValidator(_status)], ...]


class HttpPart(Section):
    """A part of a multipart body: a file, or a text."""

    name: NonEmpty
    content: Literal["ubl", "pdf", "text"]
    filename: Template = "{file}"
    media_type: str = ""
    text: Template = ""


class HttpMatch(Section):
    """An answer that says something: its status, and what stands in its JSON, where that is asked."""

    status: Annotated[int, AfterValidator(_status)]
    at: Pointer = ""
    contains: str = ""


class HttpSend(Section):
    """The call that hands a document over, and what its answers mean."""

    method: Literal["POST", "PUT"] = "POST"
    path: PathTemplate = ""
    body: Literal["multipart", "raw", "json"] = "multipart"
    parts: tuple[HttpPart, ...] = (HttpPart(name="file", content="ubl"),)
    content: Literal["ubl", "pdf"] = "ubl"
    template: Template = ""
    headers: dict[str, Template] = Field(default_factory=dict)
    success: Statuses = (200, 201, 202)
    id: Pointer = ""
    state: Pointer = ""
    rejected: tuple[NonEmpty, ...] = ()
    error: Pointer = ""
    duplicate: tuple[HttpMatch, ...] = ()
    permanent: Statuses = ()
    transient: Statuses = ()

    @model_validator(mode="after")
    def _whole(self) -> HttpSend:
        _check_headers(self.headers)
        if self.body == "json" and not self.template:
            raise ValueError('body = "json" needs its template')
        if self.body == "multipart" and not self.parts:
            raise ValueError('body = "multipart" needs its parts')
        if self.rejected and not self.state:
            raise ValueError("rejected names states, and state does not say where they stand")
        both = set(self.permanent) & set(self.transient) or set(self.success) & {
            *self.permanent,
            *self.transient,
        }
        if both:
            raise ValueError(f"status {min(both)} stands in two lists; it can mean one thing only")
        return self


class HttpFind(Section):
    """The call that looks a document up before it is sent: it is there when `found` is."""

    path: PathTemplate = ""
    found: Pointer = ""

    @model_validator(mode="after")
    def _whole(self) -> HttpFind:
        if bool(self.path) != bool(self.found):
            raise ValueError(
                "path and found belong together: what is asked, and where the answer is"
            )
        return self


class HttpPoll(Section):
    """The call that asks what became of a document that was taken; `{id}` is what it is called there."""

    path: PathTemplate = ""
    state: Pointer = ""
    done: tuple[NonEmpty, ...] = ()
    failed: tuple[NonEmpty, ...] = ()
    error: Pointer = ""
    every: Duration = timedelta(minutes=5)

    @model_validator(mode="after")
    def _whole(self) -> HttpPoll:
        if self.path and not (self.state and self.done and self.failed):
            raise ValueError(
                "path needs state, done and failed: where the state is, and how it ends"
            )
        return self


class HttpConnector(Section):
    """[connector.http.NAME]: a service that takes documents by calls that the tables describe."""

    url: Endpoint = Field(min_length=1)
    headers: dict[str, Template] = Field(default_factory=dict)
    auth: Literal["none", "basic", "bearer", "oauth2"] = "none"
    username: str = ""
    password_file: MaybePath = None
    token_file: MaybePath = None
    sign_file: MaybePath = None
    token_url: Endpoint = ""
    scope: str = ""
    cert_file: MaybePath = None
    key_file: MaybePath = None
    ca_file: MaybePath = None
    check: PathTemplate = ""
    connections: int = Field(default=1, ge=1, le=10)
    uncertain: Literal["auto", "retry", "hold"] = "auto"
    send: HttpSend = HttpSend()
    find: HttpFind = HttpFind()
    poll: HttpPoll = HttpPoll()

    @model_validator(mode="after")
    def _whole(self) -> HttpConnector:
        _check_headers(self.headers)
        wanted: dict[str, tuple[Any, ...]] = {
            "none": (),
            "basic": (self.username, self.password_file),
            "bearer": (self.token_file,),
            "oauth2": (self.username, self.password_file, self.token_url),
        }
        names = {
            "basic": "username and password_file",
            "bearer": "token_file",
            "oauth2": "username and password_file (the client's id and secret) and token_url",
        }
        if not all(wanted[self.auth]):
            raise ValueError(f'auth = "{self.auth}" needs {names[self.auth]}')
        if (self.cert_file is None) != (self.key_file is None):
            raise ValueError("cert_file and key_file belong together; give both or none")
        if self.sign_file and self.send.body == "multipart":
            raise ValueError(
                'sign_file signs a body that is one piece: send.body = "json" or "raw"'
            )
        if not self.send.path:
            raise ValueError("send.path is empty: where documents are sent to, below url")
        check_poll(self.send, self.poll)
        return self


def check_poll(send: HttpSend, poll: HttpPoll) -> None:
    """Raise ValueError when nobody would know what to ask about."""
    if poll.path and not send.id:
        raise ValueError("poll.path asks by {id}, and send.id does not say where that stands")


def holds_doubts(send: HttpSend, find: HttpFind, uncertain: str) -> bool:
    """Whether a person decides about what may have arrived.

    What can be looked up, or is known again by the other side's refusal, goes again by itself.
    """
    if uncertain == "auto":
        return not (find.path or send.duplicate)
    return uncertain == "hold"
