"""Entries at Exact Online: looked up by our reference, made when they are not there. Once only.

Exact has no key that would keep a second entry out, so what was booked before is recognised by
journal, reference and party, and by what it comes to. Source: exact_online.md A4, uniqueness.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Final

from maild.connectors.exact_answers import Row, day, guid, moment, text
from maild.connectors.exact_api import Books
from maild.connectors.exact_booking import Booking
from maild.errors import DeliveryError, Doubtful, Refused

_SELECT: Final = "EntryID,EntryNumber,YourRef,AmountFC,EntryDate,Type,Document"
_CREDIT: Final = frozenset({21, 31})  # A4: the type of a credit note, which Exact finds itself


async def find(
    books: Books, booking: Booking, *, party: str, correction: bool = False
) -> Row | None:
    """The entry of a document that was booked before; None when there is none.

    Raises Refused when the same reference is booked with another amount, unless the document is a
    correction, which a person wants beside what was there.
    """
    where = (
        f"Journal eq {text(booking.journal)} and YourRef eq {text(booking.reference)}"
        f" and {booking.party} eq {guid(party)}"
    )
    rows = await books.rows(booking.entity, where=where, select=_SELECT)
    alike = [row for row in rows if _is_of_its_kind(row, booking)]
    for row in alike:
        if _amount(row) == abs(booking.total):
            return row
    if alike and not correction:
        raise _other_amount(books.division, booking, alike[0])
    return None


async def make(books: Books, booking: Booking, *, party: str, accounts: dict[str, str]) -> Row:
    """Book it; `accounts` are the keys of its G/L accounts by their codes.

    Where no answer came, what was booked after all. Raises Refused, Doubtful, Unavailable.
    """
    values = {
        **booking.values,
        "Journal": booking.journal,
        "YourRef": booking.reference,
        "EntryDate": day(booking.booked_on),
        booking.party: party,
        booking.lines_name: [
            {**line.values, "GLAccount": accounts[line.gl_account]} for line in booking.lines
        ],
    }
    try:
        return await books.create(booking.entity, values)
    except Doubtful as fault:
        try:
            found = await find(books, booking, party=party)
        except DeliveryError:
            raise fault from None
        if found is None:
            raise
        return found


def called(row: Row, booking: Booking, division: str) -> str:
    """An entry as people speak of it."""
    return f"entry {row.get('EntryNumber')} in journal {booking.journal} of division {division}"


def _is_of_its_kind(row: Row, booking: Booking) -> bool:
    """Whether it is an invoice or a credit note as ours is, of the same year: numbers start anew."""
    at = moment(row.get("EntryDate"))
    if isinstance(at, datetime) and at.year != booking.booked_on.year:
        return False
    kind, amount = row.get("Type"), _signed(row)
    if booking.total == 0 or (kind is None and amount is None):
        return True
    # Whether lines below zero make the type of a credit note is not known: the sign tells as well.
    credit = kind in _CREDIT or (amount is not None and amount < 0)
    return credit == (booking.total < 0)


def _amount(row: Row) -> Decimal | None:
    amount = _signed(row)
    return None if amount is None else abs(amount)


def _signed(row: Row) -> Decimal | None:
    try:
        return Decimal(str(row.get("AmountFC")))
    except InvalidOperation:
        return None


def _other_amount(division: str, booking: Booking, row: Row) -> Refused:
    return Refused(
        f"{booking.reference} is {called(row, booking, division)} already, with {row.get('AmountFC')}"
        f" where this document says {booking.total}; compare the two and book the difference in Exact"
        " Online"
    )
