"""Senders that a person let in, by team, and who was answered about what."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, select

from maild.store.database import Tx
from maild.store.schema import answers
from maild.store.schema import senders as table
from maild.store.statements import insert_if_absent


@dataclass(frozen=True, slots=True)
class Known:
    """A sender that was let in: an address, or "*@" and a domain; `document` was confirmed then."""

    team: str
    sender: str
    at: datetime
    document: str | None


def is_known(tx: Tx, team: str, address: str) -> bool:
    """Whether a person let in this address or everybody of its domain."""
    address = address.lower()
    names = [address, f"*@{address.rpartition('@')[2]}"]
    query = select(table.c.sender).where(table.c.team == team, table.c.sender.in_(names)).limit(1)
    return tx.execute(query).first() is not None


def learn(tx: Tx, team: str, sender: str, *, now: datetime, document: str | None) -> bool:
    """Let a sender in from now on; False when it was already."""
    row = {"team": team, "sender": sender.lower(), "at": now, "document": document}
    return insert_if_absent(tx, table, row=row, unique=["team", "sender"])


def forget(tx: Tx, team: str, sender: str) -> bool:
    """Let a sender in no more; False when it was not."""
    mine = (table.c.team == team) & (table.c.sender == sender.lower())
    return tx.execute(delete(table).where(mine)).rowcount > 0


def known(tx: Tx, *, team: str | None = None) -> tuple[Known, ...]:
    """Every sender that was let in, of a team or of all."""
    query = select(table).order_by(table.c.team, table.c.sender)
    if team is not None:
        query = query.where(table.c.team == team)
    return tuple(Known(row.team, row.sender, row.at, row.document) for row in tx.execute(query))


def answered(tx: Tx, team: str, address: str, *, about: str, now: datetime) -> bool:
    """Note that a sender is told about his mail; False when he was told already."""
    row = {"team": team, "address": address.lower(), "about": about, "at": now}
    return insert_if_absent(tx, answers, row=row, unique=["team", "address", "about"])


def answers_since(tx: Tx, team: str, address: str, *, since: datetime) -> int:
    """How often a sender was told something since then."""
    mine = (answers.c.team == team) & (answers.c.address == address.lower())
    query = select(func.count()).select_from(answers).where(mine, answers.c.at >= since)
    return int(tx.execute(query).scalar_one())


def forget_answers(tx: Tx, *, before: datetime) -> None:
    """Drop what was noted about older answers."""
    tx.execute(delete(answers).where(answers.c.at < before))
