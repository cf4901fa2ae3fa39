"""Purchases that are only pages, through a real mailbox and a running daemon: on they go rightly, or they wait."""

from __future__ import annotations

import random
import smtplib
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from maild.ubl import document as ubl
from tests.servers.dovecot import PASSWORD
from tests.servers.world import MailWorld
from tests.spine.house import ACCOUNTANT, House, configured
from tests.spine.mailboxes import QUICK, section
from tests.spine.post import SENDER, a_mail, sha256
from tests.spine.purchases import Sent, again, corrections, strangers, suppliers, wrong
from tests.spine.waiting import until

RULE = '[[mailbox.bought.rules]]\nattachment = "*.pdf"\ntag = "purchase"\n'
WAITS = {"figures", "new_account"}


def test_pages_of_known_suppliers_go_on_and_others_wait(
    house: House, mail_world: MailWorld, shared: Path
) -> None:
    told = _run(house, mail_world, shared, many=3, later=9, forged=3, others=10)
    assert told["again: handed over"] == 6


@pytest.mark.soak
def test_three_hundred_mails_with_pages(
    house: House, mail_world: MailWorld, shared: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = _run(house, mail_world, shared, many=20, later=120, forged=12, others=160)
    with capsys.disabled():
        sys.stdout.write(f"\n{dict(sorted(told.items()))}\n")
    assert told["mails"] == 300
    assert told["again: handed over"] >= 100


def _run(
    house: House, world: MailWorld, shared: Path, *, many: int, later: int, forged: int, others: int
) -> Counter[str]:
    box, end = (f"{name}{uuid4().hex[:10]}@inbox.test" for name in ("m", "e"))
    (house.folder / "secret").write_text(PASSWORD)
    more = QUICK + section("bought", world.dovecot, box) + RULE
    house.write(configured(world.smtp_port, (ACCOUNTANT, end), more=more))
    made = suppliers(many)
    first = [one.page(1, sort="first") for one in made]
    rest = [*again(made, later, forged=forged), *strangers(shared, others)]
    random.Random(5).shuffle(rest)
    with house.running() as daemon:
        daemon.wait_for("mailbox.connected")
        _deliver(world, box, first)
        _taken(house, len(first))
        _confirm(house, first)
        _deliver(world, box, rest)
        _taken(house, len(first) + len(rest))
        until(lambda: _is_quiet(house), within=120, explain=house.status)
        assert daemon.stop() == 0
    return _holds(house, world, end, [*first, *rest])


def _deliver(world: MailWorld, box: str, pages: list[Sent]) -> None:
    with smtplib.LMTP("127.0.0.1", world.dovecot.lmtp_port) as client:
        for n, one in enumerate(pages):
            mail = a_mail((f"scan{n}.pdf", one.content), subject="Uw document")
            mail["Message-ID"] = f"<{uuid4().hex}@b.test>"
            client.sendmail(SENDER, [box], mail.as_bytes())


def _taken(house: House, count: int) -> None:
    until(
        lambda: sum(house.status()["mailboxes"][0]["taken"].values()) == count,
        within=60 + 2 * count,
        explain=house.status,
    )


def _confirm(house: House, pages: list[Sent]) -> None:
    """A person looks at each first page and says what it says."""
    by_page = {one.sha256: one for one in pages}
    waiting = house.json("review", "list")
    assert len(waiting) == len(pages)
    for each in waiting:
        [shown] = house.json("documents", "show", each["id"])
        sent = by_page[shown["files"][0]["sha256"]]
        house.json("review", "confirm", each["id"], *corrections(shown, sent))


def _is_quiet(house: House) -> bool:
    time.sleep(0.3)  # each look costs the daemon a little
    queue = house.status()["queue"]
    return not any(queue[name] for name in ("queued", "sending", "uncertain"))


def _holds(house: House, world: MailWorld, end: str, pages: list[Sent]) -> Counter[str]:
    """Each page is one document: passed on with what it says and nothing else, or held with a reason."""
    by_page = {one.sha256: one for one in pages}
    arrived = {
        sha256(content): mail.files()
        for mail in world.mails(end)
        for name, content in mail.files().items()
        if name.endswith(".pdf")
    }
    told: Counter[str] = Counter(mails=len(pages))
    for each in house.json("documents", "list", "--limit", "10000"):
        [shown] = house.json("documents", "show", each["id"])
        sent = by_page.pop(shown["files"][0]["sha256"])
        [state] = {one["state"] for one in shown["deliveries"]} - {"cancelled"}
        told[f"{sent.sort}: {state.replace('_', ' ')}"] += 1
        if state == "handed_over":
            assert sent.sort != "forged"
            assert wrong(shown, sent) == [], shown
            assert sent.sha256 in arrived
            told["with a derived UBL"] += _derived(arrived[sent.sha256], shown)
            continue
        [held] = [one for one in shown["deliveries"] if one["state"] == "held"]
        assert held["hold_code"] in WAITS
        assert held["reason"]
        assert sent.sha256 not in arrived
        assert (held["hold_code"] == "new_account") == (sent.sort == "forged"), held
    assert by_page == {}
    return told


def _derived(files: dict[str, bytes], shown: dict[str, Any]) -> int:
    """How many UBLs go along: marked, and with the very figures of the document."""
    written = [content for name, content in files.items() if name.endswith(".xml")]
    for content in written:
        bill = ubl.read(content)
        assert "not issued by the supplier" in bill.notes[0].text
        assert (bill.number, bill.issued_on.isoformat()) == (shown["number"], shown["issued_on"])
        assert bill.totals.gross is not None
        assert f"{bill.totals.gross.value:f}" == shown["total"]
    return len(written)
