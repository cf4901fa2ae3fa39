"""Customers and suppliers at Exact Online: found by what is known of them, made when there are none.

What a bookkeeper wrote there stays: only what is empty is filled in. Source: exact_online.md A4
(a debtor must be a customer, a creditor a supplier) and A7 (crm/Accounts).
"""

from __future__ import annotations

import re
from typing import Any, Final

from maild.connectors.exact_answers import Row, code, text
from maild.connectors.exact_api import Books
from maild.connectors.exact_booking import Booking, Partner
from maild.errors import DeliveryError, Doubtful, ProfileMismatch
from maild.model.said import Said

ENTITY: Final = "crm/Accounts"
CUSTOMER: Final = "C"
_SELECT: Final = "ID,Code,Name,VATNumber,ChamberOfCommerce,Status,IsSupplier,Email"


async def find(books: Books, partner: Partner, *, purchase: bool) -> Row | None:
    """The account of a partner; None when there is none.

    Raises ProfileMismatch when there are several and nothing tells which.
    """
    rows = await books.rows(ENTITY, where=_where(partner), select=_SELECT)
    for fits in (_by_code, _by_vat, _by_enterprise, _by_name):
        found = [row for row in rows if fits(partner, row)]
        if len(found) > 1:
            found = [row for row in found if not missing(row, purchase=purchase)] or found
        if len(found) > 1:
            raise _several(books.division, partner, found)
        if found:
            return found[0]
    return None


def missing(row: Row, *, purchase: bool) -> dict[str, Any]:
    """What an account lacks before something can be booked on it."""
    if purchase:
        return {} if row.get("IsSupplier") else {"IsSupplier": True}
    return {} if row.get("Status") == CUSTOMER else {"Status": CUSTOMER}


def changes(partner: Partner, row: Row, *, purchase: bool) -> dict[str, Any]:
    """What is to be written into an account that is there: what it lacks, and what is empty."""
    filled = {
        name: value
        for name in ("VATNumber", "ChamberOfCommerce", "Email")
        if (value := partner.values.get(name)) and not row.get(name)
    }
    return missing(row, purchase=purchase) | filled


async def make(books: Books, booking: Booking) -> Row:
    """A new account; where no answer came, the one that was made after all. Raises Doubtful."""
    partner = booking.partner
    own = {"IsSupplier": True} if booking.purchase else {"Status": CUSTOMER}
    try:
        return await books.create(ENTITY, {**partner.values, **own})
    except Doubtful as fault:
        try:
            found = await find(books, partner, purchase=booking.purchase)
        except (DeliveryError, ProfileMismatch):
            raise fault from None
        if found is None:
            raise
        return found


def _where(partner: Partner) -> str:
    """One question for everything by which he may be known: calls are counted."""
    asked = [f"Code eq {code(partner.code)}"] if partner.code else []
    asked += [f"VATNumber eq {text(one)}" for one in _forms(partner.vat)]
    asked += [f"ChamberOfCommerce eq {text(one)}" for one in _forms(partner.enterprise)]
    return " or ".join(asked or [f"Name eq {text(partner.name)}"])


def _forms(number: str) -> list[str]:
    """A number as it is, and with the points that Belgians write in theirs."""
    if not number:
        return []
    found = re.fullmatch(r"(BE)?([01][0-9]{3})([0-9]{3})([0-9]{3})", number)
    if found is None:
        return [number]
    country, *parts = found.groups(default="")
    pointed = ".".join(parts)
    return [number, *([f"BE {pointed}", f"BE{pointed}"] if country else [pointed])]


def _by_code(partner: Partner, row: Row) -> bool:
    return bool(partner.code) and row.get("Code") == partner.code


def _by_vat(partner: Partner, row: Row) -> bool:
    return bool(partner.vat) and _plain(row.get("VATNumber")) == partner.vat


def _by_enterprise(partner: Partner, row: Row) -> bool:
    return bool(partner.enterprise) and _plain(row.get("ChamberOfCommerce")) == partner.enterprise


def _by_name(partner: Partner, row: Row) -> bool:
    known = partner.code or partner.vat or partner.enterprise
    return not known and row.get("Name") == partner.name


def _plain(number: object) -> str:
    return re.sub(r"[^0-9A-Za-z]", "", str(number or "")).upper()


def _several(division: str, partner: Partner, found: list[Row]) -> ProfileMismatch:
    codes = ", ".join(str(row.get("Code")) for row in found)
    english = (
        f"division {division} has several accounts that are {partner.name} (codes {codes}); merge them"
        " in Exact Online, then release this"
    )
    return ProfileMismatch(
        Said("several_relations", english, division=division, name=partner.name or "", codes=codes)
    )
