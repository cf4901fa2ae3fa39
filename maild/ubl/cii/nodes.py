"""The few moves that reading CII needs: steps by local name, and its numbers, amounts and dates.

Names are matched without their namespace's version, since ZUGFeRD 1.0, 2.x and Factur-X differ in
it; where an element changed its name too, a step gives both: "A|B". Source: UN/CEFACT D16B; FeRD,
ZUGFeRD 1.0 and 2.x.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from functools import cache

from maild.model.money import Amount
from maild.model.party import Identifier
from maild.ubl.values import Sheet, decimal, iso_date, quoted
from maild.ubl.xml import Element, attribute
from maild.ubl.xml import text as own_text

# What the namespaces of both generations begin with; anything else in the tree is not ours to read.
_OURS = ("urn:un:unece:uncefact:", "urn:ferd:")

# UNTDID 2379: 102 is CCYYMMDD, 203 the same with a time; "2018-03-05T00:00:00" stands in ZUGFeRD 1.0.
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})(?:\d{4})?", re.ASCII)
_WITH_TIME = re.compile(r"(\d{4}-\d{2}-\d{2})T[\d:.]+(?:Z|[+-]\d{2}:\d{2})?", re.ASCII)


@cache
def _names(step: str) -> frozenset[str]:
    return frozenset(step.split("|"))


def local(at: Element) -> str:
    """The element's name without its namespace; empty when it belongs to another vocabulary."""
    namespace, brace, name = str(at.tag).rpartition("}")
    return name if brace and namespace[1:].startswith(_OURS) else ""


def children(at: Element | None, step: str) -> Iterator[Element]:
    """All children of that name, in document order."""
    if at is not None:
        names = _names(step)
        yield from (one for one in at.iterchildren() if local(one) in names)


def child(at: Element | None, path: str) -> Element | None:
    """The first element at a path of names below `at`; None if any step is missing."""
    for step in path.split("/"):
        at = next(children(at, step), None)
    return at


def text(at: Element | None, path: str) -> str | None:
    """The text at a path, without the white space around it; None when absent or empty."""
    return own_text(child(at, path))


def identifier(at: Element | None, path: str) -> Identifier | None:
    """The identifier at a path with its scheme; None when absent or empty."""
    found = child(at, path)
    value = own_text(found)
    return Identifier(value, attribute(found, "schemeID")) if value else None


def number(sheet: Sheet, at: Element | None, path: str, *, term: str) -> Decimal | None:
    """The number at a path; a problem when there is text that is no number. Empty is absent."""
    said = text(at, path)
    if said is None:
        return None
    value = decimal(said)
    if value is None:
        words = "is no number; digits with a dot before the decimals are expected"
        sheet.note("format.number", term, f'"{quoted(said)}" {words}')
    return value


def amount(sheet: Sheet, at: Element | None, path: str, *, term: str) -> Amount | None:
    """The amount at a path. CII leaves its currency to the document, but for BT-110 and BT-111."""
    value = number(sheet, at, path, term=term)
    if value is None:
        return None
    return Amount(value, attribute(child(at, path), "currencyID") or sheet.currency)


def day(sheet: Sheet, at: Element | None, path: str, *, term: str) -> date | None:
    """The date at a path, in whichever of the forms; a problem when there is text that is no date."""
    found = child(at, path)
    inner = child(found, "DateTimeString|DateString|DateTime|Date")
    said = own_text(found if inner is None else inner)
    if said is None:
        return None
    value = iso_date(_as_iso(said))
    if value is None:
        sheet.note("format.date", term, f'"{quoted(said)}" is no date; 20260131 is expected')
    return value


def _as_iso(said: str) -> str:
    if match := _COMPACT.fullmatch(said):
        return f"{match[1]}-{match[2]}-{match[3]}"
    match = _WITH_TIME.fullmatch(said)
    return match[1] if match else said
