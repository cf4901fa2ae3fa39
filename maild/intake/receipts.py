"""Receipts that were expected and did not come: a mail that an inbox took in silence may not be booked.

Some inboxes answer each mail (their profile says so). When one does not in time, that is an alarm, once
a delivery; the delivery itself stays as it is. For a week, one alarm a team stands until they came.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import Final

from maild.log import alarms as alarm_log
from maild.log import outgoing
from maild.rules.profiles import PROFILES
from maild.store import alarms, documents, returns
from maild.store.database import Tx

EVENT: Final = "receipt.missing"
# Older ones are no news: a store that is brought up to date would ring for each of them.
LONGEST: Final = timedelta(days=14)
# What was not answered in a week is no alarm any more; the document's story keeps it.
STANDING: Final = timedelta(days=7)
KIND: Final = "receipts"
ANSWERING: Final = frozenset(name for name, one in PROFILES.items() if one.receipts)


def overdue(within: timedelta, tx: Tx, _period: str, now: datetime) -> None:
    """A job of the clock: note and tell what was handed over before `within` and not answered since."""
    found = returns.without_receipt(
        tx, ANSWERING, before=now - within, after=now - within - LONGEST, event=EVENT
    )
    for row in found:
        documents.add_event(
            tx,
            at=now,
            event=EVENT,
            team=row.team,
            document=row.document,
            delivery=row.id,
            detail=f"no receipt within {_hours(within)}: look whether it was booked",
        )
        outgoing.receipt_missing(team=row.team, delivery=row.id, document=row.document)
    _ring(tx, within, now=now)


def _ring(tx: Tx, within: timedelta, *, now: datetime) -> None:
    """One alarm for each team that waits for receipts, told before or not."""
    missing = returns.without_receipt(
        tx, ANSWERING, before=now - within, after=now - within - STANDING, event=""
    )
    found = {
        f"{KIND}:{team}": f"{team}: {n} receipt{'' if n == 1 else 's'} of accounting inboxes did not"
        f" come within {_hours(within)}: look whether it was booked"
        for team, n in Counter(row.team for row in missing).items()
    }
    opened, closed = alarms.reconcile(tx, found, kinds={KIND}, now=now)
    for key in opened:
        alarm_log.alarm_opened(alarm=key, reason=found[key])
    for key in closed:
        alarm_log.alarm_closed(alarm=key)


def _hours(within: timedelta) -> str:
    return f"{within.total_seconds() / 3600:g} hours"
