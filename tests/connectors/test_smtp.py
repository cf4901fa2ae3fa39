"""The SMTP connector against a strict server: what arrives, and which fault each failure is."""

from __future__ import annotations

import asyncio
import socket
from datetime import timedelta

import pytest

from maild.connectors import smtp
from maild.errors import ConfigError, Deferred, DeliveryError, Doubtful, Refused, Unavailable
from maild.simulators.mailsink import MailSink
from tests.connectors.conftest import MESSAGE, Connect, Crossing, a_parcel, carry


async def test_a_mail_arrives_byte_for_byte_and_the_reply_is_returned(
    sink: MailSink, connect: Connect
) -> None:
    reply = await carry(connect(sink.port), a_parcel())
    assert reply == "250 2.0.0 kept as 1"
    (mail,) = sink.mails
    assert mail.content == MESSAGE
    assert (mail.sender, mail.recipients) == ("facturen@acme.example", ("an@kantoor.example",))


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b".\r\n", id="a dot alone at the start"),
        pytest.param(b"x\r\n.\r\ny\r\n", id="a dot alone in the middle"),
        pytest.param(b"..\r\n.x\r\n", id="dots at line starts"),
        pytest.param(b"x\r\n" * 200_000, id="600 kB of short lines"),
    ],
)
@pytest.mark.parametrize("extensions", [("PIPELINING",), ()], ids=["pipelined", "step by step"])
async def test_no_body_can_end_the_mail_early(
    connect: Connect, body: bytes, extensions: tuple[str, ...]
) -> None:
    sink = MailSink(extensions=extensions)
    connector = connect(await sink.start())
    for _ in range(2):
        await carry(connector, a_parcel(body))
    assert [mail.content for mail in sink.mails] == [body, body]
    await sink.stop()


async def test_the_case_of_the_local_part_is_kept(sink: MailSink, connect: Connect) -> None:
    await carry(connect(sink.port), a_parcel(address="Acme.Verkoop@Inbox.Example"))
    assert sink.mails[0].recipients == ("Acme.Verkoop@Inbox.Example",)


async def test_the_null_sender_goes_out_as_such(sink: MailSink, connect: Connect) -> None:
    await carry(connect(sink.port), a_parcel(sender=""))
    assert sink.mails[0].sender == ""


async def test_one_connection_carries_many_mails_up_to_its_limit(
    sink: MailSink, connect: Connect
) -> None:
    connector = connect(sink.port, mails_per_connection=3)
    for _ in range(7):
        await carry(connector, a_parcel())
    assert [mail.session for mail in sink.mails] == [1, 1, 1, 2, 2, 2, 3]


async def test_an_unused_connection_is_closed_after_a_while(
    sink: MailSink, connect: Connect
) -> None:
    await carry(connect(sink.port, keep=timedelta(milliseconds=20)), a_parcel())
    await sink.until(lambda: sink.steps["QUIT"] == 1 and not sink.transports)


async def test_a_connection_that_the_server_closed_while_idle_is_replaced_in_silence(
    sink: MailSink, connect: Connect
) -> None:
    connector = connect(sink.port)
    await carry(connector, a_parcel())
    sink.hang_up()
    await carry(connector, a_parcel())
    assert [mail.session for mail in sink.mails] == [1, 2]


@pytest.mark.parametrize("extensions", [("PIPELINING",), ()], ids=["pipelined", "step by step"])
async def test_a_farewell_on_a_kept_connection_is_no_fault_of_the_next_mail(
    connect: Connect, extensions: tuple[str, ...]
) -> None:
    sink = MailSink(extensions=extensions)
    connector = connect(await sink.start())
    await carry(connector, a_parcel())
    sink.faults.reply["RSET"] = "421 4.4.2 idle for too long"
    await carry(connector, a_parcel())
    assert [mail.session for mail in sink.mails] == [1, 2]
    await sink.stop()


LONG = b"\r\n" * 8_000_000  # more than the buffers between two sockets hold
BEFORE_THE_DOT = [
    ("EHLO", "550 5.7.1 go away", Unavailable),
    ("MAIL", "451 4.3.0 later", Deferred),
    ("MAIL", "501 5.1.7 bad sender", Refused),
    ("MAIL", "530 5.7.0 log in first", Unavailable),
    ("MAIL", "550 5.7.1 you may not send as acme.example", Unavailable),
    ("MAIL", "421 4.3.2 closing", Unavailable),
    ("RCPT", "450 4.2.1 mailbox busy", Deferred),
    ("RCPT", "550 5.1.1 no such user", Refused),
    ("RCPT", "554 5.7.1 this mailbox takes no mail of yours", Refused),
    ("DATA", "452 4.3.1 disk full", Deferred),
    ("DATA", "554 5.7.1 no", Refused),
    ("DATA", "250 2.0.0 what?", Deferred),
    ("BODY", "550 5.6.0 nothing of this kind", Refused),
    ("BODY", "452 4.3.1 disk full", Deferred),
]


@pytest.mark.parametrize("extensions", [("PIPELINING",), ()], ids=["pipelined", "step by step"])
@pytest.mark.parametrize(("step", "reply", "fault"), BEFORE_THE_DOT)
async def test_a_refusal_before_the_dot_is_named_and_nothing_is_in_doubt(
    connect: Connect,
    step: str,
    reply: str,
    fault: type[DeliveryError],
    extensions: tuple[str, ...],
) -> None:
    sink = MailSink(extensions=extensions)
    connector = connect(await sink.start())
    sink.faults.reply[step] = reply
    crossing = Crossing()
    body = LONG if step == "BODY" else MESSAGE
    with pytest.raises(DeliveryError) as caught:
        await connector.deliver(a_parcel(body), point_of_no_return=crossing)
    assert type(caught.value) is fault
    assert reply in caught.value.reply
    assert crossing.reached == 0
    sink.faults.reply.clear()
    await carry(connector, a_parcel())  # the refusal did not bring the dialogue out of step
    assert [mail.content for mail in sink.mails] == [MESSAGE]
    await sink.stop()


@pytest.mark.parametrize(
    ("reply", "fault"),
    [
        ("451 4.7.1 greylisted", Deferred),
        ("421 4.3.2 closing", Unavailable),
        ("554 5.7.1 looks like spam", Refused),
        ("552 5.3.4 too large", Refused),
        (
            "554 5.2.252 SendAsDenied; a@acme.example not allowed to send as b@acme.example",
            Unavailable,
        ),
        (
            "550 5.7.60 SMTP; Client does not have permissions to send as this sender",
            Unavailable,
        ),
    ],
)
async def test_a_reply_to_the_dot_is_never_in_doubt(
    sink: MailSink, connect: Connect, reply: str, fault: type[DeliveryError]
) -> None:
    sink.faults.reply["DOT"] = reply
    with pytest.raises(DeliveryError) as caught:
        await carry(connect(sink.port), a_parcel())
    assert type(caught.value) is fault
    assert caught.value.reply == reply


@pytest.mark.parametrize("step", ["CONNECT", "EHLO", "MAIL", "RCPT", "DATA"])
async def test_a_connection_that_drops_before_the_body_rests_the_connector(
    sink: MailSink, connect: Connect, step: str
) -> None:
    sink.faults.drop.add(step)
    crossing = Crossing()
    with pytest.raises(Unavailable):
        await connect(sink.port).deliver(a_parcel(), point_of_no_return=crossing)
    assert (crossing.reached, sink.count) == (0, 0)


async def test_a_connection_that_drops_in_the_body_is_charged_to_the_mail(
    sink: MailSink, connect: Connect
) -> None:
    sink.faults.drop.add("BODY")
    with pytest.raises(Deferred) as caught:
        await carry(connect(sink.port), a_parcel(LONG))
    assert type(caught.value) is Deferred
    assert sink.count == 0


@pytest.mark.parametrize(
    ("farewell", "kind"),
    [(b"", Deferred), (b"421 4.3.2 shutting down\r\n", Unavailable)],
    ids=["in silence", "with a word"],
)
async def test_a_connection_that_drops_before_the_dot_is_written_leaves_no_doubt(
    sink: MailSink, connect: Connect, farewell: bytes, kind: type[Deferred]
) -> None:
    async def hangs_up_meanwhile() -> None:
        for transport in sink.transports:
            transport.write(farewell)
            transport.close()
        await sink.until(lambda: not sink.transports)
        for _ in range(20):  # turns of the loop, in which our side hears of it
            await asyncio.sleep(0)

    with pytest.raises(DeliveryError) as caught:
        await connect(sink.port).deliver(a_parcel(), point_of_no_return=hangs_up_meanwhile)
    assert type(caught.value) is kind
    assert (sink.steps["DATA"], sink.count) == (1, 0)


async def test_no_reply_after_the_dot_leaves_a_doubt(sink: MailSink, connect: Connect) -> None:
    sink.faults.drop.add("DOT")
    crossing = Crossing()
    with pytest.raises(Doubtful, match="no answer to the end of the message"):
        await connect(sink.port).deliver(a_parcel(), point_of_no_return=crossing)
    assert (crossing.reached, sink.count) == (1, 1)


async def test_the_reply_to_the_dot_is_waited_for_and_then_doubted(
    sink: MailSink, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert smtp.DOT_SECONDS == 600  # RFC 5321 section 4.5.3.2.6
    monkeypatch.setattr(smtp, "DOT_SECONDS", 0.05)
    sink.faults.delay["DOT"] = 60
    with pytest.raises(Doubtful, match=r"within 0\.05 s"):
        await carry(connect(sink.port), a_parcel())


async def test_the_dot_is_not_sent_when_the_point_of_no_return_cannot_be_written(
    sink: MailSink, connect: Connect
) -> None:
    async def disk_full() -> None:
        raise OSError("no space left on device")

    connector = connect(sink.port)
    with pytest.raises(OSError, match="no space"):
        await connector.deliver(a_parcel(), point_of_no_return=disk_full)
    await sink.until(lambda: not sink.transports)
    assert (sink.steps["DATA"], sink.count) == (1, 0)


async def test_a_delivery_that_is_cancelled_leaves_no_connection(
    sink: MailSink, connect: Connect
) -> None:
    sink.faults.delay["DOT"] = 60
    task = asyncio.ensure_future(carry(connect(sink.port), a_parcel()))
    await sink.until(lambda: sink.count == 1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await sink.until(lambda: not sink.transports)


async def test_a_mail_over_the_servers_size_is_refused_with_the_number(connect: Connect) -> None:
    sink = MailSink(max_size=1000)
    connector = connect(await sink.start())
    with pytest.raises(
        Refused, match=r"552 5\.3\.4 the message has 2000 bytes and .* at most 1000"
    ):
        await carry(connector, a_parcel(b"x" * 98 + b"\r\n" + (b"x" * 98 + b"\r\n") * 19))
    assert sink.steps["MAIL"] == 0
    await carry(connector, a_parcel())
    assert sink.mails[0].session == 1
    await sink.stop()


async def test_an_international_address_goes_out_where_the_server_takes_it(
    sink: MailSink, connect: Connect
) -> None:
    await carry(connect(sink.port), a_parcel(address="café@kantoor.example"))
    assert sink.mails[0].recipients == ("café@kantoor.example",)


async def test_an_international_address_is_refused_before_sending_elsewhere(
    connect: Connect,
) -> None:
    sink = MailSink(extensions=())
    with pytest.raises(Refused, match=r"553 5\.6\.7 'café@kantoor\.example'"):
        await carry(connect(await sink.start()), a_parcel(address="café@kantoor.example"))
    assert sink.steps["MAIL"] == 0
    await sink.stop()


@pytest.mark.parametrize(
    "address",
    [
        "a@b.example>\r\nRCPT TO:<c@d.example",
        "a@b.example\r\n",
        "a@b.example\0",
        "a b@c.example",
        "a@b\u2028c.example",
        "nobody",
        "@b.example",
        "a@",
        "",
        "x" * 65 + "@b.example",
        "a@" + "b" * 260,
        pytest.param("\ud800@b.example", id="half a character"),
    ],
)
async def test_an_address_that_could_carry_a_command_is_never_sent(
    sink: MailSink, connect: Connect, address: str
) -> None:
    with pytest.raises(Refused, match=r"501 5\.1\.3"):
        await carry(connect(sink.port), a_parcel(address=address))
    assert sink.steps["CONNECT"] == 0


@pytest.mark.parametrize("message", [b"a\nb\r\n", b"a\rb\r\n", b"a\r\n.\nb\r\n"])
async def test_a_message_with_bare_line_ends_is_a_bug_of_ours(
    sink: MailSink, connect: Connect, message: bytes
) -> None:
    with pytest.raises(ValueError, match="CRLF"):
        await carry(connect(sink.port), a_parcel(message))
    assert sink.steps["CONNECT"] == 0


async def test_a_greylisted_mail_says_when_to_come_back(sink: MailSink, connect: Connect) -> None:
    sink.faults.reply["RCPT"] = "450 4.7.1 Greylisted, try again in 5 minutes"
    with pytest.raises(Deferred) as caught:
        await carry(connect(sink.port), a_parcel())
    assert caught.value.retry_after == timedelta(minutes=5)


async def test_nobody_listening_rests_the_connector(connect: Connect, free_port: int) -> None:
    with pytest.raises(Unavailable, match=f"127.0.0.1:{free_port} cannot be used"):
        await carry(connect(free_port), a_parcel())


@pytest.mark.parametrize("said", [b"hello\r\n", b"220-\r\n" * 40_000, b"HTTP/1.1 400 Bad\r\n\r\n"])
async def test_a_server_that_speaks_something_else_rests_the_connector(
    connect: Connect, said: bytes
) -> None:
    async def talk(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(said)
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0, family=socket.AF_INET)
    async with server:
        with pytest.raises(Unavailable):
            await carry(connect(server.sockets[0].getsockname()[1]), a_parcel())


async def test_garbage_instead_of_the_reply_to_the_dot_leaves_a_doubt(
    sink: MailSink, connect: Connect
) -> None:
    sink.faults.reply["DOT"] = "\N{SNOWMAN}" * 50
    with pytest.raises(Doubtful, match="no SMTP reply"):
        await carry(connect(sink.port), a_parcel())


async def test_clear_text_to_another_machine_is_a_mistake_of_the_configuration(
    connect: Connect,
) -> None:
    with pytest.raises(ConfigError, match="clear text"):
        connect(25, host="mail.example")
