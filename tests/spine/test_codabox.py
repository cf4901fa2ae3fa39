"""CodaBox from the first question to the invoice that is there, with a daemon as a process."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from email.message import EmailMessage
from typing import Any

import pytest

from maild.app import App
from maild.joining import Joining
from maild.simulators.codabox.server import CodaBox
from maild.simulators.codabox.world import Entry, Fault
from tests.spine import papers
from tests.spine.conftest import Running
from tests.spine.house import QUICK, Daemon, House, configured
from tests.spine.post import a_mail
from tests.spine.sinks import Sink
from tests.spine.waiting import until

NUMBER = "BE0123456749"


@pytest.fixture
def box() -> Iterator[CodaBox]:
    """A CodaBox that knows the company of the configuration."""
    one = CodaBox()
    one.start()
    one.world.company(NUMBER)
    yield one
    one.stop()


def towards(box: CodaBox, *, path: str = "invoices/sales/") -> tuple[tuple[str, str], ...]:
    """Changes to the configuration: CodaBox as a connector, and where sales go."""
    section = (
        f'[connector.codabox.voici]\nurl = "{box.url}"\nsoftware_company = "{box.world.software}"\n'
        f'[connector.codabox.voici.send]\npath = "{path}"\nerror = "/detail"\nid = "/id"\n'
        'parts = [{ name = "file", content = "ubl" }, { name = "pdf", content = "pdf" }]\n'
        'duplicate = [{ status = 409, at = "/code", contains = "duplicate" }]\n\n[team.acme]'
    )
    return (
        ("[team.acme]", section),
        (
            'books      = { via = "relay", address = "Acme.Verkoop@Inbox.Example", profile = "yuki" }',
            f'books = {{ via = "voici", address = "{NUMBER}" }}',
        ),
    )


def asked(house: House, pasted: str) -> tuple[int, str, str]:
    """`maild connect codabox acme`, with what the person types."""
    command = house.talking("connect", "codabox", "acme")
    out, err = command.communicate(pasted, timeout=60)
    return command.returncode, out, err


def a_text(text: str, *, sender: str, subject: str = "CodaBox") -> EmailMessage:
    """A mail to the team with nothing but text."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, "acme@post.example", subject
    mail.set_content(text)
    return mail


def mailed(box: CodaBox) -> str:
    """The text of the last mail that CodaBox sent."""
    return box.world.mails[-1][1]


def sent(daemon: Daemon, house: House, number: str, *states: str) -> dict[str, Any]:
    assert daemon.hand_in(a_mail(("i.xml", papers.invoice(number)))).code == 250
    return house.settled(number, *states)


def test_a_token_that_comes_by_mail_connects_the_team_and_its_invoices_go(
    house: House, run: Running, sink: Sink, box: CodaBox
) -> None:
    daemon = run(*towards(box), more=QUICK)
    code, out, err = asked(house, "\n")
    assert code == 0, err
    assert NUMBER in out
    mail = a_text(mailed(box), sender="no-reply@codabox.com", subject="Uw toegang")
    assert daemon.hand_in(mail).code == 250
    daemon.wait_for("account.connected")
    document = sent(daemon, house, "2026-7", "handed_over", "handed_over")
    assert box.world.numbers(NUMBER) == ["2026-7"]
    [taken] = box.world.company(NUMBER).invoices
    assert taken.pdf is not None
    assert taken.pdf.startswith(b"%PDF-")
    assert box.world.offences == []
    [proof] = house.json("documents", "proof", document["id"])
    assert proof["problems"] == []
    token = mailed(box).split("token: ")[1].split()[0]
    assert token not in (house.folder / "daemon.log").read_text()
    assert all(
        token.encode() not in one.read_bytes() for one in house.folder.rglob("state/**/*.db*")
    )


def test_a_token_that_is_pasted_connects_the_team(house: House, run: Running, box: CodaBox) -> None:
    daemon = run(*towards(box), more=QUICK)
    command = house.talking("connect", "codabox", "acme")
    until(lambda: bool(box.world.mails))
    token = mailed(box).split("token: ")[1].split()[0]
    out, err = command.communicate(f"{token}\n", timeout=60)
    assert command.returncode == 0, err
    assert "CodaBox lets acme in" in out
    sent(daemon, house, "2026-8", "handed_over", "handed_over")


def test_a_token_of_another_company_is_never_kept(house: House, run: Running, box: CodaBox) -> None:
    daemon = run(*towards(box), more=QUICK)
    assert asked(house, "\n")[0] == 0
    other = box.world.company("BE0403170701")
    other.tokens = {"0123456789abcdef-of-somebody-else"}
    mail = a_text("your token: 0123456789abcdef-of-somebody-else", sender="x@codabox.com")
    assert daemon.hand_in(mail).code == 250
    said = daemon.wait_for("token.refused")
    assert "this token is of BE0403170701, and team acme is BE0123456749" in said["reason"]
    assert house.status()["accounts"] == []


def test_codaboxs_own_reason_is_told_when_it_mails_no_token(
    house: House, run: Running, box: CodaBox
) -> None:
    run(*towards(box))
    box.world.company(NUMBER).office = False
    code, _, err = asked(house, "")
    assert code == 2
    assert "not linked to an accounting office" in err


def test_what_waits_for_a_connection_says_so(
    house: House, run: Running, box: CodaBox, sink: Sink
) -> None:
    daemon = run(*towards(box), more=QUICK)
    assert daemon.hand_in(a_mail(("i.xml", papers.invoice("2026-9")))).code == 250
    document = house.settled("2026-9", "handed_over", "queued")
    [waiting] = [one for one in document["deliveries"] if one["state"] == "queued"]
    until(lambda: house.json("queue", "show", waiting["id"])[0]["attempts"])
    [shown] = house.json("queue", "show", waiting["id"])
    assert "`maild connect codabox acme`" in shown["attempts"][-1]["reply"]
    assert box.world.calls == []


def test_check_refuses_what_cannot_be_sent_and_says_what_to_ask(
    house: House, box: CodaBox, sink: Sink
) -> None:
    house.write(configured(sink.port, *towards(box, path="")))
    said = house.maild("check")
    assert said.code == 78
    assert "Ask api@codabox.com" in said.err + said.out
    assert "mail the office" in said.err + said.out


def test_purchases_come_by_the_feed_and_never_go_back_to_codabox(
    house: House, run: Running, sink: Sink, box: CodaBox
) -> None:
    daemon = run(*towards(box), more=QUICK)
    command = house.talking("connect", "codabox", "acme")
    until(lambda: bool(box.world.mails))
    box.world.company(NUMBER).entries = [
        Entry("purchase_invoice", {"xml": papers.purchase("L-17"), "pdf": papers.a_pdf("L-17")}),
        Entry("coda", {"cod": b"0000001", "pdf": papers.a_pdf("L-17")}),
        Entry("purchase_invoice", {"xml": papers.purchase("L-18")}),
    ]
    token = mailed(box).split("token: ")[1].split()[0]
    command.communicate(f"{token}\n", timeout=60)
    assert command.returncode == 0
    # A daemon looks once a minute; this one looks when it starts.
    daemon.stop()
    with house.running() as daemon:
        assert daemon.wait_for("feed.read")["entries"] == 3
        for number in ("L-17", "L-18"):
            document = house.settled(number, "handed_over")
            assert document["kind"] == "purchase_invoice"
            assert [one["connector"] for one in document["deliveries"]] == ["relay"]
    assert box.world.company(NUMBER).done == 3
    assert box.world.numbers(NUMBER) == []
    assert box.world.offences == []
    assert len(house.documents()) == 2
    # It is not asked again before its time, by another daemon either.
    before = len(box.world.calls)
    with house.running() as daemon:
        daemon.wait_for("daemon.ready")
        assert daemon.hand_in(a_mail(("i.xml", papers.invoice("2026-7")))).code == 250
        house.settled("2026-7", "handed_over", "handed_over")
    assert [one for one in box.world.calls[before:] if "feed" in one] == []


def test_what_waited_goes_by_date_and_once_though_the_daemon_is_killed(
    house: House, box: CodaBox, sink: Sink
) -> None:
    house.write(configured(sink.port, *towards(box), more=QUICK))
    company = box.world.company(NUMBER)
    # Handed in from the newest to the oldest, while no daemon runs.
    days = ["2026-03-04", "2026-02-10", "2026-01-05", "2025-12-30", "2025-11-02"]
    for day in days:
        path = house.folder / f"{day}.xml"
        path.write_bytes(papers.invoice(f"F-{day}", issued_on=date.fromisoformat(day)))
        assert house.maild("send", str(path), "--team", "acme").code == 0
    with house.running() as daemon:
        command = house.talking("connect", "codabox", "acme")
        until(lambda: bool(box.world.mails))
        token = mailed(box).split("token: ")[1].split()[0]
        command.communicate(f"{token}\n", timeout=60)
        assert command.returncode == 0
        # What was closed to them opens with the login, without anybody's help.
        until(lambda: bool(company.invoices))
        daemon.kill()
    box.world.faults[len(box.world.calls) + 1] = Fault.CUT_AFTER
    with house.running():
        for day in days:
            house.settled(f"F-{day}", "handed_over", "handed_over")
    assert [one.issued_on for one in company.invoices] == sorted(days)
    assert box.world.offences == []


def died_at(daemon: Daemon, box: CodaBox, call: str) -> None:
    """Kill the daemon when CodaBox has done what was asked, and has not answered yet."""
    until(lambda: any(one.startswith(call) for one in box.world.calls), explain=daemon.log)
    daemon.kill()


def slow(box: CodaBox, *, after: int) -> None:
    """The call after so many more is answered late."""
    box.world.switches.slow = 5
    box.world.faults[len(box.world.calls) + after] = Fault.SLOW


def seen(box: CodaBox, call: str) -> int:
    return sum(one.startswith(call) for one in box.world.calls)


def test_a_daemon_that_dies_with_the_login_in_hand_goes_on_with_it(
    house: House, run: Running, box: CodaBox
) -> None:
    daemon = run(*towards(box), more=QUICK)
    assert asked(house, "\n")[0] == 0
    slow(box, after=2)
    assert daemon.hand_in(a_text(mailed(box), sender="no-reply@codabox.com")).code == 250
    died_at(daemon, box, "GET clients/")
    with house.running() as again:
        again.wait_for("account.connected")
        assert (seen(box, "GET get-credentials/"), seen(box, "GET clients/")) == (1, 2)
        sent(again, house, "2026-7", "handed_over", "handed_over")


def test_a_login_that_was_lost_in_its_answer_is_told_with_what_to_ask_for(
    house: House, run: Running, box: CodaBox
) -> None:
    daemon = run(*towards(box), more=QUICK)
    assert asked(house, "\n")[0] == 0
    slow(box, after=1)
    assert daemon.hand_in(a_text(mailed(box), sender="no-reply@codabox.com")).code == 250
    died_at(daemon, box, "GET get-credentials/")
    with house.running() as again:
        said = again.wait_for("token.refused")["reason"]
        assert "the login that it gave is lost" in said
        again.wait_for("account.needs_consent")
        assert again.hand_in(a_mail(("i.xml", papers.invoice("2026-9")))).code == 250
        house.settled("2026-9", "handed_over", "queued")
        [waits] = [one for one in house.queue() if one["state"] == "queued"]
        until(lambda: "is lost" in (house.queue("--state", "queued")[0]["reason"] or ""))
        assert "`maild connect codabox acme`" in house.queue("--state", "queued")[0]["reason"]
        assert asked(house, "\n")[0] == 0
        assert again.hand_in(a_text(mailed(box), sender="no-reply@codabox.com")).code == 250
        again.wait_for("account.connected")
        house.settled("2026-9", "handed_over", "handed_over")
        assert waits["id"]


def test_a_mail_is_known_for_a_token_though_the_question_died_before_its_answer(
    house: House, run: Running, box: CodaBox
) -> None:
    daemon = run(*towards(box), more=QUICK)
    slow(box, after=1)
    command = house.talking("connect", "codabox", "acme")
    until(lambda: bool(box.world.mails))
    command.kill()
    command.communicate()
    assert daemon.hand_in(a_text(mailed(box), sender="no-reply@codabox.com")).code == 250
    daemon.wait_for("account.connected")


def test_a_pasted_token_is_taken_up_by_the_daemon_when_the_command_died(
    house: House, run: Running, box: CodaBox
) -> None:
    daemon = run(*towards(box), more=QUICK)
    slow(box, after=3)
    command = house.talking("connect", "codabox", "acme")
    until(lambda: bool(box.world.mails))
    assert command.stdin
    command.stdin.write(f"{mailed(box).split('token: ')[1].split()[0]}\n")
    command.stdin.flush()
    until(lambda: seen(box, "GET clients/") == 1)
    command.kill()
    command.communicate()
    asyncio.run(_look_in(house, after=timedelta(seconds=170)))
    assert seen(box, "GET clients/") == 1  # it may be somebody else's still
    asyncio.run(_look_in(house, after=timedelta(seconds=181)))
    assert (seen(box, "GET get-credentials/"), seen(box, "GET clients/")) == (1, 2)
    sent(daemon, house, "2026-8", "handed_over", "handed_over")


async def _look_in(house: House, *, after: timedelta) -> None:
    """What the daemon does every few seconds, by a clock that is ahead."""
    with contextlib.chdir(house.folder):
        async with App.opened(None, now=lambda: datetime.now(UTC) + after) as app:
            await Joining.of(app).take_letters({team.slug: team for team in app.book.teams})
