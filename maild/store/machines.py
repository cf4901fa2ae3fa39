"""Programs that use the API, and what they handed in under keys of their own."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, insert, select, update

from maild.errors import NotFound
from maild.model.machine import Machine, May, Request
from maild.store.database import Tx
from maild.store.schema import events, machines, requests
from maild.store.statements import insert_if_absent

_C = machines.c


@dataclass(frozen=True, slots=True)
class Happened:
    """A line of the history of a team."""

    id: int
    at: datetime
    event: str
    document: str | None
    delivery: str | None
    detail: str


def add(tx: Tx, one: Machine, *, token: str) -> None:
    """Keep a program; `token` is the SHA-256 of what it holds."""
    row = {name: getattr(one, name) for name in Machine.__dataclass_fields__}
    tx.execute(insert(machines).values(row | {"may": ",".join(sorted(one.may)), "token": token}))


def find(tx: Tx, token: str) -> Machine | None:
    """The program of a token by its SHA-256, unless the token was revoked."""
    mine = (_C.token == token) & _C.revoked_at.is_(None)
    row = tx.execute(select(machines).where(mine)).first()
    return None if row is None else _machine(row)


def of_team(tx: Tx, team: str) -> tuple[Machine, ...]:
    """Every program that a team has or had, the newest first."""
    rows = tx.execute(select(machines).where(_C.team == team).order_by(_C.id.desc()))
    return tuple(_machine(row) for row in rows)


def used(tx: Tx, id_: str, *, now: datetime) -> None:
    """Note that a token was used."""
    tx.execute(update(machines).where(_C.id == id_).values(used_at=now))


def revoke(tx: Tx, id_: str, *, now: datetime) -> Machine:
    """End a token at once; one that was ended before stays as it is. Raises NotFound."""
    row = tx.execute(select(machines).where(_C.id == id_)).first()
    if row is None:
        raise NotFound(f"there is no token {id_}", hint="`maild token list TEAM` shows them")
    mine = (_C.id == id_) & _C.revoked_at.is_(None)
    tx.execute(update(machines).where(mine).values(revoked_at=now))
    return _machine(row)


def request(tx: Tx, team: str, *, key: str) -> Request | None:
    """What a team handed in under a key."""
    mine = (requests.c.team == team) & (requests.c.key == key)
    row = tx.execute(select(requests).where(mine)).first()
    if row is None:
        return None
    return Request(row.team, row.key, row.content, tuple(json.loads(row.documents)), row.at)


def add_request(tx: Tx, one: Request) -> bool:
    """Keep what was handed in under a key; False when the key was used before."""
    row = {
        "team": one.team,
        "key": one.key,
        "content": one.content,
        "documents": json.dumps(one.documents),
        "at": one.at,
    }
    return insert_if_absent(tx, requests, row=row, unique=["team", "key"])


def forget_requests(tx: Tx, *, before: datetime) -> None:
    """Drop keys of requests before that moment."""
    tx.execute(delete(requests).where(requests.c.at < before))


def happened(
    tx: Tx, team: str, *, after: int, limit: int, looked_at: int
) -> tuple[Sequence[Happened], int, bool]:
    """What happened to a team after a line of the history: lines, where to go on, whether now.

    At most `looked_at` lines of all teams are read, so that the price is bounded without an index
    that each line would have to be written to.
    """
    asked = select(events).where(events.c.id > after).order_by(events.c.id).limit(looked_at)
    found: list[Happened] = []
    last, seen = after, 0
    for row in tx.execute(asked):
        if len(found) == limit:
            return found, last, True
        last, seen = row.id, seen + 1
        if row.team == team:
            found.append(
                Happened(row.id, row.at, row.event, row.document, row.delivery, row.detail)
            )
    return found, last, seen == looked_at


def _machine(row: Row[Any]) -> Machine:
    values: dict[str, Any] = {name: getattr(row, name) for name in Machine.__dataclass_fields__}
    may = frozenset(May(one) for one in row.may.split(",") if one)
    return Machine(**(values | {"may": may}))
