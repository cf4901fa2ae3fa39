"""The SMTP connector against servers that others wrote: Postfix and its smtp-sink."""

from __future__ import annotations

import pytest

from maild.errors import Deferred, DeliveryError, Doubtful, Refused, Unavailable
from tests.connectors.conftest import MESSAGE, Connect, Crossing, a_parcel, carry
from tests.servers.fixtures import StartPostfix, StartSink
from tests.servers.tls import Certificates

REFUSALS = [
    (("-f", "MAIL", "-B", "550 5.7.1 not from you"), Unavailable),
    (("-r", "MAIL"), Deferred),
    (("-f", "RCPT", "-B", "550 5.1.1 no such user"), Refused),
    (("-r", "RCPT", "-b", "451 4.7.1 Greylisted"), Deferred),
    (("-f", "DATA"), Refused),
    (("-r", "DATA"), Deferred),
    (("-f", "."), Refused),
    (("-r", "."), Deferred),
    (("-Q", "CONNECT"), Unavailable),
    (("-Q", "MAIL"), Unavailable),
    (("-q", "RCPT"), Unavailable),
    (("-q", "."), Doubtful),
]


@pytest.mark.parametrize("extra", [(), ("-p",)], ids=["pipelined", "step by step"])
@pytest.mark.parametrize(("options", "fault"), REFUSALS, ids=str)
async def test_each_refusal_of_smtp_sink_is_the_fault_it_should_be(
    start_sink: StartSink,
    connect: Connect,
    options: tuple[str, ...],
    fault: type[DeliveryError],
    extra: tuple[str, ...],
) -> None:
    sink = start_sink(*extra, *options)
    crossing = Crossing()
    with pytest.raises(DeliveryError) as caught:
        await connect(sink.port).deliver(a_parcel(), point_of_no_return=crossing)
    assert type(caught.value) is fault
    assert crossing.reached == ("." in options)


async def test_smtp_sink_keeps_what_was_sent(start_sink: StartSink, connect: Connect) -> None:
    sink = start_sink()
    connector = connect(sink.port)
    for _ in range(3):
        await carry(connector, a_parcel(MESSAGE))
    mails = sink.mails()
    assert len(mails) == 3
    body = MESSAGE.replace(b"\r\n", b"\n")
    assert all(body in mail for mail in mails), mails[0]


async def test_a_550_in_the_middle_of_the_body_is_read(
    start_sink: StartSink, connect: Connect
) -> None:
    sink = start_sink("-A", "1")
    with pytest.raises(Refused):
        await carry(connect(sink.port), a_parcel(b"x" * 70 + b"\r\n" * 8_000_000))


async def test_postfix_takes_mail_over_starttls(
    start_postfix: StartPostfix, connect: Connect, certificates: Certificates
) -> None:
    server = start_postfix(
        settings={"default_transport": "hold:"} | {"header_checks": "static:HOLD"}
    )
    connector = connect(
        server.port, host="localhost", tls="starttls", ca_file=certificates.authority
    )
    for _ in range(3):
        reply = await carry(connector, a_parcel(b"Subject: one\r\n\r\n.dot\r\n"))
        assert reply.startswith("250 2.0.0 Ok: queued as ")
    assert len(server.queue()) == 3


async def test_postfix_refuses_by_its_size(start_postfix: StartPostfix, connect: Connect) -> None:
    server = start_postfix(settings={"message_size_limit": "20000"})
    with pytest.raises(Refused, match=r"552 5\.3\.4 the message has 30000 bytes"):
        await carry(connect(server.port), a_parcel((b"x" * 98 + b"\r\n") * 300))
