"""A real Postfix that bounces, delays and passes on, and `maild run`, which hears of it.

Reports come back to the daemon's own door by the signed return path, or, where a provider wants the
account's address, into a mailbox from which they are handed in.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.servers.fixtures import StartPostfix, StartSink
from tests.servers.instance import require
from tests.servers.ports import free_port
from tests.servers.smtp_sink import SmtpSink
from tests.spine import papers
from tests.spine.house import ACCOUNTANT, BOOKS, OWNER, PEOPLE, PERSON, Daemon, House, configured
from tests.spine.post import TEAM, a_mail, read_mail
from tests.spine.waiting import until

UNKNOWN = "550 5.1.1 <inbox>: Recipient address rejected: User unknown"
GREY = "451 4.7.1 Greylisting in action, please come back later"
RELAY = 'tls = "none" '
SIGNED = (RELAY, 'tls = "none"\nreturn_path = "verp"\ndsn = "all"\n# ')
ALL = (RELAY, 'tls = "none"\ndsn = "all"\n# ')


@dataclass(frozen=True, slots=True)
class World:
    """A daemon, the Postfix it sends to, and where mail to the team's own people ends."""

    house: House
    daemon: Daemon
    people: SmtpSink

    def delivery(self, address: str) -> dict[str, Any]:
        [found] = [one for one in self.house.queue() if one["address"] == address]
        return found

    def wait_for(self, address: str, *actions: str) -> dict[str, Any]:
        """A delivery as soon as these reports about it have come, in their order."""

        def come() -> bool:
            return tuple(one["action"] for one in self.delivery(address)["returns"]) == actions

        until(come, explain=lambda: f"{self.house.queue()}\n{self.daemon.log()}")
        return self.delivery(address)

    def both_reports(self) -> list[bytes]:
        """The two reports that came to people, once they are whole: a MIME mail ends its last part."""
        whole = [one for one in self.people.mails() if one.rstrip().endswith(b"--")]
        return whole if len(whole) == 2 else []

    def mails_to(self, address: str) -> list[bytes]:
        return [one for one in self.people.mails() if f"<{address}>".encode() in one[:600]]


@pytest.fixture
def start(house: House, start_postfix: StartPostfix, start_sink: StartSink) -> Iterator[Any]:
    """A function that starts the world with changes to the configuration."""
    require("postconf")
    with ExitStack() as stack:

        def begin(*changes: tuple[str, str]) -> World:
            door = free_port()
            people = start_sink()
            hops = {
                "unknown.test": start_sink("-f", "RCPT", "-B", UNKNOWN),
                "grey.test": start_sink("-r", "RCPT", "-b", GREY),
                "good.test": start_sink("-N"),  # no DSN there: ours says "relayed"
                "acme.example": people,
            }
            transports = {name: f"smtp:[127.0.0.1]:{hop.port}" for name, hop in hops.items()}
            transports["post.example"] = f"smtp:[127.0.0.1]:{door}"
            relay = start_postfix(transports=transports)
            house.write(configured(relay.port, PEOPLE, *changes, listen=door))
            return World(house, stack.enter_context(house.running()), people)

        yield begin


def test_reports_come_back_by_the_signed_return_path(start: Any) -> None:
    world: World = start(
        SIGNED,
        (ACCOUNTANT, "inbox@unknown.test"),
        (BOOKS, "Inbox@good.test"),
        (OWNER, "baas@grey.test"),
    )
    files = [("i.xml", papers.invoice("2026-1"))]
    assert world.daemon.hand_in(a_mail(*files)).code == 250
    assert world.daemon.hand_in(a_mail(("q.xml", papers.quote("Q-1")))).code == 250

    bounced = world.wait_for("inbox@unknown.test", "failed")
    assert bounced["state"] == "bounced"
    assert bounced["reason"].startswith("There is no such mailbox. (550 5.1.1")
    [back] = bounced["returns"]
    assert (back["source"], back["status"], back["recipient"]) == (
        "smtp",
        "5.1.1",
        bounced["address"],
    )

    confirmed = world.wait_for("Inbox@good.test", "relayed")
    assert confirmed["state"] == "confirmed"

    # Greylisting does not end here: a delay is shown, then Postfix gives up after six seconds.
    given_up = world.wait_for("baas@grey.test", "delayed", "failed")
    assert given_up["state"] == "bounced"
    assert [one["status"] for one in given_up["returns"]] == ["4.7.1", "4.7.1"]

    until(lambda: len(world.mails_to(PERSON)) == 2)
    told = world.mails_to(PERSON)
    subjects = sorted(str(read_mail(_message(one))["Subject"]) for one in told)
    assert [one.partition(":")[0] for one in subjects] == ["Teruggekomen", "Teruggekomen"]
    story = world.house.documents("--number", "2026-1")[0]
    shown = world.house.json("documents", "show", story["id"])[0]["story"]
    assert {"delivery.bounced", "delivery.confirmed"} <= {one["event"] for one in shown}
    said = world.house.maild("queue", "show", bounced["id"]).out
    assert "There is no such mailbox." in said

    [proof] = world.house.json("documents", "proof", story["id"])
    proven = {one["address"]: one for one in proof["deliveries"]}
    assert proof["problems"] == []
    for one, action in ((bounced, "failed"), (confirmed, "relayed")):
        found = proven[one["address"]]
        assert found["reply"].startswith("250 2.0.0 Ok: queued as")
        assert [(each["action"], each["intact"]) for each in found["returns"]] == [(action, True)]


def test_reports_in_a_mailbox_are_matched_by_what_they_repeat(start: Any) -> None:
    world: World = start(ALL, (ACCOUNTANT, "inbox@unknown.test"), (BOOKS, "Inbox@good.test"))
    assert world.daemon.hand_in(a_mail(("i.xml", papers.invoice("2026-2")))).code == 250
    # To the account's own address, as another mail server would hand them in.
    for one in until(world.both_reports):
        reply = world.daemon.hand_in(_message(one), TEAM)
        assert reply.code == 250, reply
    assert world.wait_for("inbox@unknown.test", "failed")["state"] == "bounced"
    assert world.wait_for("Inbox@good.test", "relayed")["state"] == "confirmed"


def test_a_report_about_an_international_address_is_read(start: Any) -> None:
    world: World = start(SIGNED, (OWNER, "bücher@unknown.test"))
    assert world.daemon.hand_in(a_mail(("q.xml", papers.quote("Q-2")))).code == 250
    bounced = world.wait_for("bücher@unknown.test", "failed")
    assert bounced["state"] == "bounced"
    [back] = bounced["returns"]
    assert (back["recipient"], back["status"]) == ("bücher@unknown.test", "5.6.7")
    arrived = _blob(world.house.folder, back["sha256"])
    assert b"message/global-delivery-status" in arrived  # RFC 6533 and not RFC 3464


def test_a_notice_that_bounces_is_the_end_of_it(start: Any) -> None:
    world: World = start(SIGNED, (ACCOUNTANT, "inbox@unknown.test"), (PERSON, "chef@unknown.test"))
    assert world.daemon.hand_in(a_mail(("i.xml", papers.invoice("2026-3")))).code == 250
    assert world.wait_for("inbox@unknown.test", "failed")["state"] == "bounced"
    notice = world.wait_for("chef@unknown.test", "failed")
    assert (notice["purpose"], notice["state"]) == ("notice", "bounced")
    world.daemon.wait_for("delivery.bounced", count=2)
    assert len([one for one in world.house.queue() if one["purpose"] == "notice"]) == 1


def test_a_forged_report_is_logged_and_changes_nothing(start: Any) -> None:
    world: World = start(SIGNED, (ACCOUNTANT, "Inbox@good.test"))
    assert world.daemon.hand_in(a_mail(("i.xml", papers.invoice("2026-4")))).code == 250
    sent = world.wait_for("Inbox@good.test", "relayed")
    forged = f"bounces+{sent['id'][2:]}{'0' * 20}@post.example"
    assert world.daemon.hand_in(b"Subject: Undelivered Mail\r\n\r\n", forged).code == 550
    assert world.daemon.wait_for("return.unknown")["reason"] == "its token is forged or too old"
    assert len(world.delivery("Inbox@good.test")["returns"]) == 1


def _message(kept: bytes) -> bytes:
    """A mail as it was, without the lines that smtp-sink writes about its envelope."""
    head, _, rest = kept.partition(b"\nReceived:")
    assert head.startswith(b"X-")
    return (b"Received:" + rest).replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def _blob(folder: Path, key: str) -> bytes:
    """The bytes of that hash: a file of the store, or a row of its database."""
    with sqlite3.connect(folder / "state" / "maild.db") as db:
        row = db.execute("SELECT content FROM small_blobs WHERE sha256 = ?", (key,)).fetchone()
    return bytes(row[0])
