"""A desk over a real store, and a door that reads a mailbox into it."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import pytest

from maild.config.mailbox import Mailbox as Section
from maild.intake.mailbox import MailboxDoor, MailboxOptions, Patience
from maild.mailboxes import options as door_options
from maild.ports import Mailbox
from maild.store import marks
from tests.intake.conftest import World, world  # noqa: F401 - a fixture
from tests.mailbox.boxes import Box, DovecotBox, MaildirBox

T = TypeVar("T")
QUICK = Patience(poll=0.2, first_pause=0.05, longest_pause=0.2, refused_pause=0.1, logins=1000)


def wanted(**keys: Any) -> MailboxOptions:
    """The options of [mailbox.box] with these keys, in a hurry."""
    login = {"host": "imap.test", "username": "u", "password_file": "/dev/null", "team": "acme"}
    section = Section.model_validate(login | keys)
    return replace(door_options("box", section), patience=QUICK)


@contextlib.asynccontextmanager
async def reading(
    world: World,  # noqa: F811 - the fixture
    mailbox: Mailbox,
    options: MailboxOptions | None = None,
) -> AsyncIterator[MailboxDoor]:
    """A door that reads this mailbox while the block runs."""
    door = MailboxDoor(world.desk, mailbox, options or wanted())
    stop = asyncio.Event()
    running = asyncio.create_task(door.run(stop))
    try:
        yield door
    finally:
        stop.set()
        await asyncio.wait_for(running, 30)


async def eventually(
    look: Callable[[], Awaitable[T]], *, within: float = 20.0, explain: object = ""
) -> T:
    """What `look` gives as soon as that is true."""
    end = time.monotonic() + within
    while not (seen := await look()):
        assert time.monotonic() < end, f"not within {within} s; last seen {seen!r} {explain}"
        await asyncio.sleep(0.02)
    return seen


async def lying(box: Box, **folders: int) -> None:
    """Wait until so many messages lie in each folder; "_" stands for a blank."""
    last: dict[str, int] = {}

    async def look() -> bool:
        for name in folders:
            last[name] = len(await asyncio.to_thread(box.lying_in, name.replace("_", " ")))
        return last == folders

    await eventually(look, explain=last)


async def health(world: World) -> dict[str, Any]:  # noqa: F811 - the fixture
    """What the mailbox says of itself."""
    return await world.db.read(partial(marks.get, name="mailbox.box")) or {}


@pytest.fixture(params=["dovecot", "maildir"])
def box(request: pytest.FixtureRequest, tmp_path: Path) -> Box:
    """A mailbox, of each sort in turn."""
    if request.param == "maildir":
        return MaildirBox(tmp_path / "Maildir")
    return request.getfixturevalue("account")  # type: ignore[no-any-return]  # pytest gives Any


@pytest.fixture
def account(request: pytest.FixtureRequest, tmp_path: Path) -> DovecotBox:
    """An account at a real Dovecot."""
    dovecot = request.getfixturevalue("dovecot")
    address = request.getfixturevalue("fresh_address")
    return DovecotBox(dovecot, address, tmp_path / "password")
