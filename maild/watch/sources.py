"""What is an alarm: each source looks once and gives a key and a sentence for every trouble.

Nothing is written here. Receipts that do not come are looked for by the clock, in `intake.receipts`.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from maild.intake import mailbox_health
from maild.model.outage import next_step
from maild.model.run import RunState
from maild.store import alarms, connectors, runs, tokens
from maild.store.database import Tx

KINDS: Final = frozenset({"held", "connector", "queue", "disk", "mailbox", "account", "run"})
# Short work is tried again each minute, so one fault is no trouble; long work takes its time.
FAILING: Final = timedelta(minutes=15)
OVERDUE: Final = timedelta(hours=2)
Found = tuple[str, str]  # a key and a reason


@dataclass(frozen=True, slots=True)
class Watched:
    """What is looked at, and from when on it is trouble."""

    data_dir: Path
    disk_free: int
    stuck_after: timedelta
    mailboxes: Sequence[str]
    accounts: Sequence[str]


def look(tx: Tx, watched: Watched, *, now: datetime) -> dict[str, str]:
    """Every trouble that the store shows now."""
    return dict(
        [
            *_held(tx),
            *_connectors(tx),
            *_queue(tx, watched, now=now),
            *_mailboxes(tx, watched),
            *_accounts(tx, watched),
            *_runs(tx, now=now),
        ]
    )


def disk(watched: Watched) -> dict[str, str]:
    """Whether there is room left where documents are kept. It asks the system, so not in the loop."""
    free = shutil.disk_usage(watched.data_dir).free
    if free >= watched.disk_free:
        return {}
    # Rounded, so that one trouble does not read as another at each look.
    said = f"{free / 1e9:.1f} GB" if free >= 1e8 else f"less than {int(free / 1e7 + 1) * 10} MB"
    return {"disk:data_dir": f"the disk of {watched.data_dir} has {said} left: make room"}


def _held(tx: Tx) -> Iterator[Found]:
    for row in alarms.held_by_faults(tx):
        what = f"{row.team}: {_deliveries(row.n)} held by a fault of maild itself"
        yield f"held:{row.team}", f"{what}; see maild queue show {row.newest}"


def _connectors(tx: Tx) -> Iterator[Found]:
    """Servers that take nothing before a person has seen to it: an alarm after the first try."""
    for via, rest in connectors.rests(tx).items():
        step = next_step(rest.cause)
        if step and alarms.waits_for(tx, via):
            yield f"connector:{via}", f"connector {via} is out: {rest.reason}; {step}"


def _queue(tx: Tx, watched: Watched, *, now: datetime) -> Iterator[Found]:
    hours = watched.stuck_after.total_seconds() / 3600
    at_rate = connectors.at_rate(tx, now)  # which is what somebody wanted
    for row in alarms.stuck(tx, before=now - watched.stuck_after):
        if row.via in at_rate:
            continue
        what = f"{_deliveries(row.n)} waiting for {row.via} for more than {hours:g} h"
        yield f"queue:{row.via}", f"{what}; see maild queue show {row.oldest}"


def _mailboxes(tx: Tx, watched: Watched) -> Iterator[Found]:
    for name in watched.mailboxes:
        box = mailbox_health.shown(tx, name, alive=True)
        if box["dead"]:
            yield f"mailbox:{name}", f"mailbox {name} cannot be read: {box['last_error']}"


def _accounts(tx: Tx, watched: Watched) -> Iterator[Found]:
    known = tokens.standings(tx)
    for name in watched.accounts:
        if (standing := known.get(name)) and standing.trouble:
            yield f"account:{name}", f"account {name} needs consent: {standing.trouble}"


def _runs(tx: Tx, *, now: datetime) -> Iterator[Found]:
    for run in runs.in_state(tx, RunState.DUE, RunState.RUNNING):
        if run.at <= now - OVERDUE:
            why = f"; the last try said: {run.result}" if run.result else ""
            said = f"{run.schedule}: the work of {run.period} is owed since {run.at:%Y-%m-%d %H:%M}"
            yield f"run:{run.schedule}", f"{said} UTC{why}; see maild schedule list"
    for run in runs.in_state(tx, RunState.FAILED):
        if run.work is not None or run.due_at <= now - FAILING:
            said = f"{run.schedule}: the work of {run.period} failed: {run.result}"
            redo = f"maild schedule run {run.schedule} {run.period}"
            yield f"run:{run.schedule}", f"{said}; then {redo}"


def _deliveries(n: int) -> str:
    return "1 delivery is" if n == 1 else f"{n} deliveries are"
