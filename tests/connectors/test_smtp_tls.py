"""No clear text, no wrong server, no password where it does not belong."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import trustme

from maild.errors import Unavailable
from maild.simulators.mailsink import MailSink
from tests.connectors.conftest import Connect, a_parcel, carry

USERS = {"acme": "correct horse"}


class Authority:
    """A certificate authority of this test run, and servers' contexts signed by it."""

    def __init__(self, folder: Path) -> None:
        self._ca = trustme.CA()
        self.file = folder / "ca.pem"
        self._ca.cert_pem.write_to_path(str(self.file))

    def server(self, *names: str, not_after: datetime | None = None) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._ca.issue_cert(*names, not_after=not_after).configure_cert(context)
        return context


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
async def secure(authority: Authority) -> AsyncIterator[MailSink]:
    """A sink with STARTTLS and a login."""
    sink = MailSink(tls=authority.server("127.0.0.1"), users=USERS)
    await sink.start()
    yield sink
    await sink.stop()


async def test_mail_goes_over_starttls_and_the_connection_is_kept(
    secure: MailSink, connect: Connect, authority: Authority
) -> None:
    connector = connect(secure.port, tls="starttls", ca_file=authority.file)
    for _ in range(3):
        await carry(connector, a_parcel((b"x" * 98 + b"\r\n") * 5_000))
    assert [(mail.tls, mail.session) for mail in secure.mails] == [(True, 1)] * 3


async def test_mail_goes_over_implicit_tls(connect: Connect, authority: Authority) -> None:
    sink = MailSink(tls=authority.server("127.0.0.1"), implicit_tls=True)
    connector = connect(await sink.start(), tls="implicit", ca_file=authority.file)
    await carry(connector, a_parcel())
    assert sink.mails[0].tls
    await connector.close()
    await sink.stop()


async def test_without_starttls_nothing_goes_in_clear_text(
    sink: MailSink, connect: Connect, tmp_path: Path
) -> None:
    (tmp_path / "password").write_text("correct horse")
    connector = connect(sink.port, tls="starttls", user="acme", password_file=tmp_path / "password")
    with pytest.raises(Unavailable, match="STARTTLS"):
        await carry(connector, a_parcel())
    assert (sink.steps["AUTH"], sink.steps["MAIL"], sink.count) == (0, 0, 0)


@pytest.mark.parametrize("wrong", ["another name", "expired", "another authority"])
async def test_a_certificate_that_is_not_the_servers_stops_everything(
    connect: Connect, authority: Authority, tmp_path: Path, wrong: str
) -> None:
    past = datetime(2020, 1, 1, tzinfo=UTC)
    (tmp_path / "other").mkdir()
    shown = {
        "another name": authority.server("mail.example"),
        "expired": authority.server("127.0.0.1", not_after=past),
        "another authority": Authority(tmp_path / "other").server("127.0.0.1"),
    }[wrong]
    sink = MailSink(tls=shown)
    connector = connect(await sink.start(), tls="starttls", ca_file=authority.file)
    with pytest.raises(Unavailable, match="certificate is not accepted") as caught:
        await carry(connector, a_parcel())
    assert caught.value.cause == "tls"
    assert sink.steps["MAIL"] == 0
    await sink.stop()


async def test_a_wrong_certificate_is_known_as_such_over_implicit_tls_too(
    connect: Connect, authority: Authority
) -> None:
    sink = MailSink(tls=authority.server("mail.example"), implicit_tls=True)
    connector = connect(await sink.start(), tls="implicit", ca_file=authority.file)
    with pytest.raises(Unavailable, match="certificate") as caught:
        await carry(connector, a_parcel())
    assert caught.value.cause == "tls"
    await sink.stop()


async def test_what_was_said_before_tls_does_not_count_after_it(
    connect: Connect, authority: Authority
) -> None:
    """A man in the middle adds a reply to the 220 of STARTTLS (RFC 3207 section 4.2)."""
    context = authority.server("127.0.0.1")
    heard: list[bytes] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mx ESMTP\r\n")
        await reader.readline()
        writer.write(b"250-mx\r\n250 STARTTLS\r\n")
        await reader.readline()
        writer.write(b"220 go ahead\r\n250-mx\r\n250 AUTH PLAIN\r\n")
        await writer.start_tls(context)
        heard.append(await reader.readline())
        writer.write(b"550 5.7.1 nobody gets in\r\n")
        heard.append(await reader.readline())
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(Unavailable, match="nobody gets in"):
            await carry(connect(port, tls="starttls", ca_file=authority.file), a_parcel())
    assert heard[0].startswith(b"EHLO")
    assert not any(line.startswith(b"AUTH") for line in heard)


async def test_a_login_is_used_and_read_anew_for_each_connection(
    secure: MailSink, connect: Connect, authority: Authority, tmp_path: Path
) -> None:
    password = tmp_path / "password"
    password.write_text("wrong\n")
    connector = connect(
        secure.port,
        tls="starttls",
        ca_file=authority.file,
        user="acme",
        password_file=password,
    )
    with pytest.raises(Unavailable, match=r"535 5\.7\.8"):
        await carry(connector, a_parcel())
    assert secure.steps["MAIL"] == 0
    password.write_text("correct horse\n")
    await carry(connector, a_parcel())
    assert secure.count == 1


async def test_a_password_never_stands_in_a_fault(
    secure: MailSink, connect: Connect, authority: Authority, tmp_path: Path
) -> None:
    (tmp_path / "password").write_text("hunter2")
    connector = connect(
        secure.port,
        tls="starttls",
        ca_file=authority.file,
        user="acme",
        password_file=tmp_path / "password",
    )
    with pytest.raises(Unavailable) as caught:
        await connector.check()
    assert "hunter2" not in repr(caught.value) + repr(caught.value.__cause__)
    assert "hunter2" not in repr(connector.options)


async def test_a_password_file_that_cannot_be_read_rests_the_connector(
    secure: MailSink, connect: Connect, authority: Authority, tmp_path: Path
) -> None:
    connector = connect(
        secure.port,
        tls="starttls",
        ca_file=authority.file,
        user="acme",
        password_file=tmp_path / "gone",
    )
    with pytest.raises(Unavailable, match="gone") as caught:
        await connector.check()
    assert caught.value.cause == "login"


async def test_a_check_that_succeeds_leaves_no_connection(
    secure: MailSink, connect: Connect, authority: Authority
) -> None:
    await connect(secure.port, tls="starttls", ca_file=authority.file).check()
    await secure.until(lambda: not secure.transports)
    assert secure.steps["QUIT"] == 1
