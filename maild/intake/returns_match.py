"""Which delivery a report is about: by its signed token, else by what the report repeats of our mail.

Looked up in a transaction; nothing is written. A report is a stranger's text: what it says counts only
where it holds something that strangers cannot guess, such as our Message-ID.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from maild.errors import NotFound
from maild.model.delivery import Delivery
from maild.model.returned import GOOD, Action, Report, Returned, Sort
from maild.reading.returns_other import inbox_of
from maild.store import deliveries, returns
from maild.store.database import Tx

# An inbox that answers without a reference is matched by the number of the document, this far back.
RECEIPT_WINDOW: Final = timedelta(days=14)


def find(tx: Tx, report: Report, *, team: str, now: datetime) -> Delivery | None:
    """The delivery that a report names without a token; None when it names none of ours.

    ENVID first, then Message-ID (ours, or the one that the provider gave it), then our own header;
    for receipts of accounting inboxes at last the document's number.
    """
    for named in (report.envelope_id, *map(_local, report.message_ids), report.delivery):
        found = one(tx, named) if named else None
        if found is not None:
            return found
    other = returns.sent_as(tx, _names(report.message_ids)) if report.message_ids else None
    other = other or _by_number(tx, report, team=team, now=now)
    return None if other is None else one(tx, other)


def one(tx: Tx, id_: str) -> Delivery | None:
    """The delivery of that id, if there is one."""
    if not re.fullmatch(r"v-[0-9a-z-]{1,40}", id_):
        return None
    try:
        return deliveries.get(tx, id_)
    except NotFound:
        return None


def meant(report: Report, delivery: Delivery) -> Returned:
    """What the report says of this delivery, whose one recipient it may call by another name."""
    if not report.returned:
        return Returned(
            report.sender or delivery.address, Action.REPLIED, None, report.words or None
        )
    wanted = delivery.address.lower()
    for each in report.returned:
        if wanted in {each.recipient.lower(), (each.original or "").lower()}:
            return each
    # Its address forwards: the worst of what happened behind it is what a person has to know.
    order = sorted(
        report.returned, key=lambda each: (each.action in GOOD, each.action is Action.DELAYED)
    )
    return order[0]


def _local(message_id: str) -> str:
    return message_id.strip("<>").partition("@")[0].lower()


def _names(message_ids: Iterable[str]) -> list[str]:
    """Ids as a provider may have named them: whole, or by their local part (Amazon SES)."""
    whole = [each.strip("<>") for each in message_ids]
    return [*whole, *(each.partition("@")[0] for each in whole)]


def _by_number(tx: Tx, report: Report, *, team: str, now: datetime) -> str | None:
    inbox = inbox_of(report.sender or "") if report.sort is Sort.RECEIPT else None
    if inbox is None:
        return None
    known = returns.numbered(tx, team, profile=inbox.name, since=now - RECEIPT_WINDOW)
    words = f"{report.subject}\n{report.words}"
    fits = {id_ for id_, number in known if _stands_in(number, words)}
    return fits.pop() if len(fits) == 1 else None


def _stands_in(number: str, words: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(number)}(?!\w)", words, re.IGNORECASE) is not None
