"""The figures of a purchase that is only a page: what was read, what else it could be, and what is right.

The page stands beside the form. Every candidate is one click; what is typed counts before it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, get_args

from starlette.responses import Response

from maild.errors import NotFound
from maild.partners.figuring import Figured, Unsaid, as_text
from maild.partners.handling import Always
from maild.web.pages import page
from maild.web.routes import Page, Who
from maild.web.visit import Visit, go

_KEYS: Final = (
    "doc_type",
    "invoice_number",
    "issue_date",
    "due_date",
    "supplier_name",
    "supplier_vat",
    "iban",
    "currency",
    "net_total",
    "vat_total",
    "gross_total",
    "amount_due",
    "exemption_reason",
    "structured_communication",
)
_ALWAYS: Final[Mapping[str, Always]] = {one: one for one in get_args(Always)}
_LONGEST: Final = 300


@dataclass(frozen=True, slots=True)
class Line:
    """A figure on the form: what it is, how sure, and what else it could be."""

    key: str
    value: str
    verdict: str
    page: int | None
    others: tuple[str, ...]


async def show(visit: Visit) -> Response:
    """The form."""
    return await _form(visit, await visit.app.figuring.look(visit.scope, visit.path("id")))


async def decide(visit: Visit) -> Response:
    """Take the figures, pass the page on without them, or keep it here."""
    id_, verdict = visit.path("id"), visit.field("verdict")
    seen = await visit.app.figuring.look(visit.scope, id_)
    always = _ALWAYS.get(visit.field("always") or "once")
    if verdict not in {"confirmed", "file", "rejected"} or always is None:
        raise NotFound("there is no such answer")
    said = _said(visit, seen)
    try:
        if verdict == "rejected":
            await visit.app.figuring.reject(visit.scope, id_, place=visit.place)
        else:
            await visit.app.figuring.confirm(
                visit.scope,
                id_,
                said,
                as_file=verdict == "file",
                always=always,
                place=visit.place,
            )
    except Unsaid as fault:
        return await _form(visit, seen, said=said, wrong=fault)
    return go(f"/documents/{id_}")


async def _form(
    visit: Visit,
    seen: Figured,
    *,
    said: Mapping[str, str] | None = None,
    wrong: Unsaid | None = None,
) -> Response:
    return page(
        visit,
        "figures.html",
        status=422 if wrong else 200,
        team=visit.app.browsing.team(visit.scope, seen.document.team),
        document=seen.document,
        seen=seen,
        lines=[_line(key, seen.fields[key], said) for key in _KEYS],
        faults=wrong.faults if wrong else (),
        keys=_KEYS,
        owns=seen.document.team in visit.scope.owns,
    )


def _line(key: str, field: Mapping[str, Any], said: Mapping[str, str] | None) -> Line:
    read = as_text(field["value"])
    value = read if said is None else said.get(key, read)
    candidates = [read, *(str(one) for one in field["others"])]
    others = tuple(one for one in dict.fromkeys(candidates) if one and one != value)
    return Line(key, value, field["verdict"], field["page"], others)


def _said(visit: Visit, seen: Figured) -> dict[str, str]:
    """What the form says; a strange account only when somebody says that he asked about it."""
    said = {}
    for key in _KEYS:
        if key not in visit.form:
            continue
        chosen = visit.field(f"other.{key}", longest=_LONGEST)
        said[key] = chosen or visit.field(key, longest=_LONGEST)
    if seen.strange and not visit.field("asked"):
        said.pop("iban", None)
    return said


PAGES: Final = (
    Page("GET", "/documents/{id}/figures", Who.PERSON, show),
    Page("POST", "/documents/{id}/figures", Who.PERSON, decide),
)
