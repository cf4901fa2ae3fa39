"""A stranger's invoice in a real mailbox: kept, held, told, and gone only when a person says so."""

from __future__ import annotations

import smtplib
from uuid import uuid4

from tests.servers.world import MailWorld
from tests.spine import mailboxes, papers
from tests.spine.house import House
from tests.spine.post import a_mail, text_of
from tests.spine.waiting import until


def an_address() -> str:
    return f"m{uuid4().hex[:10]}@inbox.test"


def test_a_stranger_waits_until_he_is_let_in_and_is_told_each_time(
    house: House, mail_world: MailWorld
) -> None:
    box, accountant, stranger = an_address(), an_address(), an_address()
    mailboxes.prepared(house, mail_world, [box], accountant=accountant, books=an_address())

    def post(number: str) -> None:
        mail = a_mail(("f.xml", papers.invoice(number)), to=box, sender=stranger)
        mail["Message-ID"] = f"<{number}@inbox.test>"
        with smtplib.LMTP("127.0.0.1", mail_world.dovecot.lmtp_port) as client:
            client.sendmail(stranger, [box], mail.as_bytes())

    with house.running() as daemon:
        daemon.wait_for("mailbox.connected")
        post("L-1")
        [waiting] = until(lambda: house.json("review", "list"), explain=daemon.log)
        assert waiting["number"] == "L-1"
        assert {one["hold_code"] for one in waiting["deliveries"]} == {"unknown_sender"}
        [first] = mail_world.wait_for_mails(stranger, 1)
        answer = first.message
        assert answer["Auto-Submitted"] == "auto-replied"
        assert answer["In-Reply-To"] == "<L-1@inbox.test>"
        assert "L-1" not in text_of(answer)
        assert mail_world.mails(accountant) == []

        shown = house.json("review", "confirm", waiting["id"], "--always")[0]
        assert shown["review"] == "confirmed"
        mail_world.wait_for_mails(accountant, 1)
        assert house.json("review", "list") == []
        [known] = house.json("senders", "list")
        assert known["sender"] == stranger

        post("L-2")
        mail_world.wait_for_mails(accountant, 2)
        last = mail_world.wait_for_mails(stranger, 2)[-1].message
        assert "L-2: ontvangen" in text_of(last)
        assert house.maild("senders", "forget", stranger, "--team", "acme").code == 0
        post("L-3")
        until(lambda: house.json("review", "list"), explain=daemon.log)

        [document] = [one for one in house.documents() if one["number"] == "L-2"]
        house.settled("L-2", "handed_over", "handed_over")
        [again] = house.json("documents", "resend", document["id"])
        assert again["recipient"] == "accountant"
        mail_world.wait_for_mails(accountant, 3)
