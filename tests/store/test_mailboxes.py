from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from maild.errors import MailboxClosed
from maild.model.mailbox import Message, Outcome, Place
from maild.store import mailboxes
from maild.store.database import Database
from maild.store.mailboxes import Lease

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
LIFE = timedelta(minutes=1)


def a_message(uid: str = "1", **changed: object) -> Message:
    place = Place("INBOX", "7", uid)
    made = Message(place, Outcome.ACCEPTED, NOW, settled=False, sha256="ab", message_id="<1@x>")
    return replace(made, **changed)  # type: ignore[arg-type]  # a builder


async def lease(db: Database, owner: str = "one", now: datetime = NOW) -> Lease | None:
    taking = partial(mailboxes.take, name="acme", owner=owner, now=now, life=LIFE)
    return await db.write(taking)


async def test_a_mailbox_is_read_by_one_process(db: Database) -> None:
    mine = await lease(db)
    assert mine == Lease("acme", "one", 1)
    assert await lease(db, "two") is None
    assert await lease(db, now=NOW + LIFE / 2) == mine
    assert await lease(db, "two", NOW + LIFE) is None
    assert await lease(db, "two", NOW + 2 * LIFE) == Lease("acme", "two", 2)


async def test_who_woke_too_late_writes_nothing(db: Database) -> None:
    mine = await lease(db)
    assert mine is not None
    await lease(db, "two", NOW + 2 * LIFE)
    for late in (
        partial(mailboxes.add, lease=mine, message=a_message()),
        partial(mailboxes.settle, lease=mine, places=[]),
    ):
        with pytest.raises(MailboxClosed, match="another maild"):
            await db.write(late)
    known = partial(mailboxes.known, mailbox="acme", folder="INBOX", validity="7")
    assert await db.read(known) == set()


async def test_a_mailbox_that_was_let_go_is_free_at_once(db: Database) -> None:
    mine = await lease(db)
    assert mine is not None
    await db.write(partial(mailboxes.let_go, lease=mine, now=NOW))
    assert await lease(db, "two", NOW) == Lease("acme", "two", 2)


async def test_a_message_is_known_by_folder_validity_and_uid(db: Database) -> None:
    mine = await lease(db)
    assert mine is not None
    for message in (a_message("1"), a_message("2", place=Place("INBOX", "8", "2"))):
        await db.write(partial(mailboxes.add, lease=mine, message=message))
    await db.write(partial(mailboxes.add, lease=mine, message=a_message("1")))
    for validity, uids in {"7": {"1"}, "8": {"2"}, "9": set()}.items():
        known = partial(mailboxes.known, mailbox="acme", folder="INBOX", validity=validity)
        assert await db.read(known) == uids


async def test_what_is_left_to_do_is_told_until_it_is_done(db: Database) -> None:
    mine = await lease(db)
    assert mine is not None
    for uid in ("1", "2"):
        await db.write(partial(mailboxes.add, lease=mine, message=a_message(uid)))
    await db.write(partial(mailboxes.settle, lease=mine, places=[a_message("1").place]))
    left = await db.read(partial(mailboxes.unsettled, mailbox="acme", limit=10))
    assert left == (a_message("2"),)


async def test_the_same_bytes_are_found_after_a_folder_was_made_anew(db: Database) -> None:
    mine = await lease(db)
    assert mine is not None
    await db.write(partial(mailboxes.add, lease=mine, message=a_message()))
    find = partial(mailboxes.same_bytes, mailbox="acme", sha256="ab")
    assert await db.read(partial(find, but=Place("INBOX", "8", "1"))) == a_message()
    assert await db.read(partial(find, but=Place("INBOX", "7", "2"))) is None
    assert await db.read(partial(find, but=Place("Other", "8", "1"))) is None


async def test_copies_are_found_by_the_providers_own_id(db: Database) -> None:
    mine = await lease(db)
    assert mine is not None
    await db.write(partial(mailboxes.add, lease=mine, message=a_message(same_as="g1")))
    found = await db.read(partial(mailboxes.copies, mailbox="acme", ids=["g1", "g2"]))
    assert found == {"g1": a_message(same_as="g1")}
