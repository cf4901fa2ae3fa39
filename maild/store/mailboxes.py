"""Mailboxes that are read: a row for each message that was dealt with, and who reads which mailbox.

A row and no cursor (house.md 2.8): other programs move and delete in the same folders, and a folder
that was made anew counts from 1 again. What a mailbox is, is not known here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import bindparam, select, update

from maild.errors import MailboxClosed
from maild.model.mailbox import Message, Outcome, Place
from maild.store.database import Tx
from maild.store.schema_mailboxes import leases, mailbox_messages
from maild.store.statements import insert_if_absent

_column: Final = mailbox_messages.c
_HERE: Final = (
    (_column.mailbox == bindparam("of_mailbox"))
    & (_column.folder == bindparam("of_folder"))
    & (_column.validity == bindparam("of_validity"))
)
_KNOWN: Final = select(_column.uid).where(_HERE)
_SETTLE: Final = (
    update(mailbox_messages).where(_HERE, _column.uid == bindparam("of_uid")).values(settled=True)
)
_UNSETTLED: Final = (
    select(mailbox_messages)
    .where(_column.mailbox == bindparam("of_mailbox"), _column.settled.is_(False))
    .order_by(_column.at)
    .limit(bindparam("most"))
)


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to read a mailbox. `token` rises with each change of the holder (fencing)."""

    name: str
    owner: str
    token: int


def take(
    tx: Tx, name: str, *, owner: str, now: datetime, life: timedelta, force: bool = False
) -> Lease | None:
    """Take or renew the right to read a mailbox; None while another process has it.

    With `force` it is taken from whoever has it: he is known to be dead.
    Source: store_and_clock.md (one node reads a mailbox; a token fences off whoever woke too late).
    """
    row = {"name": name, "owner": owner, "token": 1, "until": now + life}
    if insert_if_absent(tx, leases, row=row, unique=["name"]):
        return Lease(name, owner, 1)
    there = tx.execute(select(leases).where(leases.c.name == name)).one()
    if there.owner != owner and there.until > now and not force:
        return None
    token = there.token + (there.owner != owner)
    values = {"owner": owner, "token": token, "until": now + life}
    tx.execute(update(leases).where(leases.c.name == name).values(values))
    return Lease(name, owner, token)


def let_go(tx: Tx, lease: Lease, *, now: datetime) -> None:
    """Give the right back, if it still is ours."""
    mine = (leases.c.name == lease.name) & (leases.c.token == lease.token)
    tx.execute(update(leases).where(mine, leases.c.owner == lease.owner).values(until=now))


def check(tx: Tx, lease: Lease) -> None:
    """Raise MailboxClosed when another process has taken the mailbox meanwhile."""
    query = select(leases.c.token).where(leases.c.name == lease.name)
    if tx.execute(query).scalar() != lease.token:
        raise MailboxClosed("another maild reads this mailbox now")


def add(tx: Tx, lease: Lease, message: Message) -> None:
    """Write the mark of one message. Raises MailboxClosed when the lease is lost."""
    check(tx, lease)
    row = {name: getattr(message, name) for name in _PLAIN}
    row |= {
        "mailbox": lease.name,
        "folder": message.place.folder,
        "validity": message.place.validity,
        "uid": message.place.uid,
        "outcome": message.outcome.value,
    }
    insert_if_absent(tx, mailbox_messages, row=row, unique=["mailbox", "folder", "validity", "uid"])


def settle(tx: Tx, lease: Lease, places: Iterable[Place]) -> None:
    """Note that nothing is left to do in the mailbox for these messages."""
    check(tx, lease)
    asked = [
        _here(lease.name, place.folder, place.validity) | {"of_uid": place.uid} for place in places
    ]
    if asked:
        tx.execute(_SETTLE, asked)


def known(tx: Tx, mailbox: str, *, folder: str, validity: str, uid: str | None = None) -> set[str]:
    """The uids of a folder that were dealt with; of one message only, when it is named."""
    asked = _here(mailbox, folder, validity)
    if uid is None:
        return set(tx.execute(_KNOWN, asked).scalars())
    return set(tx.execute(_KNOWN.where(_column.uid == uid), asked).scalars())


def was_another(tx: Tx, mailbox: str, *, folder: str, validity: str) -> bool:
    """Whether messages were dealt with in a folder of that name with another validity."""
    query = select(_column.uid).where(
        _column.mailbox == mailbox, _column.folder == folder, _column.validity != validity
    )
    return tx.execute(query.limit(1)).first() is not None


def unsettled(tx: Tx, mailbox: str, *, limit: int) -> tuple[Message, ...]:
    """Messages that were dealt with and still lie in the mailbox as they were, oldest first."""
    found = tx.execute(_UNSETTLED, {"of_mailbox": mailbox, "most": limit})
    return tuple(_message(row) for row in found)


def same_bytes(tx: Tx, mailbox: str, sha256: str, *, but: Place) -> Message | None:
    """A message with these bytes in the same folder as it was before it was made anew."""
    query = select(mailbox_messages).where(
        _column.mailbox == mailbox,
        _column.sha256 == sha256,
        _column.folder == but.folder,
        _column.validity != but.validity,
    )
    row = tx.execute(query.order_by(_column.at).limit(1)).first()
    return None if row is None else _message(row)


def copies(tx: Tx, mailbox: str, ids: Collection[str]) -> dict[str, Message]:
    """Messages that the provider calls the same as one of `ids` (Gmail: one message, many labels)."""
    query = select(mailbox_messages).where(_column.mailbox == mailbox, _column.same_as.in_(ids))
    return {row.same_as: _message(row) for row in tx.execute(query.order_by(_column.at.desc()))}


_PLAIN: Final = (
    "at",
    "settled",
    "sha256",
    "message_id",
    "same_as",
    "arrival",
    "reason",
)


def _here(mailbox: str, folder: str, validity: str) -> dict[str, str]:
    return {"of_mailbox": mailbox, "of_folder": folder, "of_validity": validity}


def _message(row: Any) -> Message:
    values = {name: getattr(row, name) for name in _PLAIN}
    place = Place(row.folder, row.validity, row.uid)
    return Message(place=place, outcome=Outcome(row.outcome), **values)
