"""Find documents and tell their fate: the JSON that every face shows, and the story behind it.

Reading only; what a person may change is the business of `maild.outbox.queue` and `maild.intake.review`.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Any

from maild.errors import UserError
from maild.model.delivery import Attempt, Delivery, State, Trace
from maild.model.document import Arrival, Document, File, Kind
from maild.model.returned import Return
from maild.store import deliveries, documents, readings, returns, senders
from maild.store.database import Database, Tx
from maild.store.waiting import waiting

# Deliveries in these states still want something: time, another try, or a person.
_OVER = frozenset({State.HANDED_OVER, State.CONFIRMED, State.CANCELLED})
OPEN_STATES = tuple(one for one in State if one not in _OVER)


@dataclass(frozen=True, slots=True)
class Records:
    """Questions about what is stored, answered as JSON-ready values."""

    db: Database
    now: Callable[[], datetime]

    async def list(
        self,
        *,
        team: str | None = None,
        kind: str | None = None,
        number: str | None = None,
        party: str | None = None,
        state: str | None = None,
        since: datetime | None = None,
        review: str | None = None,
        limit: int = 100,
    ) -> list[dict[str, Any]]:
        """Documents, newest first. Raises UserError for a kind or state that does not exist."""
        if kind is not None:
            one_of(kind, Kind, "kind")
        if state is not None:
            one_of(state, State, "state")

        def find(tx: Tx) -> list[dict[str, Any]]:
            found = documents.find(
                tx,
                team=team,
                kind=kind,
                number=number,
                party=party,
                state=state,
                since=since,
                review=review,
                limit=limit,
            )
            return [_document(tx, one, now=self.now()) for one in found]

        return await self.db.read(find)

    async def waiting(self, *, team: str | None = None) -> builtins.list[dict[str, Any]]:
        """The documents that wait for a person, newest first."""

        def find(tx: Tx) -> list[dict[str, Any]]:
            now, ids = self.now(), waiting(tx, team=team)
            return [_document(tx, documents.get(tx, one), now=now) for one in ids]

        return await self.db.read(find)

    async def senders(self, *, team: str | None = None) -> builtins.list[dict[str, Any]]:
        """The senders that a person let in."""
        found = await self.db.read(partial(senders.known, team=team))
        return [
            {"team": s.team, "sender": s.sender, "at": _instant(s.at), "document": s.document}
            for s in found
        ]

    async def show(self, document: str) -> dict[str, Any]:
        """One document with its story. Raises NotFound."""

        def look(tx: Tx) -> dict[str, Any]:
            shown = _document(tx, documents.get(tx, document), now=self.now())
            arrivals = [_arrival(one) for one in documents.arrivals_of(tx, document)]
            told = {"arrivals": arrivals, "story": _story(tx, document)}
            read = readings.of_document(tx, document)
            return shown | told | {"reading": read.shown() if read else None}

        return await self.db.read(look)

    async def deliveries(
        self,
        *,
        team: str | None = None,
        state: str | None = None,
        open_only: bool = False,
        limit: int = 100,
    ) -> builtins.list[dict[str, Any]]:
        """Deliveries, newest first; `open_only` leaves out what is handed over or ended."""
        if state is not None:
            one_of(state, State, "state")
        wanted: tuple[str | None, ...] = OPEN_STATES if open_only else (state,)

        def find(tx: Tx) -> list[dict[str, Any]]:
            found = [
                one
                for each in wanted
                for one in deliveries.find(tx, team=team, state=each, limit=limit)
            ]
            newest = sorted(found, key=lambda one: one.id, reverse=True)[:limit]
            return deliveries_json(tx, newest, now=self.now())

        return await self.db.read(find)

    async def delivery(self, delivery: str) -> dict[str, Any]:
        """One delivery with its attempts. Raises NotFound."""

        def look(tx: Tx) -> dict[str, Any]:
            return deliveries_json(tx, [deliveries.get(tx, delivery)], now=self.now())[0]

        return await self.db.read(look)

    async def counts(self, team: str | None = None) -> dict[str, int]:
        """How many deliveries stand in each state."""
        return await self.db.read(partial(deliveries.counts, team=team))


def one_of(value: str, among: type[Kind | State], what: str) -> None:
    """Check a word that a person typed. Raises UserError naming the words that exist."""
    if value not in set(among):
        raise UserError(f'"{value}" is no {what}; there are {", ".join(among)}')


def _document(tx: Tx, document: Document, *, now: datetime) -> dict[str, Any]:
    shown = document_json(document, trace=documents.trace_of(tx, document.id), of_it=())
    found = deliveries.of_document(tx, document.id)
    return shown | {"deliveries": deliveries_json(tx, found, now=now)}


def deliveries_json(tx: Tx, found: Sequence[Delivery], *, now: datetime) -> list[dict[str, Any]]:
    """Deliveries with what came back about each, and until when a connector keeps them waiting."""
    back = returns.of_deliveries(tx, [one.id for one in found])
    rests = deliveries.paused(tx, now)
    return [
        delivery_json(one, returned=back[one.id]) | {"waits": _waits(one, rests.get(one.via))}
        for one in found
    ]


def _waits(one: Delivery, rest: tuple[datetime, str] | None) -> dict[str, str | None] | None:
    """Until when its connector rests, and why; None when that keeps nobody waiting."""
    if rest is None or one.state not in {State.QUEUED, State.UNCERTAIN}:
        return None
    return {"until": _instant(rest[0]), "reason": rest[1]}


def _story(tx: Tx, document: str) -> list[dict[str, Any]]:
    """Everything that happened to a document, oldest first; attempts stand with their deliveries."""
    told: list[dict[str, Any]] = [
        {
            "at": _instant(arrival.received_at),
            "event": "arrival",
            "detail": " ".join(
                filter(
                    None,
                    (
                        f"by {arrival.door}",
                        f"from {arrival.sender}" if arrival.sender else None,
                        f"to {arrival.recipient}" if arrival.recipient else None,
                        f"({arrival.size} bytes, sha256 {arrival.original})",
                    ),
                )
            ),
        }
        for arrival in documents.arrivals_of(tx, document)
    ]
    addresses = {one.id: one.address for one in deliveries.of_document(tx, document)}
    told += [
        {
            "at": _instant(event.at),
            "event": event.event,
            "detail": ": ".join(filter(None, (addresses.get(event.delivery or ""), event.detail))),
        }
        for event in documents.events_of(tx, document)
    ]
    return sorted(told, key=lambda one: str(one["at"]))


def document_json(
    document: Document, *, trace: Sequence[Trace], of_it: Sequence[Delivery]
) -> dict[str, Any]:
    """A document as every face shows it; amounts are decimal strings, instants ISO 8601 UTC."""
    return {
        "id": document.id,
        "team": document.team,
        "kind": document.kind.value,
        "direction": document.direction.value if document.direction else None,
        "number": document.number,
        "issued_on": _day(document.issued_on),
        "counterparty": {"name": document.counterparty.name, "vat": document.counterparty.vat},
        "total": f"{document.total.value:f}" if document.total else None,
        "currency": document.total.currency if document.total else None,
        "accepted_at": _instant(document.accepted_at),
        "review": document.review,
        "correction_of": document.correction_of,
        "files": [_file(one) for one in document.files],
        "trace": [{"rule": one.rule, "hit": one.hit, "reason": one.reason} for one in trace],
        "deliveries": [delivery_json(one) for one in of_it],
    }


def delivery_json(delivery: Delivery, *, returned: Sequence[Return] = ()) -> dict[str, Any]:
    """A delivery as every face shows it."""
    return {
        "id": delivery.id,
        "team": delivery.team,
        "purpose": delivery.purpose.value,
        "document": delivery.document,
        "recipient": delivery.recipient,
        "address": delivery.address,
        "connector": delivery.via,
        "profile": delivery.profile,
        "attach": [one.value for one in delivery.attach],
        "state": delivery.state.value,
        "reason": delivery.reason,
        "hold_code": delivery.hold_code and delivery.hold_code.value,
        "not_before": _instant(delivery.not_before),
        "message_id": delivery.message_id,
        "message_sha256": delivery.message,
        "attempts": [_attempt(one) for one in delivery.attempts],
        "returns": [_return(one) for one in returned],
    }


def _return(one: Return) -> dict[str, Any]:
    return {
        "source": one.source,
        "at": _instant(one.at),
        "kind": one.sort.value,
        "action": one.action.value,
        "recipient": one.recipient,
        "status": one.status,
        "diagnostic": one.diagnostic,
        "reason": one.reason,
        "sha256": one.original,
    }


def _attempt(attempt: Attempt) -> dict[str, Any]:
    return {
        "n": attempt.n,
        "started_at": _instant(attempt.started_at),
        "ended_at": _instant(attempt.ended_at),
        "outcome": attempt.outcome.value,
        "reply": attempt.reply,
    }


def _file(file: File) -> dict[str, Any]:
    return {
        "role": file.role.value,
        "name": file.name,
        "media_type": file.media_type,
        "size": file.size,
        "sha256": file.sha256,
        "made": file.made,
    }


def _arrival(arrival: Arrival) -> dict[str, Any]:
    return {
        "id": arrival.id,
        "door": arrival.door,
        "received_at": _instant(arrival.received_at),
        "sender": arrival.sender,
        "recipient": arrival.recipient,
        "subject": arrival.subject,
        "message_id": arrival.message_id,
        "size": arrival.size,
        "sha256": arrival.original,
    }


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _instant(at: datetime | None) -> str | None:
    return at.isoformat().replace("+00:00", "Z") if at else None
