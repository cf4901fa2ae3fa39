from __future__ import annotations

import asyncio
import base64
import contextlib
import errno
import os
import smtplib
import socket
import ssl
import time
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import trustme
from structlog.testing import capture_logs

from maild.errors import ConfigError
from maild.intake.filing import Acceptance
from maild.intake.smtp_gate import Limits
from maild.intake.smtp_session import Client
from maild.intake.users import hash_password
from maild.store import documents
from maild.store.blobs import BlobStore
from maild.store.database import Database
from maild.store.faults import StoreUnavailable
from tests.intake.conftest import A_PDF, ACME, SENDER, World, a_mail, a_team, an_invoice

ENVELOPE = f"EHLO c.example\r\nMAIL FROM:<{SENDER}>\r\nRCPT TO:<{ACME}>\r\nDATA\r\n".encode()


class Raw:
    """A client that sends what it is told, byte for byte."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    @classmethod
    async def connected(cls, port: int) -> Raw:
        made = cls(*await asyncio.open_connection("127.0.0.1", port))
        await made.reply()
        return made

    async def reply(self) -> str:
        lines = []
        while True:
            line = (await asyncio.wait_for(self.reader.readline(), 10)).decode()
            lines.append(line)
            if line[3:4] != "-":
                return "".join(lines)

    async def ask(self, *commands: str | bytes) -> list[str]:
        found = []
        for one in commands:
            self.writer.write((one.encode() if isinstance(one, str) else one) + b"\r\n")
            found.append(await self.reply())
        return found

    async def envelope(self) -> None:
        self.writer.write(ENVELOPE)
        for _ in range(4):
            last = await self.reply()
        assert last.startswith("354")

    async def rest(self) -> bytes:
        return await asyncio.wait_for(self.reader.read(), 10)

    async def close(self) -> None:
        self.writer.close()
        with contextlib.suppress(ConnectionError):
            await self.writer.wait_closed()


async def test_a_mail_is_answered_when_it_is_stored(world: World) -> None:
    await world.open()
    code, words = await world.send(a_mail(("f.xml", an_invoice())))
    [document] = await world.documents()
    assert (code, words.split(" ")[0]) == (250, "2.0.0")
    assert "invoice 2026-001" in words
    assert document.id in words


async def test_a_duplicate_is_answered_with_yes_and_says_so(world: World) -> None:
    await world.open()
    raw = a_mail(("f.xml", an_invoice()))
    await world.send(raw)
    code, words = await world.send(raw)
    assert code == 250
    assert "Already known" in words
    assert len(await world.documents()) == 1


NOT_UBL = b'<?xml version="1.0"?><Order xmlns="urn:x"/>'
DOCTYPE = b'<?xml version="1.0"?><!DOCTYPE Invoice [<!ENTITY a "b">]><Invoice>&a;</Invoice>'


@pytest.mark.parametrize(
    ("raw", "code", "words"),
    [
        (b"", "5.6.0", "no file in it"),
        (b"Subject: hello\r\n\r\nplease find attached\r\n", "5.6.0", "no file in it"),
        (a_mail(("f.xml", b"<Invoice><cbc:ID")), "5.6.0", "f.xml"),
        (a_mail(("f.xml", DOCTYPE)), "5.6.0", "DOCTYPE"),
        (a_mail(("f.xml", NOT_UBL)), "5.6.0", '"Order"'),
        (a_mail(("f.pdf", A_PDF)), "5.6.0", "+invoice, +credit, +quote"),
        (a_mail(("f.docx", b"PK\x03\x04 something")), "5.6.0", "+other"),
        (b"Content-Type: multipart/report\r\n\r\n", "5.6.0", "report"),
    ],
    ids=[
        "an empty mail",
        "no attachment",
        "broken XML",
        "a DOCTYPE",
        "another kind of XML",
        "a PDF alone",
        "a text document",
        "a bounce",
    ],
)
async def test_wrong_input_is_refused_in_words(
    world: World, raw: bytes, code: str, words: str
) -> None:
    await world.open()
    status, said = await world.send(raw)
    assert status == 554
    assert said.startswith(code)
    assert words in said
    assert await world.documents() == ()
    assert len(await world.refusals()) == 1


async def test_a_document_of_nobody_here_is_refused_with_both_sides_numbers(world: World) -> None:
    world.teams[0] = a_team(vat=("BE0403170701",))
    await world.open()
    status, said = await world.send(a_mail(("f.xml", an_invoice())))
    assert status == 554
    for words in ("BE0123456749", "BE0403170701", "+purchase"):
        assert words in said


async def test_a_tag_says_it_for_documents_that_do_not(world: World) -> None:
    await world.open()
    status, _ = await world.send(
        a_mail(("Factuur 2026-17.pdf", A_PDF), subject="Factuur voor Bakkerij Jansen"),
        "acme+invoice@post.example",
    )
    [document] = await world.documents()
    assert status == 250
    assert (document.kind, document.number, document.total) == ("invoice", "2026-17", None)
    assert document.counterparty.name == "Bakkerij Jansen"


@pytest.mark.parametrize(
    ("to", "code"),
    [
        ("nobody@post.example", "550 5.1.1"),
        ("acme+nonsense@post.example", "550 5.1.1"),
        ("somebody@elsewhere.example", "550 5.7.1"),
        ("user%elsewhere.example@post.example", "550 5.7.1"),
        ('"a@elsewhere.example"@post.example', "550 5.7.1"),
        ("@post.example:user@elsewhere.example", "550 5.7.1"),
        ("user@[127.0.0.1]", "550 5.7.1"),
        ("<", "553 5.1.3"),
        ("((((((((", "553 5.1.3"),
    ],
)
async def test_only_known_addresses_are_taken(world: World, to: str, code: str) -> None:
    client = await Raw.connected(await world.open())
    said = await client.ask("EHLO c", f"MAIL FROM:<{SENDER}>", f"RCPT TO:<{to}>")
    assert said[-1].startswith(code)
    await client.close()


async def test_commands_that_come_together_are_answered_together(world: World) -> None:
    client = await Raw.connected(await world.open())
    await client.ask("EHLO c")
    client.writer.write(f"MAIL FROM:<{SENDER}>\r\nRCPT TO:<{ACME}>\r\nNOOP\r\n".encode())
    said = await client.reader.read(10_000)
    assert [one[:9] for one in said.decode().splitlines()] == [
        "250 2.1.0",
        "250 2.1.5",
        "250 2.0.0",
    ]
    # What is not whole yet may be a while in coming: nobody waits for it.
    client.writer.write(b"RSET\r\nNO")
    assert (await client.reply()).startswith("250 2.0.0")
    await client.close()


@pytest.mark.parametrize(
    ("given", "address", "rest"),
    [
        ("<a.b+c@x-y.example> SIZE=5000", "a.b+c@x-y.example", "SIZE=5000"),
        ("<a@b>", "a@b", ""),
        ('<"a b"@c.example> BODY=8BITMIME', '"a b"@c.example', "BODY=8BITMIME"),
        ("<@relay.example:a@c.example>", "a@c.example", ""),
        ("<>", "<>", ""),
        ("a@b.example", "a@b.example", ""),
        ("<", None, None),
        ("<" + "(" * 5_000, None, None),
    ],
)
def test_an_address_is_read_as_the_engine_reads_it(
    given: str, address: str | None, rest: str | None
) -> None:
    assert Client._getaddr(Client.__new__(Client), given) == (address, rest)


async def test_upper_and_lower_case_of_an_address_are_one(world: World) -> None:
    await world.open()
    assert (await world.send(a_mail(("f.xml", an_invoice())), "ACME@Post.Example"))[0] == 250


async def test_one_mail_goes_to_one_team_with_one_tag(world: World) -> None:
    world.teams.append(a_team("beta", addresses=("beta@post.example",), vat=("BE0403170701",)))
    client = await Raw.connected(await world.open())
    said = await client.ask(
        "EHLO c",
        f"MAIL FROM:<{SENDER}>",
        "RCPT TO:<acme@post.example>",
        "RCPT TO:<beta@post.example>",
        "RCPT TO:<acme+invoice@post.example>",
        "RCPT TO:<acme+quote@post.example>",
        "RCPT TO:<acme+invoice@post.example>",
    )
    assert [one[:9] for one in said[2:]] == [
        "250 2.1.5",
        "452 4.5.3",
        "250 2.1.5",
        "550 5.1.1",
        "250 2.1.5",
    ]
    await client.close()


async def test_the_null_sender_is_refused(world: World) -> None:
    client = await Raw.connected(await world.open())
    said = await client.ask("EHLO c", "MAIL FROM:<>")
    assert said[1].startswith("550 5.7.1")
    await client.close()


async def test_a_hundred_recipients_are_enough(world: World) -> None:
    client = await Raw.connected(await world.open())
    rcpt = ["RCPT TO:<acme@post.example>"] * 101
    said = await client.ask("EHLO c", f"MAIL FROM:<{SENDER}>", *rcpt)
    assert said[-2].startswith("250")
    assert said[-1].startswith("452 4.5.3")
    await client.close()


async def test_too_large_is_said_at_once_or_after_reading_on(world: World) -> None:
    await world.open(limits=Limits(max_size=100_000))
    client = await Raw.connected(world.port)
    said = await client.ask("EHLO c", f"MAIL FROM:<{SENDER}> SIZE=100001")
    assert said[1].startswith("552 5.3.4")
    await client.close()
    code, words = await world.send(b"x" * 500_000)
    assert (code, words[:5]) == (552, "5.3.4")
    assert "100,000" in words
    [refusal] = await world.refusals()
    assert (refusal.size, refusal.original) == (500_002, None)


async def test_forty_megabytes_are_refused_and_the_connection_stays_usable(world: World) -> None:
    port = await world.open()

    def go() -> list[int]:
        with smtplib.SMTP("127.0.0.1", port, timeout=30) as client:
            client.ehlo("c")
            codes = []
            for raw in (b"x" * 40_000_000, a_mail(("f.xml", an_invoice()))):
                client.mail(SENDER)
                client.rcpt(ACME)
                codes.append(client.data(raw)[0])
            return codes

    assert await asyncio.to_thread(go) == [552, 250]


async def test_a_large_mail_is_kept_byte_for_byte(world: World) -> None:
    await world.open()
    raw = a_mail(("f.xml", an_invoice()), ("f.pdf", A_PDF + os.urandom(900_000)))
    assert (await world.send(raw))[0] == 250
    [document] = await world.documents()
    [arrival] = await world.db.read(partial(documents.arrivals_of, document=document.id))
    stored = await world.desk.blobs.read(arrival.original)
    assert (arrival.size, stored) == (len(stored), raw.removesuffix(b"\r\n") + b"\r\n")
    assert list((world.folder / "blobs" / "parts").iterdir()) == []


async def test_a_large_mail_that_is_refused_is_kept_for_the_team(world: World) -> None:
    await world.open()
    raw = a_mail(("f.docx", b"PK\x03\x04" + os.urandom(900_000)))
    assert (await world.send(raw))[0] == 554
    [refusal] = await world.refusals()
    assert refusal.original is not None
    assert refusal.subject == "documents"
    assert len(await world.desk.blobs.read(refusal.original)) == refusal.size
    assert list((world.folder / "blobs" / "parts").iterdir()) == []


async def test_a_thousand_mails_are_enough_for_one_connection(world: World) -> None:
    client = await Raw.connected(await world.open(limits=Limits(mails=3)))
    await client.ask("EHLO c", *[f"MAIL FROM:<{SENDER}>", "RSET"] * 3)
    client.writer.write(f"MAIL FROM:<{SENDER}>\r\n".encode())
    assert (await client.rest()).startswith(b"421 4.7.0")
    await client.close()


@pytest.mark.parametrize("line", ["PROXY TCP4 192.0.2.1 127.0.0.1 99 25", "POST / HTTP/1.1"])
async def test_who_speaks_another_protocol_is_hung_up_on(world: World, line: str) -> None:
    client = await Raw.connected(await world.open())
    client.writer.write(line.encode() + b"\r\nMAIL FROM:<x@y.example>\r\n")
    assert (await client.rest()).startswith(b"554 5.5.1 ")
    await client.close()


ENDS = [
    b"\n.\n",
    b"\n.\r\n",
    b"\r\n.\n",
    b"\r.\r",
    b"\r.\r\n",
    b"\r\n.\r",
    b"\r\n\0.\r\n",
    b"\r\r\n.\r\r\n",
]


@pytest.mark.parametrize("end", ENDS, ids=[repr(one) for one in ENDS])
async def test_no_second_mail_is_smuggled_in(
    world: World, end: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[bytes] = []
    accept = type(world.desk).accept

    async def watched(desk: Any, submission: Any) -> Acceptance:
        seen.append(submission.raw)
        return await accept(desk, submission)

    monkeypatch.setattr(type(world.desk), "accept", watched)
    client = await Raw.connected(await world.open())
    await client.envelope()
    inner = f"MAIL FROM:<x@y.example>\r\nRCPT TO:<{ACME}>\r\nDATA\r\n".encode()
    body = b"Subject: one\r\n\r\ntext" + end + inner + b"Subject: two\r\n\r\ntwo"
    client.writer.write(body + b"\r\n.\r\nQUIT\r\n")
    assert (await client.reply()).startswith("554 5.6.0")
    assert (await client.reply()).startswith("221")
    # A dot after CRLF is stuffing, whatever comes after it.
    assert seen == [body.replace(b"\r\n.", b"\r\n") + b"\r\n"]
    await client.close()


async def test_odd_bytes_are_taken_as_they_are(world: World) -> None:
    await world.open()
    lines = b"X: " + b"y" * 9_000 + b"\n"
    text = b"Subject: \xe9\xff\0\r\n" + lines + a_mail(("f.xml", an_invoice()))
    client = await Raw.connected(world.port)
    await client.envelope()
    client.writer.write(text + b"\r\n.\r\n")
    assert (await client.reply()).startswith("250 2.0.0")
    await client.close()
    [document] = await world.documents()
    [arrival] = await world.db.read(partial(documents.arrivals_of, document=document.id))
    assert await world.desk.blobs.read(arrival.original) == text + b"\r\n"


@pytest.mark.parametrize(
    "fault",
    [
        RuntimeError("secret detail"),
        StoreUnavailable("database is locked"),
        OSError(5, "I/O error"),
    ],
    ids=["a bug", "a locked database", "an I/O error"],
)
async def test_a_fault_of_ours_is_temporary_for_the_sender(
    world: World, fault: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> None:
        raise fault

    port = await world.open()
    client = await Raw.connected(port)
    with monkeypatch.context() as patch:
        patch.setattr(Database, "write", broken)
        await client.envelope()
        [said] = await client.ask(a_mail(("f.xml", an_invoice())) + b".")
    assert said.startswith("451 4.3.0")
    assert "incident i-" in said
    assert str(fault) not in said
    client.writer.write(ENVELOPE)
    for _ in range(4):
        await client.reply()
    [said] = await client.ask(a_mail(("f.xml", an_invoice())) + b".")
    assert said.startswith("250 2.0.0")
    await client.close()


async def test_a_full_disk_is_told_at_the_beginning_or_at_the_end(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    await world.open(data_dir=world.folder, limits=Limits(max_size=10**18))
    code, words = await world.send(a_mail(("f.xml", an_invoice())))
    assert (code, words[:5]) == (452, "4.3.1")
    await world.open(data_dir=world.folder)
    monkeypatch.setattr(BlobStore, "stage", full)
    code, words = await world.send(a_mail(("f.xml", an_invoice())))
    assert (code, words[:5]) == (452, "4.3.1")


class Slow:
    """Holds the store until it is told to go on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.reached, self.go = asyncio.Event(), asyncio.Event()
        write = Database.write

        async def held(db: Database, fn: Any) -> Any:
            self.reached.set()
            await self.go.wait()
            return await write(db, fn)

        monkeypatch.setattr(Database, "write", held)


@pytest.mark.parametrize("how", ["closes", "resets", "closes its half"])
async def test_what_was_sent_is_stored_when_the_client_leaves_after_the_dot(
    world: World, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = Slow(monkeypatch)
    client = await Raw.connected(await world.open())
    await client.envelope()
    client.writer.write(a_mail(("f.xml", an_invoice())) + b".\r\n")
    await slow.reached.wait()
    if how == "closes its half":
        client.writer.write_eof()
    elif how == "resets":
        sock = client.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        client.writer.transport.abort()
    else:
        await client.close()
    slow.go.set()
    if how == "closes its half":
        assert (await client.rest()).startswith(b"250 2.0.0")
        await client.close()
    assert world.door is not None
    await world.door.drain(5)
    assert len(await world.documents()) == 1


async def test_a_client_that_leaves_inside_the_body_leaves_nothing(world: World) -> None:
    client = await Raw.connected(await world.open())
    await client.envelope()
    client.writer.write(a_mail(("f.xml", an_invoice())))
    await client.writer.drain()
    await client.close()
    assert world.door is not None
    await world.door.drain(5)
    assert await world.documents() == ()
    assert await world.refusals() == ()


async def test_a_slow_client_is_told_and_cut_and_hurts_nobody(world: World) -> None:
    await world.open(limits=Limits(idle=0.2, piece=0.2))
    slow = await Raw.connected(world.port)
    await slow.envelope()
    assert (await world.send(a_mail(("f.xml", an_invoice()))))[0] == 250
    assert (await slow.rest()).startswith(b"421 4.4.2")
    await slow.close()
    idle = await Raw.connected(world.port)
    assert (await idle.rest()).startswith(b"421 4.4.2")
    await idle.close()


async def test_a_slow_client_with_a_large_mail_leaves_no_file(world: World) -> None:
    await world.open(limits=Limits(piece=0.3))
    client = await Raw.connected(world.port)
    await client.envelope()
    client.writer.write(b"x" * 700_000)
    assert (await client.rest()).startswith(b"421 4.4.2")
    await client.close()
    async with asyncio.timeout(5):
        while list((world.folder / "blobs" / "parts").iterdir()):
            await asyncio.sleep(0)


async def test_a_body_that_trickles_is_cut_in_the_end(world: World) -> None:
    await world.open(limits=Limits(piece=5, body=0.2))
    client = await Raw.connected(world.port)
    await client.envelope()
    client.writer.write(b"x" * 70_000)
    assert (await client.rest()).startswith(b"421 4.4.2")
    await client.close()


async def test_too_many_connections_are_told_to_come_back(world: World) -> None:
    port = await world.open(max_connections_per_peer=2)
    first, second = await Raw.connected(port), await Raw.connected(port)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    assert (await reader.read()).startswith(b"421 4.7.0")
    writer.close()
    await first.close()
    await second.close()


async def test_too_many_errors_end_the_dialogue(world: World) -> None:
    client = await Raw.connected(await world.open(limits=Limits(errors=5)))
    client.writer.write(b"EHLO c\r\n" + b"DATA\r\n" * 5)
    assert b"421 4.7.0" in await client.rest()
    await client.close()


async def test_too_many_unknown_commands_end_the_dialogue(world: World) -> None:
    client = await Raw.connected(await world.open())
    client.writer.write(b"XYZZY\r\n" * 100)
    assert (await client.rest()).endswith(b"421 4.7.0 Too many unknown commands\r\n")
    await client.close()


async def test_a_browser_is_hung_up_on(world: World) -> None:
    client = await Raw.connected(await world.open())
    client.writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    assert (await client.rest()).count(b"\r\n") == 1
    await client.close()


async def test_an_address_outside_the_allowed_networks_may_not_hand_in(world: World) -> None:
    client = await Raw.connected(await world.open(allow=("192.0.2.0/24",)))
    said = await client.ask("EHLO c", f"MAIL FROM:<{SENDER}>")
    assert said[1].startswith("550 5.7.1")
    await client.close()


async def test_letters_beyond_ascii_need_smtputf8(world: World) -> None:
    client = await Raw.connected(await world.open())
    said = await client.ask(
        "EHLO c", "MAIL FROM:<zoë@acme.example>", "MAIL FROM:<zoë@acme.example> SMTPUTF8"
    )
    assert said[1].startswith("553 5.6.7")
    assert said[2].startswith("250")
    await client.close()


async def test_the_greeting_names_what_the_door_can(world: World) -> None:
    client = await Raw.connected(await world.open())
    [said] = await client.ask("EHLO c")
    for word in ("SIZE 35000000", "8BITMIME", "SMTPUTF8", "PIPELINING", "ENHANCEDSTATUSCODES"):
        assert word in said
    assert "AUTH" not in said
    assert "STARTTLS" not in said
    await client.close()


async def test_draining_finishes_what_is_in_hand_and_sends_the_others_away(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = Slow(monkeypatch)
    port = await world.open()
    idle, working = await Raw.connected(port), await Raw.connected(port)
    await working.envelope()
    working.writer.write(a_mail(("f.xml", an_invoice())) + b".\r\n")
    await slow.reached.wait()
    assert world.door is not None
    draining = asyncio.create_task(world.door.drain(5))
    assert (await idle.rest()).startswith(b"421 4.3.2")
    slow.go.set()
    said = await working.rest()
    await draining
    assert said.startswith(b"250 2.0.0")
    assert b"421 4.3.2" in said
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", port)
    await idle.close()
    await working.close()


# Logins.


class Secured:
    """A door with a certificate and one user."""

    def __init__(self, folder: Path) -> None:
        self.authority = trustme.CA()
        self.cert, self.key, self.users = folder / "c.pem", folder / "k.pem", folder / "users"
        self.renew()
        self.users.write_text(f"# who\nerp:{hash_password('right')}\n")
        self.context = ssl.create_default_context()
        self.authority.configure_trust(self.context)

    def renew(self) -> None:
        """Put a new certificate and its key in the place of what was there."""
        certificate = self.authority.issue_cert("post.example")
        certificate.private_key_pem.write_to_path(self.key)
        for at, blob in enumerate(certificate.cert_chain_pems):
            blob.write_to_path(self.cert, append=at > 0)

    def shown(self, port: int) -> bytes | None:
        """The certificate that a client sees."""
        with self.client(port) as client:
            assert isinstance(client.sock, ssl.SSLSocket)
            return client.sock.getpeercert(binary_form=True)

    @property
    def options(self) -> dict[str, Any]:
        return {
            "allow": (),
            "tls_cert_file": self.cert,
            "tls_key_file": self.key,
            "users_file": self.users,
        }

    def client(self, port: int) -> smtplib.SMTP:
        client = smtplib.SMTP("127.0.0.1", port, timeout=10)
        client._host = "post.example"  # type: ignore[attr-defined]  # what the certificate must name
        client.ehlo("c")
        client.starttls(context=self.context)
        client.ehlo("c")
        return client


@pytest.mark.parametrize("mechanism", ["auth_plain", "auth_login"])
async def test_a_login_over_tls_opens_the_door(
    world: World, tmp_path: Path, mechanism: str
) -> None:
    secured = Secured(tmp_path)
    port = await world.open(**secured.options)

    def go() -> tuple[int, int]:
        with secured.client(port) as client:
            before = client.mail(SENDER)[0]
            client.user, client.password = "erp", "right"
            name = mechanism.removeprefix("auth_").upper()
            client.auth(name, getattr(client, mechanism))
            client.sendmail(SENDER, [ACME], a_mail(("f.xml", an_invoice())))
            return before, client.noop()[0]

    assert await asyncio.to_thread(go) == (530, 250)
    assert len(await world.documents()) == 1


async def test_a_renewed_certificate_is_shown_to_the_next_client(
    world: World, tmp_path: Path
) -> None:
    secured = Secured(tmp_path)
    port = await world.open(**secured.options)
    first = await asyncio.to_thread(secured.shown, port)
    key = secured.key.read_bytes()
    secured.renew()
    whole = secured.key.read_bytes()
    # Between the two files of a renewal the old pair serves on, and that is told once.
    secured.key.write_bytes(key)
    with capture_logs() as events:
        assert [await asyncio.to_thread(secured.shown, port) for _ in range(2)] == [first, first]
    assert [one["event"] for one in events].count("certificate.kept") == 1
    secured.key.write_bytes(whole)
    second = await asyncio.to_thread(secured.shown, port)
    assert second not in {first, None}
    secured.cert.unlink()
    assert await asyncio.to_thread(secured.shown, port) == second


async def test_a_login_in_the_clear_is_refused(world: World, tmp_path: Path) -> None:
    client = await Raw.connected(await world.open(**Secured(tmp_path).options))
    secret = base64.b64encode(b"\0erp\0right").decode()
    said = await client.ask("EHLO c", f"AUTH PLAIN {secret}")
    assert "AUTH" not in said[0]
    assert said[1].startswith("538 5.7.11")
    await client.close()


async def test_wrong_passwords_are_refused_alike_and_end_the_dialogue(
    world: World, tmp_path: Path
) -> None:
    secured = Secured(tmp_path)
    port = await world.open(**secured.options)

    def go() -> list[tuple[int, bytes]]:
        said = []
        client = secured.client(port)
        for name in ("erp", "nobody", "erp"):
            secret = base64.b64encode(f"\0{name}\0wrong".encode()).decode()
            said.append(client.docmd("AUTH", f"PLAIN {secret}"))
        client.close()
        return said

    said = await asyncio.to_thread(go)
    assert [code for code, _ in said] == [535, 535, 421]
    assert said[0][1] == said[1][1]


async def test_ten_wrong_passwords_close_the_door_to_the_right_one_too(
    world: World, tmp_path: Path
) -> None:
    secured = Secured(tmp_path)
    port = await world.open(**secured.options, limits=Limits(wrong_password=0.001))

    def go() -> list[int]:
        said = []
        for password in [*["wrong"] * 10, "right"]:
            client = secured.client(port)
            secret = base64.b64encode(f"\0erp\0{password}".encode()).decode()
            said.append(client.docmd("AUTH", f"PLAIN {secret}")[0])
            client.close()
        return said

    assert await asyncio.to_thread(go) == [535] * 11


async def test_each_wrong_password_costs_more_time(world: World, tmp_path: Path) -> None:
    secured = Secured(tmp_path)
    port = await world.open(**secured.options, limits=Limits(wrong_password=0.4))

    def go() -> list[float]:
        client = secured.client(port)
        secret, took = base64.b64encode(b"\0erp\0wrong").decode(), []
        for _ in range(2):
            began = time.monotonic()
            client.docmd("AUTH", f"PLAIN {secret}")
            took.append(time.monotonic() - began)
        client.close()
        return took

    first, second = await asyncio.to_thread(go)
    assert first >= 0.4
    assert second >= 0.8


async def test_commands_sent_along_with_starttls_are_dropped(world: World, tmp_path: Path) -> None:
    secured = Secured(tmp_path)
    port = await world.open(**{**secured.options, "allow": ("127.0.0.0/8",)})

    def go() -> tuple[bytes, int]:
        plain = socket.create_connection(("127.0.0.1", port), timeout=10)
        lines = plain.makefile("rb", buffering=0)
        lines.readline()
        plain.sendall(b"EHLO c\r\n")
        while not lines.readline().startswith(b"250 "):
            pass
        plain.sendall(f"STARTTLS\r\nMAIL FROM:<{SENDER}>\r\n".encode())
        ready = lines.readline()
        with secured.context.wrap_socket(plain, server_hostname="post.example") as tls:
            tls.sendall(b"RCPT TO:<acme@post.example>\r\n")
            return ready, int(tls.recv(1000)[:3])

    ready, code = await asyncio.to_thread(go)
    assert ready.startswith(b"220")
    assert code == 503


async def test_a_client_that_cannot_speak_tls_hurts_nobody(world: World, tmp_path: Path) -> None:
    await world.open(**{**Secured(tmp_path).options, "allow": ("127.0.0.0/8",)})
    client = await Raw.connected(world.port)
    await client.ask("EHLO c", "STARTTLS")
    client.writer.write(b"this is no handshake\r\n")
    await client.rest()
    await client.close()
    assert (await world.send(a_mail(("f.xml", an_invoice()))))[0] == 250


async def test_a_users_file_with_mistakes_names_every_line(world: World, tmp_path: Path) -> None:
    users = tmp_path / "users"
    users.write_text("erp:plain password\nonly-a-name\n")
    with pytest.raises(ConfigError) as caught:
        await world.open(users_file=users)
    assert [one.split(":")[1] for one in caught.value.problems] == ["1", "2"]
    assert "plain password" not in str(caught.value)
