"""Model values to rows and back. Nothing here asks the database."""

from __future__ import annotations

import json
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from maild.model.delivery import (
    Attempt,
    Delivery,
    HoldCode,
    Letter,
    Outcome,
    Purpose,
    State,
    Trace,
)
from maild.model.document import Arrival, Counterparty, Direction, Document, File, Kind, Role
from maild.model.money import Amount
from maild.model.said import Said, from_json, to_json
from maild.model.team import Attach

_ARRIVAL = tuple(Arrival.__dataclass_fields__)
# The fields of a delivery that a row holds as they are.
_PLAIN = tuple(
    name
    for name in Delivery.__dataclass_fields__
    if name not in {"purpose", "attach", "state", "hold_code", "letter", "attempts"}
)


def of_arrival(arrival: Arrival) -> dict[str, Any]:
    """The row of an arrival."""
    return {name: getattr(arrival, name) for name in _ARRIVAL}


def to_arrival(row: Any) -> Arrival:
    """The arrival of a row."""
    return Arrival(**{name: getattr(row, name) for name in _ARRIVAL})


def of_trace(trace: Iterable[Trace]) -> str:
    """What the rules said, as a column holds it: a JSON list of [rule, hit, reason].

    A reason with a code comes behind an empty one; an index looks for `", true, "` (`schema.unruled`).
    """
    return json.dumps([[one.rule, one.hit, *_reason(one.reason)] for one in trace])


def to_trace(column: str) -> tuple[Trace, ...]:
    """What the rules said; before there were codes a row had its reason alone."""
    return tuple(Trace(rule, hit, from_json(last)) for rule, hit, *_, last in json.loads(column))


def _reason(text: str) -> tuple[Any, ...]:
    return ("", to_json(text)) if isinstance(text, Said) else (text,)


def of_document(document: Document) -> dict[str, Any]:
    """The row of a document, less what the desk adds (trace, warnings, same-number key)."""
    party, total = document.counterparty, document.total
    known = [part for part in (party.name, party.vat) if part]
    return {
        "id": document.id,
        "team": document.team,
        "kind": document.kind.value,
        "direction": document.direction and document.direction.value,
        "number": document.number,
        "issued_on": document.issued_on,
        "party_name": party.name,
        "party_vat": party.vat,
        "total": None if total is None else str(total.value),
        "currency": None if total is None else total.currency,
        "arrival": document.arrival,
        "accepted_at": document.accepted_at,
        "dated_on": document.issued_on or document.accepted_at.date(),
        "content_sha256": document.content_sha256,
        "language": document.language,
        "tags": json.dumps(sorted(document.tags)),
        "sender": document.sender,
        "correction_of": document.correction_of,
        "review": document.review,
        "number_folded": None if document.number is None else document.number.casefold(),
        "party_folded": "\n".join(known).casefold() if known else None,
    }


def to_document(row: Any, *, files: tuple[File, ...]) -> Document:
    """The document of a row."""
    return Document(
        id=row.id,
        team=row.team,
        kind=Kind(row.kind),
        number=row.number,
        issued_on=row.issued_on,
        counterparty=Counterparty(row.party_name, row.party_vat),
        total=None if row.total is None else Amount(Decimal(row.total), row.currency),
        files=files,
        arrival=row.arrival,
        accepted_at=row.accepted_at,
        content_sha256=row.content_sha256,
        direction=row.direction and Direction(row.direction),
        language=row.language,
        tags=frozenset(json.loads(row.tags)),
        sender=row.sender,
        correction_of=row.correction_of,
        review=row.review,
    )


def of_file(document: str, file: File, *, at: int) -> dict[str, Any]:
    """The row of a file; `at` is its place among the files of the document."""
    return {
        "document": document,
        "role": file.role.value,
        "sha256": file.sha256,
        "name": file.name,
        "position": at,
        "media_type": file.media_type,
        "size": file.size,
        "made": file.made,
    }


def to_file(row: Any) -> File:
    """The file of a row."""
    return File(Role(row.role), row.name, row.media_type, row.size, row.sha256, row.made)


def of_delivery(delivery: Delivery) -> dict[str, Any]:
    """The row of a delivery, less its attempts and its lease."""
    letter = delivery.letter
    row: dict[str, Any] = {name: getattr(delivery, name) for name in _PLAIN}
    row["purpose"] = delivery.purpose.value
    row["attach"] = ",".join(one.value for one in delivery.attach)
    row["state"] = delivery.state.value
    row["hold_code"] = delivery.hold_code and delivery.hold_code.value
    row["told"] = told_of(delivery.reason)
    row["letter"] = letter and json.dumps(
        [letter.subject, letter.text, letter.html, letter.in_reply_to]
    )
    return row


def told_of(reason: str | None) -> str | None:
    """A reason with a code as its column beside the English keeps it; None for one without."""
    return json.dumps(to_json(reason)) if isinstance(reason, Said) else None


def to_delivery(row: Any, *, attempts: tuple[Attempt, ...] = ()) -> Delivery:
    """The delivery of a row."""
    return Delivery(
        **{name: getattr(row, name) for name in _PLAIN if name != "reason"},
        reason=_reason_of(row),
        purpose=Purpose(row.purpose),
        attach=tuple(Attach(one) for one in row.attach.split(",") if one),
        state=State(row.state),
        hold_code=row.hold_code and HoldCode(row.hold_code),
        letter=row.letter and Letter(*json.loads(row.letter)),
        attempts=attempts,
    )


def _reason_of(row: Any) -> str | None:
    """Why it stands as it does; what was kept for a reason of before is passed over."""
    told = from_json(json.loads(row.told)) if row.told else None
    return told if told == row.reason else row.reason


def of_attempt(delivery: str, attempt: Attempt) -> dict[str, Any]:
    """The row of an attempt."""
    return {
        "delivery": delivery,
        "n": attempt.n,
        "started_at": attempt.started_at,
        "outcome": attempt.outcome.value,
        "reply": attempt.reply,
        "ended_at": attempt.ended_at,
    }


def to_attempt(row: Any) -> Attempt:
    """The attempt of a row."""
    return Attempt(row.n, row.started_at, Outcome(row.outcome), row.reply, row.ended_at)
