"""How maild is now: the daemon, its queue, its mailboxes, its teams, and what needs a person.

Only looks; what a person may do about it is in `actions`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from maild.config.settings import Account
from maild.intake import mailbox_health
from maild.model.alarm import Alarm
from maild.model.delivery import State
from maild.model.outage import next_step
from maild.model.said import Said
from maild.model.team import Mode, Team
from maild.rules.book import RuleBook
from maild.store import alarms, connectors, deliveries, documents, marks, returns, tokens, undecided
from maild.store.database import Tx
from maild.store.waiting import waiting

DAEMON_MARK: Final = "daemon"  # what the daemon last said of itself


def shown(
    tx: Tx,
    *,
    book: RuleBook,
    pid: int | None,
    now: datetime,
    mailboxes: Sequence[str],
    accounts: Mapping[str, Account],
) -> dict[str, Any]:
    """What `maild status --json` says; `pid` is the process that holds the state lock."""
    of_all = overall(tx, pid=pid, now=now, mailboxes=mailboxes, accounts=accounts)
    return of_all | {"teams": [_team(tx, team) for team in book.teams]}


def overall(
    tx: Tx,
    *,
    pid: int | None,
    now: datetime,
    mailboxes: Sequence[str],
    accounts: Mapping[str, Account],
) -> dict[str, Any]:
    """The same without the teams, whose documents are counted one by one."""
    said = marks.get(tx, DAEMON_MARK) or {}
    alive = pid is not None and said.get("pid") == pid
    counts = deliveries.counts(tx)
    due = deliveries.oldest_due(tx, now)
    oldest = max(0, int((now - due).total_seconds())) if due and due <= now else None
    consents = tokens.standings(tx)
    return {
        "state": said["state"] if alive else ("starting" if pid else "down"),
        "pid": pid,
        "since": said.get("since") if alive else None,
        "smtpd": {"listen": said.get("listening", []) if alive else []},
        "undecided": undecided.count(tx),
        "queue": {one.value: counts.get(one.value, 0) for one in State}
        | {"oldest_seconds": oldest},
        "paused": _paused(tx, now),
        "mailboxes": [mailbox_health.shown(tx, name, alive=alive) for name in mailboxes],
        "stopped": _stopped(tx),
        "alarms": [_alarm(one) for one in alarms.standing(tx)],
        "warnings": list(said.get("warnings", [])) if alive else [],
        "accounts": [_account(name, one, consents.get(name)) for name, one in accounts.items()],
    }


def _paused(tx: Tx, now: datetime) -> list[dict[str, Any]]:
    rests = connectors.rests(tx)
    return [
        {
            "connector": via,
            "until": until.isoformat(),
            "reason": reason,
            "cause": rests[via].cause if via in rests else "rate",
            "next": next_step(rests[via].cause) if via in rests else None,
        }
        for via, (until, reason) in connectors.paused(tx, now).items()
    ]


def _stopped(tx: Tx) -> list[dict[str, Any]]:
    return [
        {
            "team": one.team,
            "address": one.address,
            "since": one.at.isoformat(),
            "reason": one.reason,
        }
        for one in returns.stopped_addresses(tx)
    ]


def _alarm(one: Alarm) -> dict[str, Any]:
    return {
        "key": one.key,
        "reason": one.reason,
        "since": one.opened_at.isoformat(),
        "told_at": one.told_at.isoformat() if one.told_at else None,
        "told_by": one.told_by,
    }


def _team(tx: Tx, team: Team) -> dict[str, Any]:
    counts = deliveries.counts(tx, team=team.slug)
    live = team.mode is Mode.LIVE or marks.get(tx, f"golive:{team.slug}") is not None
    return {
        "team": team.slug,
        "mode": "live" if live else "shadow",
        "documents": documents.count(tx, team=team.slug),
        "held": counts.get(State.HELD, 0),
        "failed": counts.get(State.FAILED, 0) + counts.get(State.BOUNCED, 0),
        "review": len(waiting(tx, team=team.slug)),
        "refused": len(marks.refusals(tx, team=team.slug, limit=1000)),
    }


def _account(name: str, account: Account, standing: tokens.Standing | None) -> dict[str, Any]:
    given = standing.consented_at if standing else None
    trouble = standing.trouble if standing else None
    if given is None:
        trouble = trouble or Said("no_consent_yet", "nobody gave the consent yet")
    return {
        "account": name,
        "provider": account.provider,
        "address": account.address,
        "team": account.team,
        "state": "needs_consent" if trouble else "good",
        "consented_at": given.isoformat() if given else None,
        "renewed_at": at.isoformat() if standing and (at := standing.obtained_at) else None,
        "trouble": trouble,
    }
