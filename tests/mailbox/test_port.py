"""What every mailbox does, whatever it is: one suite for IMAP over a real Dovecot and for a Maildir."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from maild.errors import FolderMissing
from maild.model.mailbox import Action, Order
from tests.mailbox.boxes import Box, DovecotBox, MaildirBox, same_text


def a_message(number: int = 1, *, size: int = 100) -> bytes:
    head = (
        f"From: a@x.example\r\nTo: b@y.example\r\nMessage-ID: <{number}@x>\r\nSubject: {number}\r\n"
    )
    line = b"x" * 70 + b"\r\n"
    return head.encode() + b"\r\n" + line * (size // len(line) + 1)


@pytest.fixture(params=["dovecot", "maildir"])
async def box(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Box]:
    made: Box
    if request.param == "maildir":
        made = MaildirBox(tmp_path / "Maildir")
    else:
        dovecot = request.getfixturevalue("dovecot")
        address = request.getfixturevalue("fresh_address")
        made = DovecotBox(dovecot, address, tmp_path / "password")
    await made.mailbox.connect()
    yield made
    await made.mailbox.close()


async def orders(box: Box, action: Action, target: str = "", *, again: bool = False) -> list[Order]:
    look = await box.mailbox.look("INBOX")
    heads = await box.mailbox.heads("INBOX", look.uids)
    return [Order(one.place, action, target, f"<{n}@x>", again) for n, one in enumerate(heads, 1)]


async def test_what_is_delivered_is_seen_and_comes_out_byte_for_byte(box: Box) -> None:
    assert (await box.mailbox.look("INBOX")).uids == ()
    for number in (1, 2, 3):
        box.put(a_message(number))
    look = await box.mailbox.look("INBOX")
    assert len(look.uids) == 3
    heads = await box.mailbox.heads("INBOX", look.uids)
    found = await box.mailbox.fetch(heads)
    assert sorted(map(same_text, found.values())) == sorted(map(same_text, box.lying_in("INBOX")))
    assert all(b"Message-ID: <" in one.headers for one in heads)
    assert [one.size for one in heads] == [len(found[one.place.uid]) for one in heads]


async def test_a_large_message_comes_in_pieces(box: Box) -> None:
    box.put(a_message(size=3_000_000))
    [head] = await box.mailbox.heads("INBOX", (await box.mailbox.look("INBOX")).uids)
    pieces: list[bytes] = []
    size = await box.mailbox.copy(head, pieces.append, most=10_000_000)
    assert size == len(b"".join(pieces)) == head.size
    assert max(map(len, pieces)) <= 1_048_576
    assert same_text(b"".join(pieces)) == same_text(box.lying_in("INBOX")[0])


async def test_of_a_message_that_is_too_large_no_more_is_read_than_asked(box: Box) -> None:
    box.put(a_message(size=3_000_000))
    [head] = await box.mailbox.heads("INBOX", (await box.mailbox.look("INBOX")).uids)
    pieces: list[bytes] = []
    assert await box.mailbox.copy(head, pieces.append, most=1_000_000) < 2_200_000


async def test_what_another_client_removed_is_not_missed(box: Box) -> None:
    for number in (1, 2):
        box.put(a_message(number))
    look = await box.mailbox.look("INBOX")
    heads = await box.mailbox.heads("INBOX", look.uids)
    box.remove()
    assert await box.mailbox.fetch(heads) == {}
    assert await box.mailbox.copy(heads[0], lambda _: None, most=100) == 0
    moving = [Order(one.place, Action.MOVE, "Processed", again=True) for one in heads]
    assert len(await box.mailbox.carry_out(moving)) == 2
    assert box.lying_in("Processed") == []
    await box.mailbox.look("INBOX")
    assert await box.mailbox.heads("INBOX", look.uids) == ()


async def test_a_folder_is_made_for_what_is_moved_and_a_second_time_changes_nothing(
    box: Box,
) -> None:
    for number in (1, 2):
        box.put(a_message(number))
    moving = await orders(box, Action.MOVE, "maild/Verwerkt é", again=False)
    assert len(await box.mailbox.carry_out(moving)) == 2
    again = [Order(one.place, one.action, one.target, one.message_id, again=True) for one in moving]
    assert len(await box.mailbox.carry_out(again)) == 2
    assert (await box.mailbox.look("INBOX")).uids == ()
    assert len((await box.mailbox.look("maild/Verwerkt é")).uids) == 2


async def test_deleting_takes_what_was_named_and_no_other(box: Box) -> None:
    for number in (1, 2):
        box.put(a_message(number))
    first, *_ = await orders(box, Action.DELETE)
    await box.mailbox.carry_out([first])
    assert len(box.lying_in("INBOX")) == 1


async def test_a_folder_that_is_not_there_is_named_and_not_made(box: Box) -> None:
    with pytest.raises(FolderMissing, match='"Facturen"'):
        await box.mailbox.look("Facturen")
    assert box.lying_in("Facturen") == []
    assert (await box.mailbox.look("INBOX")).uids == ()


async def test_a_wait_ends_when_it_is_woken(box: Box) -> None:
    await box.mailbox.look("INBOX")
    waiting = asyncio.create_task(box.mailbox.wait(60))
    began = time.monotonic()
    await asyncio.sleep(0.1)
    box.mailbox.wake()
    await waiting
    assert time.monotonic() - began < 10


async def test_it_can_be_closed_twice_and_opened_again(box: Box) -> None:
    await box.mailbox.close()
    await box.mailbox.close()
    await box.mailbox.connect()
    assert (await box.mailbox.look("INBOX")).uids == ()
