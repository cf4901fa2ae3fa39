"""Exact Online: books a document, and lays its PDF and UBL beside the entry.

Each step is looked up before it is done, so a try that was cut short anywhere is completed by the
next one and nothing is there twice. How a document is booked is decided by the mapping
(`exact_booking`); what Exact answers is understood in `exact_api`.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Final

from maild.connectors import exact_entries, exact_files, exact_items, exact_partners
from maild.connectors.exact_answers import Row, text
from maild.connectors.exact_api import Books, ExactApi
from maild.connectors.exact_booking import Booking
from maild.connectors.relay import consigned
from maild.errors import DeliveryError, ProfileMismatch, Refused
from maild.model.delivery import Consignment, Parcel
from maild.model.said import Said

Cross = Callable[[], Awaitable[None]]
# A chart of accounts changes seldom, and who corrects it wants the next try to see that.
KNOWN_FOR: Final = timedelta(minutes=10)
_AT_ONCE: Final = 20  # codes in one question: addresses must not grow too long


class ExactConnector:
    """One [connector.exact.NAME]; a recipient's address is a division."""

    def __init__(
        self,
        api: ExactApi,
        *,
        booking: Callable[[Consignment], Booking],
        now: Callable[[], datetime],
    ) -> None:
        self.name = api.options.name
        self._api, self._booking, self._now = api, booking, now
        # One document at a time in a division: two of a new customer would make him twice.
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._known: dict[tuple[str, str, str], tuple[str, datetime]] = {}

    async def deliver(self, parcel: Parcel, *, point_of_no_return: Cross) -> str:
        """Book the document, or complete what an earlier try began; which entry it is.

        Raises ProfileMismatch when it cannot be booked as it is, and the faults of the port.
        """
        goods = consigned(parcel, connector=self.name)
        booking = self._booking(goods)
        async with self._turns[parcel.address]:
            work = _Work(self._api.books(parcel.address), goods, booking, cross=point_of_no_return)
            try:
                accounts = await self._keys(parcel.address, booking)
                return await work.done(accounts)
            except Refused:
                self._forget(parcel.address)
                raise

    async def check(self) -> None:
        """Whether Exact lets us in. Raises Unavailable, RoadClosed."""
        await self._api.me()

    async def close(self) -> None:
        """End kept connections. Safe to call twice."""
        await self._api.close()

    async def _keys(self, division: str, booking: Booking) -> dict[str, str]:
        """The keys of the G/L accounts of a booking by their codes. Raises ProfileMismatch."""
        codes = sorted({line.gl_account for line in booking.lines})
        entity = "financial/GLAccounts"
        unknown = [one for one in codes if self._key(division, entity, one) is None]
        for start in range(0, len(unknown), _AT_ONCE):
            asked = unknown[start : start + _AT_ONCE]
            where = " or ".join(f"Code eq {text(one)}" for one in asked)
            rows = await self._api.rows(division, entity, where=where, select="ID,Code")
            until = self._now() + KNOWN_FOR
            for row in rows:
                self._known[division, entity, str(row["Code"])] = (str(row["ID"]), until)
        found = {one: self._key(division, entity, one) for one in codes}
        if absent := [code for code, key in found.items() if key is None]:
            named = ", ".join(absent)
            english = (
                f"division {division} has no G/L account {named}; correct the accounts of"
                " the team's [team.NAME.exact], or add them in Exact Online, then release this"
            )
            said = Said("no_ledger_account", english, division=division, codes=named)
            raise ProfileMismatch(said)
        return {code: key for code, key in found.items() if key is not None}

    def _key(self, division: str, entity: str, code: str) -> str | None:
        key, until = self._known.get((division, entity, code), (None, self._now()))
        return key if until > self._now() else None

    def _forget(self, division: str) -> None:
        self._known = {key: one for key, one in self._known.items() if key[0] != division}


class _Work:
    """One document on its way into the books of one division."""

    def __init__(self, books: Books, goods: Consignment, booking: Booking, *, cross: Cross) -> None:
        self._books, self._goods, self._booking = books, goods, booking
        self._cross, self._crossed = cross, False

    async def done(self, accounts: dict[str, str]) -> str:
        """Everything that is missing; what there is then, in words."""
        books, booking = self._books, self._booking
        known = await exact_partners.find(books, booking.partner, purchase=booking.purchase)
        entry = None
        if known is not None:
            entry = await exact_entries.find(
                books,
                booking,
                party=str(known["ID"]),
                correction=self._goods.correction,
            )
        party = await self._partner(known)
        await self._items()
        was_there = entry is not None
        if entry is None:
            await self._before_writing()
            entry = await exact_entries.make(books, booking, party=party, accounts=accounts)
        called = exact_entries.called(entry, booking, books.division)
        try:
            files = await self._files(entry, party=party, was_there=was_there)
        except DeliveryError as fault:
            raise _half_done(fault, called) from fault
        return f"{called}{', booked before,' if was_there else ''} with its document and {files}"

    async def _partner(self, known: Row | None) -> str:
        """The key of the customer or supplier, who is there and may be booked on."""
        books, booking = self._books, self._booking
        if known is None:
            await self._before_writing()
            return str((await exact_partners.make(books, booking))["ID"])
        changes = exact_partners.changes(booking.partner, known, purchase=booking.purchase)
        if changes:
            await self._before_writing()
            await books.change(exact_partners.ENTITY, str(known["ID"]), values=changes)
        return str(known["ID"])

    async def _items(self) -> None:
        wanted = self._booking.items
        for start in range(0, len(wanted), _AT_ONCE):
            asked = wanted[start : start + _AT_ONCE]
            for one in await exact_items.absent(self._books, asked):
                await self._before_writing()
                await exact_items.make(self._books, one)

    async def _files(self, entry: Row, *, party: str, was_there: bool) -> str:
        books, booking = self._books, self._booking
        document, there = None, frozenset[str]()
        if was_there:
            document = await exact_files.find_document(books, booking, party=party, entry=entry)
        if document is None:
            await self._before_writing()
            document = await exact_files.make_document(books, booking, party=party, entry=entry)
        else:
            there = await exact_files.attached(books, document)
        missing = [file for file in self._goods.files if file.name not in there]
        if missing:
            await self._before_writing()
            await exact_files.attach(books, document, files=missing)
        count = len(self._goods.files)
        return f"{count} file{'' if count == 1 else 's'}"

    async def _before_writing(self) -> None:
        if not self._crossed:
            await self._cross()
            self._crossed = True


def _half_done(fault: DeliveryError, called: str) -> DeliveryError:
    """The same fault, which says what is booked already."""
    fault.reply = f"booked as {called}, but its document is not complete: {fault.reply}"
    fault.args = (fault.reply,)
    return fault
