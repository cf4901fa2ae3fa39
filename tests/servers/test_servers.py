"""The throw-away servers do what the tests that use them rely on."""

from __future__ import annotations

import os
import smtplib
import ssl
import time
from collections.abc import Callable
from email.message import EmailMessage

import imapclient
import psutil
import pytest

from tests.servers.dovecot import PASSWORD, Dovecot
from tests.servers.fixtures import StartPostfix, StartSink
from tests.servers.instance import Instance, make_folder
from tests.servers.ports import answers, free_port
from tests.servers.postfix import Postfix
from tests.servers.tls import Certificates
from tests.servers.world import MailWorld, settings_towards


def a_mail(to: str, *, subject: str = "Factuur 2026-001") -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "facturen@acme.test", to, subject
    message.set_content("Beste")
    message.add_attachment(b"<Invoice/>", maintype="application", subtype="xml", filename="f.xml")
    return message


def post(port: int, message: EmailMessage) -> None:
    with smtplib.SMTP("127.0.0.1", port, timeout=10) as client:
        client.send_message(message)


def until(happened: Callable[[], bool], *, within: float = 10.0) -> bool:
    deadline = time.monotonic() + within
    while not happened():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def waiting_from(server: Postfix, sender: str) -> list[str]:
    """Whom its queued mails of `sender` are for, without notices of delay, which it queues too."""
    return [one["recipients"][0]["address"] for one in server.queue() if one["sender"] == sender]


def test_mail_for_anybody_ends_in_the_mailbox_of_that_address(mail_world: MailWorld) -> None:
    address = "Acme.Verkoop@Inbox.Example"
    post(mail_world.smtp_port, a_mail(address))
    [received] = mail_world.wait_for_mails(address, 1)
    assert received.message["Subject"] == "Factuur 2026-001"
    assert received.message["Delivered-To"] == address
    assert received.files() == {"f.xml": b"<Invoice/>"}


def test_mailboxes_differ_by_case_and_by_tag(mail_world: MailWorld, fresh_address: str) -> None:
    others = [fresh_address.upper(), fresh_address.replace("@", "+tag@")]
    post(mail_world.smtp_port, a_mail(fresh_address))
    assert mail_world.wait_for_mails(fresh_address, 1)
    assert [mail_world.mails(other) for other in others] == [[], []]


def test_waiting_for_a_mail_that_does_not_come_ends_with_the_count(
    dovecot: Dovecot, fresh_address: str
) -> None:
    with pytest.raises(AssertionError, match=f"{fresh_address} has 0 mails, not 1"):
        dovecot.wait_for_mails(fresh_address, 1, within=0.1)


def test_imap_speaks_tls_with_a_certificate_that_the_authority_of_the_run_signed(
    dovecot: Dovecot, certificates: Certificates, fresh_address: str
) -> None:
    context = certificates.client_context()
    with imapclient.IMAPClient("localhost", port=dovecot.imaps_port, ssl_context=context) as client:
        client.login(fresh_address, PASSWORD)
    with pytest.raises(ssl.SSLCertVerificationError):
        imapclient.IMAPClient(
            "localhost", port=dovecot.imaps_port, ssl_context=ssl.create_default_context()
        )


def test_postfix_asks_dovecot_about_logins_over_tls(
    start_postfix: StartPostfix, dovecot: Dovecot, certificates: Certificates, fresh_address: str
) -> None:
    server = start_postfix(settings=settings_towards(dovecot) | dovecot.sasl_settings)
    with smtplib.SMTP("localhost", server.port, timeout=10) as client:
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            client.send_message(a_mail(fresh_address))
        client.starttls(context=certificates.client_context())
        client.login("somebody", PASSWORD)
        client.send_message(a_mail(fresh_address))
    assert dovecot.wait_for_mails(fresh_address, 1)


def test_a_refused_recipient_is_refused_in_the_session(start_postfix: StartPostfix) -> None:
    refusal = "inline:{ { bad@x.test = 550 5.1.1 no such user } }"
    wanted = {"smtpd_recipient_restrictions": f"check_recipient_access {refusal}, permit"}
    server = start_postfix(transports={"x.test": "discard:"}, settings=wanted)
    post(server.port, a_mail("good@x.test"))
    with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
        post(server.port, a_mail("bad@x.test"))
    code, text = refused.value.recipients["bad@x.test"]
    assert code == 550
    assert b"no such user" in text


def test_postfix_keeps_what_the_next_server_defers_and_what_a_crash_interrupts(
    start_postfix: StartPostfix, start_sink: StartSink
) -> None:
    sink = start_sink("-r", "RCPT", "-b", "451 4.7.1 Greylisted")
    server = start_postfix(transports={"slow.test": f"smtp:[127.0.0.1]:{sink.port}"})
    post(server.port, a_mail("an@slow.test"))
    assert until(lambda: "Greylisted" in server.log())
    server.kill()
    assert not answers(server.port)
    server.start()
    # While Postfix moves a message from one queue to another, a listing has it in none or in both.
    assert until(lambda: waiting_from(server, "facturen@acme.test") == ["an@slow.test"])


def test_what_is_held_leaves_when_it_is_released(
    start_postfix: StartPostfix, start_sink: StartSink
) -> None:
    sink = start_sink()
    server = start_postfix(
        transports={"x.test": f"smtp:[127.0.0.1]:{sink.port}"},
        settings={"smtpd_client_restrictions": "check_client_access static:HOLD"},
    )
    post(server.port, a_mail("an@x.test"))
    assert [message["queue_name"] for message in server.queue()] == ["hold"]
    server.release()
    server.flush()
    assert until(lambda: server.queue() == [])
    [kept] = sink.mails()
    assert b"Subject: Factuur 2026-001" in kept


def test_a_sink_drops_the_line_when_it_is_told_to(start_sink: StartSink) -> None:
    sink = start_sink("-q", "RCPT")
    with pytest.raises(smtplib.SMTPServerDisconnected):
        post(sink.port, a_mail("an@x.test"))
    # The sink opens a file at MAIL and removes it after it has hung up.
    assert until(lambda: sink.mails() == [])


def test_a_server_leaves_no_process_no_port_and_no_folder(
    start_postfix: StartPostfix, certificates: Certificates
) -> None:
    postfix, dovecot = start_postfix(), Dovecot(certificates)
    dovecot.start()
    groups = {postfix.pid, dovecot.pid}
    assert groups <= _process_groups()
    postfix.remove()
    dovecot.remove()
    assert until(lambda: not groups & _process_groups())
    assert not answers(postfix.port)
    assert not answers(dovecot.imap_port)
    assert not postfix.folder.exists()
    assert not dovecot.folder.exists()


def test_a_server_that_ends_early_shows_what_it_said() -> None:
    instance = Instance(make_folder("broken"), log="log")
    complaint = ["sh", "-c", "echo the disk is full >&2; exit 3"]
    with pytest.raises(AssertionError, match=r"ended with 3\n.*the disk is full"):
        instance.start(complaint, port=free_port())
    instance.remove()


def test_a_port_is_given_once() -> None:
    ports = [free_port() for _ in range(200)]
    assert len(set(ports)) == len(ports)
    assert not any(answers(port) for port in ports[:5])


def _process_groups() -> set[int]:
    groups = set()
    for pid in psutil.pids():
        try:
            groups.add(os.getpgid(pid))
        except ProcessLookupError:
            continue
    return groups
