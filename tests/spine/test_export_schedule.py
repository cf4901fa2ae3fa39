"""A package by schedule, with a real daemon that is killed, a real Postfix, and a real mailbox."""

from __future__ import annotations

import io
import json
import os
import sqlite3
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, closing
from typing import Any

import pytest

from maild.clock.long_work import LEASE
from tests.servers.dovecot import Dovecot
from tests.servers.fixtures import StartPostfix
from tests.servers.instance import require
from tests.servers.tls import Certificates
from tests.servers.world import MailWorld, settings_towards
from tests.spine import papers
from tests.spine.house import House, configured
from tests.spine.post import files_of
from tests.spine.waiting import until

OFFICE = "dossiers@kantoor.example"
LEASED = LEASE.total_seconds() + 60
MONTHLY = f"""
[team.acme.recipients.office]
via = "relay"
address = "{OFFICE}"

[[team.acme.exports]]
name = "monthly"
to = ["office"]
mail_size = "1MB"
"""


@pytest.fixture
def own_dovecot(certificates: Certificates) -> Iterator[Dovecot]:
    """A Dovecot whose mailboxes no other test writes to."""
    require("dovecot")
    with ExitStack() as stack:
        server = Dovecot(certificates)
        stack.callback(server.remove)
        server.start()
        yield server


@pytest.fixture
def world(start_postfix: StartPostfix, own_dovecot: Dovecot) -> MailWorld:
    """A Postfix that takes mail for every address, and these mailboxes."""
    return MailWorld(start_postfix(settings=settings_towards(own_dovecot)), own_dovecot)


def test_the_package_of_a_month_arrives_once_whatever_is_killed(
    house: House, world: MailWorld
) -> None:
    house.write(configured(world.smtp_port, more=MONTHLY))
    for number in range(4):
        pdf = papers.a_pdf(f"F-{number}") + b"%" + os.urandom(120_000)
        (house.folder / "f.xml").write_bytes(papers.with_pdf_inside(f"F-{number}", pdf))
        assert house.maild("send", "f.xml", "--team", "acme").code == 0
    _set_back(house, "2026-03-03T08:00:00.000000Z")
    assert house.maild("schedule", "run", "acme/monthly", "2026-03").code == 0
    for event in ("daemon.ready", "export.made"):
        with house.running() as daemon:
            # What a dead process was doing is taken up when its lease has run out.
            daemon.wait_for(event, within=LEASED)
            daemon.kill()
    with house.running():
        until(lambda: _is_done(house), within=LEASED, explain=lambda: house.json("queue", "list"))
        mails = world.wait_for_mails(OFFICE, 2)
    # A mail whose reply nobody lived to see comes twice with one Message-ID, and is said to.
    subjects = {str(one.message["Message-ID"]): str(one.message["Subject"]) for one in mails}
    assert sorted(subjects.values()) == [
        "Export monthly 2026-03 (1/2) van Acme BV",
        "Export monthly 2026-03 (2/2) van Acme BV",
    ]
    archives = {name: content for one in mails for name, content in files_of(one.message).items()}
    assert sorted(archives) == [
        "acme_monthly_2026-03_1-of-2.zip",
        "acme_monthly_2026-03_2-of-2.zip",
    ]
    index = _index(archives["acme_monthly_2026-03_2-of-2.zip"])
    assert [one["number"] for one in index["documents"]] == ["F-0", "F-1", "F-2", "F-3"]
    assert index["accepted_by"] == "2026-04-06T05:00:00Z"
    # Once: one document of that kind, and one mail a part.
    [export] = house.documents("--kind", "export")
    assert len(export["deliveries"]) == 2


def _set_back(house: House, moment: str) -> None:
    """Let everything have come at that moment."""
    with closing(sqlite3.connect(house.folder / "state" / "maild.db")) as db, db:
        db.execute("UPDATE documents SET accepted_at = ?", (moment,))


def _is_done(house: House) -> bool:
    shown = {one["schedule"]: one for one in house.json("schedule", "list")}
    last = shown["acme/monthly"]["last"]
    states = {one["state"] for one in house.queue() if one["recipient"] == "office"}
    return bool(last) and last["state"] == "done" and states == {"handed_over"}


def _index(content: bytes) -> dict[str, Any]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        found = json.loads(archive.read("index.json"))
    assert isinstance(found, dict)
    return found
