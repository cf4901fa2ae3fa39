"""What maild does to messages in an IMAP mailbox, once they are stored here.

Each action may be asked for again after a crash or a lost reply, and then changes nothing more:
a message that is not in its folder any more is done with, whoever moved it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Final

from maild.connectors.imap_session import Session, guarded
from maild.errors import FolderMissing, NotDone
from maild.model.mailbox import Action, Order

SEEN: Final = b"\\Seen"
FLAGGED: Final = b"\\Flagged"
DELETED: Final = b"\\Deleted"
_LONGEST_ID: Final = 250


def carry_out(session: Session, orders: Sequence[Order]) -> tuple[Order, ...]:
    """Do the same action to messages of one folder; those that are done with. Raises NotDone."""
    first = orders[0]
    try:
        validity, _ = session.in_folder(first.place.folder)
    except FolderMissing as fault:
        raise NotDone(fault.reason) from fault
    # In a folder that was made anew, these UIDs name other messages.
    there = [one for one in orders if one.place.validity == validity]
    if any(one.again for one in there):
        there = _still_there(session, there)
    if there:
        match first.action:
            case Action.MOVE:
                _move(session, there, folder=first.target)
            case Action.DELETE:
                _remove(session, there)
            case Action.SEEN:
                _mark(session, there, SEEN)
            case Action.FLAG:
                _mark(session, there, FLAGGED)
            case Action.KEYWORD:
                _keyword(session, there, first.target)
            case Action.KEEP:
                pass
    return tuple(orders)


def _still_there(session: Session, orders: list[Order]) -> list[Order]:
    with guarded(session.options.host):
        found = session.client.fetch(_uids(orders), ["UID"])
    return [one for one in orders if int(one.place.uid) in found]


def _move(session: Session, orders: list[Order], *, folder: str) -> None:
    if session.client.has_capability("MOVE"):
        _into(session, orders, folder=folder, command="move")
        return
    # RFC 6851 section 3.3: COPY, then delete. Copies of an earlier try are found by Message-ID.
    copied = _copied_before(session, orders, folder=folder)
    to_copy = [one for one in orders if one not in copied]
    if to_copy:
        _into(session, to_copy, folder=folder, command="copy")
    _remove(session, orders)


def _into(session: Session, orders: list[Order], *, folder: str, command: str) -> None:
    """Move or copy into a folder, which is made when it is missing."""
    name = session.full(folder)
    do = session.client.move if command == "move" else session.client.copy
    try:
        with guarded(session.options.host):
            do(_uids(orders), name)
    except NotDone:
        if not _made(session, name):
            raise
        with guarded(session.options.host):
            do(_uids(orders), name)


def _made(session: Session, name: str) -> bool:
    """Make a folder; False when it was there, so that it was not what was missing."""
    with guarded(session.options.host):
        listed = session.client.list_folders(pattern=name)
    if any(one == name for _, _, one in listed):
        return False
    # Another client may be faster, and not every server knows subscriptions.
    for do in (session.client.create_folder, session.client.subscribe_folder):
        with contextlib.suppress(NotDone), guarded(session.options.host):
            do(name)
    return True


def _copied_before(session: Session, orders: list[Order], *, folder: str) -> list[Order]:
    asked = [one for one in orders if one.again and one.message_id]
    if not asked:
        return []
    source = orders[0].place.folder
    try:
        session.select(folder, readonly=True)
    except FolderMissing:
        found = []
    else:
        with guarded(session.options.host):
            found = [
                one
                for one in asked
                if session.client.search(["HEADER", "MESSAGE-ID", _searchable(one.message_id)])
            ]
    session.select(source)
    return found


def _remove(session: Session, orders: list[Order]) -> None:
    with guarded(session.options.host):
        session.client.add_flags(_uids(orders), [DELETED], silent=True)
        if session.client.has_capability("UIDPLUS"):
            session.client.uid_expunge(_uids(orders))
        # Else they stay marked as deleted, as other programs leave them: a plain EXPUNGE would
        # remove what somebody else has marked and may still want back.


def _mark(session: Session, orders: list[Order], flag: bytes) -> None:
    with guarded(session.options.host):
        session.client.add_flags(_uids(orders), [flag], silent=True)


def _keyword(session: Session, orders: list[Order], word: str) -> None:
    with guarded(session.options.host):
        if session.gmail:
            session.client.add_gmail_labels(_uids(orders), [word], silent=True)
        else:
            session.client.add_flags(_uids(orders), [word.encode("ascii", "ignore")], silent=True)


def _uids(orders: Sequence[Order]) -> list[int]:
    return [int(one.place.uid) for one in orders]


def _searchable(message_id: str | None) -> str:
    """A Message-ID as it can stand in a command: one line of plain characters."""
    plain = (message_id or "").encode("ascii", "ignore").decode("ascii")
    return "".join(one for one in plain if one.isprintable() and one not in '"\\')[:_LONGEST_ID]
