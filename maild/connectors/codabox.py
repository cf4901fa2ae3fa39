"""Hands sales invoices and credit notes to CodaBox: each number once, by date, year after year.

How the upload goes is the operator's table (`send`), since CodaBox tells it to its partners only;
what is known of its rules is kept here: one number once, and no more of last year after the first
invoice of this one (codabox_and_peppol.md B2, as packages that use it report).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection
from datetime import date, timedelta
from typing import Final, Protocol

from maild.config.codabox import UPLOAD_WANTED
from maild.config.http_map import HttpPoll, HttpSend, fill
from maild.connectors.codabox_api import Api, Denied, NotLetIn
from maild.connectors.codabox_keys import Keys
from maild.connectors.http_call import Once
from maild.connectors.http_map import Fate, fate_of, verdict
from maild.connectors.http_values import body_of, values_of
from maild.connectors.relay import consigned
from maild.errors import ConsentNeeded, ProfileMismatch, RoadClosed
from maild.model.delivery import Consignment, Parcel
from maild.model.said import Said

_SECOND: Final = timedelta(seconds=1)
_LONGEST_TURN: Final = timedelta(minutes=10)


class Waiting(Protocol):
    """Documents that have to go first: how many, and some of them as (delivery, number, state)."""

    @property
    def count(self) -> int: ...  # noqa: D102 - the fields of `maild.store.order.Ahead`
    @property
    def shown(self) -> tuple[tuple[str, str, str], ...]: ...  # noqa: D102 - the same


class Order(Protocol):
    """What went before a document, and what has to: `maild.store.order.Order`."""

    async def ahead(
        self, via: str, team: str, *, before: date, held: bool, besides: str
    ) -> Waiting:
        """What is dated before a day and has not gone yet."""
        ...

    async def went(self, via: str, team: str, *, document: str, besides: str) -> str | None:
        """The delivery by which the document went before."""
        ...

    async def went_as(
        self, via: str, team: str, *, number: str, kinds: Collection[str], besides: str
    ) -> str | None:
        """The delivery by which another document of that number went."""
        ...


class CodaboxConnector:
    """CodaBox, for every team that is connected to it."""

    def __init__(
        self,
        name: str,
        api: Api,
        *,
        send: HttpSend,
        poll: HttpPoll,
        keys: Keys,
        order: Order,
        teams: Teams,
    ) -> None:
        self.name = name
        self._api, self._send, self._keys, self._order = api, send, keys, order
        self._poll, self._teams = poll, teams

    async def deliver(
        self, parcel: Parcel, *, point_of_no_return: Callable[[], Awaitable[None]]
    ) -> str:
        """Hand an invoice over; the answer in words.

        Raises RoadClosed when it is not its turn or the team is not let in, ProfileMismatch when its
        number went before, and the faults of ports.Connector.
        """
        goods = consigned(parcel, connector=self.name)
        if not self._send.path:
            raise ProfileMismatch(f"connector {self.name} cannot send: {UPLOAD_WANTED}")
        if went := await self._went(parcel, goods):
            return f"CodaBox has it since delivery {went}, and takes an invoice once"
        await self._wait_for_its_turn(parcel, goods)
        login = await self._keys.login(goods.team.slug)
        values = values_of(parcel, goods)
        body = await asyncio.to_thread(body_of, self._send, goods, values)
        answer = await self._api.send(
            self._send.method,
            fill(self._send.path, values, escape="path"),
            login=login,
            headers=body.headers,
            body=body.options,
            cross=Once(point_of_no_return),
        )
        if answer.status in {401, 403} and answer.status not in self._send.permanent:
            raise await self._keys.refused(goods.team.slug, answer.words(self._send.error))
        return verdict(answer, self._send, looked_up=False)

    async def fate(self, called: str, team: str) -> Fate | None:
        """What became of an invoice, by what CodaBox calls it; None: not yet known.

        Raises RoadClosed, Unavailable.
        """
        path = fill(self._poll.path, {"id": called, "team": team}, escape="path")
        return fate_of(await self._api.get(path, login=await self._keys.login(team)), self._poll)

    async def check(self) -> None:
        """Whether CodaBox answers, and lets every connected team in. Raises Unavailable."""
        troubles = []
        for team in self._teams():
            try:
                await self._api.look(await self._keys.login(team))
            except NotLetIn as fault:
                troubles.append((await self._keys.refused(team, str(fault))).reply)
            except RoadClosed as fault:
                troubles.append(fault.reply)
            except Denied as fault:
                troubles.append(f"{team}: {fault}")
        if troubles:
            raise ConsentNeeded("; ".join(troubles))
        if not self._teams():
            await self._reach()

    async def close(self) -> None:
        """Nothing is kept open."""

    async def _reach(self) -> None:
        try:
            await self._api.credentials("is-anybody-there")
        except Denied:
            return

    async def _went(self, parcel: Parcel, goods: Consignment) -> str | None:
        """The delivery by which this document went. Raises ProfileMismatch for another's number."""
        document, team = goods.document, goods.team.slug
        went = await self._order.went(
            self.name, team, document=document.id, besides=parcel.delivery
        )
        if went or not document.number:
            return went
        other = await self._order.went_as(
            self.name,
            team,
            number=document.number,
            kinds=[document.kind.value],
            besides=parcel.delivery,
        )
        if other:
            english = (
                f"{document.number} went to CodaBox with other content (delivery {other}), which takes"
                " a number once: tell the office of the change by hand, and cancel this delivery"
            )
            number = document.number or ""
            raise ProfileMismatch(Said("codabox_took", english, number=number, delivery=other))
        return None

    async def _wait_for_its_turn(self, parcel: Parcel, goods: Consignment) -> None:
        day = goods.document.issued_on
        if day is None:
            english = (
                f"document {goods.document.id} has no date, and CodaBox takes invoices by date"
            )
            raise ProfileMismatch(Said("codabox_date", english))
        year = await self._ahead(parcel, goods, before=date(day.year, 1, 1), held=True)
        if year.count:
            raise RoadClosed(
                f"{_so_many(year)} of an earlier year must go to CodaBox first, since it closes a year"
                f" at the first invoice of the next: {_named(year)}. Release or cancel what is held",
                retry_after=_turn(year),
            )
        day_before = await self._ahead(parcel, goods, before=day, held=False)
        if day_before.count:
            raise RoadClosed(
                f"{_so_many(day_before)} of an earlier day go first: {_named(day_before)}",
                retry_after=_turn(day_before),
            )

    async def _ahead(
        self, parcel: Parcel, goods: Consignment, *, before: date, held: bool
    ) -> Waiting:
        return await self._order.ahead(
            self.name, goods.team.slug, before=before, held=held, besides=parcel.delivery
        )


Teams = Callable[[], Collection[str]]


def _turn(waiting: Waiting) -> timedelta:
    # As long as those that go first need at about one a second, so that nobody asks in vain.
    return min(max(waiting.count, 1) * _SECOND, _LONGEST_TURN)


def _so_many(waiting: Waiting) -> str:
    return "1 document" if waiting.count == 1 else f"{waiting.count} documents"


def _named(waiting: Waiting) -> str:
    words = [
        f"{number or 'one without a number'} ({one}, {state})"
        for one, number, state in waiting.shown
    ]
    more = waiting.count - len(words)
    return ", ".join(words) + (f" and {more} more" if more > 0 else "")
