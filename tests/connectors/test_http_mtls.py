"""Services that want a certificate of whoever asks, over real TLS on loopback."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import trustme

from maild.connectors.http_tls import Tls
from maild.errors import Unavailable
from maild.simulators.http_wire import Listener
from tests.connectors.conftest import Crossing
from tests.connectors.goods import a_relay_parcel
from tests.connectors.office import Office, said

FIND = {"find": {"path": "invoices?reference={reference}", "found": "/items/0/id"}}
PAST = datetime.now(UTC) - timedelta(days=2)


@dataclass
class Guarded:
    """An office behind TLS that lets in whom its authority knows, and files of those who ask."""

    folder: Path
    newest: ssl.TLSVersion
    authority: trustme.CA = field(default_factory=trustme.CA)

    def __post_init__(self) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.maximum_version = self.newest
        self.authority.issue_cert("127.0.0.1").configure_cert(context)
        self.authority.configure_trust(context)
        context.verify_mode = ssl.CERT_REQUIRED
        self.office = Office()
        self.office.listener = Listener(self.office.answer, tls=context)
        self.authority.cert_pem.write_to_path(str(self.folder / "ca.pem"))

    def tables(self, by: trustme.CA | None, **dates: Any) -> dict[str, str]:
        """What the configuration says of somebody with a certificate of that authority."""
        named = {"ca_file": str(self.folder / "ca.pem")}
        if by is None:
            return named
        issued = by.issue_cert("maild.example", **dates)
        (self.folder / "cert.pem").write_bytes(
            b"".join(one.bytes() for one in issued.cert_chain_pems)
        )
        issued.private_key_pem.write_to_path(str(self.folder / "key.pem"))
        files = {f"{name}_file": str(self.folder / f"{name}.pem") for name in ("cert", "key")}
        return named | files

    async def deliver(self, **tables: Any) -> tuple[str, int]:
        """What a delivery says, and how often its point of no return was passed."""
        crossing = Crossing()
        connector = self.office.connector(**tables)
        reply = await connector.deliver(a_relay_parcel(), point_of_no_return=crossing)
        return reply, crossing.reached

    async def fails(self, **tables: Any) -> Unavailable:
        """The fault of a delivery that does not begin: nothing was passed, nothing is there."""
        crossing = Crossing()
        connector = self.office.connector(**tables)
        with pytest.raises(Unavailable) as told:
            await connector.deliver(a_relay_parcel(), point_of_no_return=crossing)
        assert (crossing.reached, self.office.kept) == (0, [])
        return told.value


@pytest.fixture(params=[ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["1.2", "1.3"])
def guarded(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Guarded]:
    one = Guarded(tmp_path, request.param)
    one.office.listener.start()
    yield one
    one.office.listener.stop()


async def test_whoever_shows_a_certificate_that_is_known_is_let_in(guarded: Guarded) -> None:
    tables = guarded.tables(guarded.authority)
    assert await guarded.deliver(**tables) == ("201 as r-1", 1)
    assert [one.method for one in guarded.office.asked] == ["GET", "POST"]
    await guarded.office.connector(**tables).check()


async def test_a_look_for_the_document_is_question_enough(guarded: Guarded) -> None:
    tables = guarded.tables(guarded.authority) | FIND
    assert await guarded.deliver(**tables) == ("201 as r-1", 1)
    assert [one.method for one in guarded.office.asked] == ["GET", "POST"]
    assert guarded.office.asked[0].query.startswith("reference=")


async def test_a_token_is_asked_for_with_the_certificate_too(guarded: Guarded) -> None:
    secret = guarded.folder / "secret"
    secret.write_text("s", "utf-8")
    token = {
        "auth": "oauth2",
        "username": "acme",
        "password_file": str(secret),
        "token_url": f"{guarded.office.url}token",
    }
    assert await guarded.deliver(**guarded.tables(guarded.authority), **token) == ("201 as r-1", 1)
    posted = [one for one in guarded.office.asked if one.path == "/api/invoices"]
    assert posted[0].headers["authorization"] == "Bearer t-1"
    with pytest.raises(Unavailable):
        await guarded.deliver(**guarded.tables(trustme.CA()), **token)


@pytest.mark.parametrize("more", [{}, FIND], ids=["sent at once", "looked for"])
@pytest.mark.parametrize("who", ["a stranger", "too late"])
async def test_a_certificate_that_is_not_taken_is_an_outage_and_never_a_doubt(
    guarded: Guarded, who: str, more: dict[str, Any]
) -> None:
    stranger = who == "a stranger"
    by = trustme.CA() if stranger else guarded.authority
    dates: dict[str, Any] = (
        {} if stranger else {"not_after": PAST, "not_before": PAST - timedelta(1)}
    )
    tables = guarded.tables(by, **dates) | more
    fault = await guarded.fails(**tables)
    if guarded.newest is ssl.TLSVersion.TLSv1_3:
        assert "it may not take the certificate of cert_file" in fault.reply
        assert fault.cause == "tls"
    with pytest.raises(Unavailable):
        await guarded.office.connector(**tables).check()
    assert guarded.office.asked == []


async def test_a_server_that_is_not_known_gets_nothing(guarded: Guarded, tmp_path: Path) -> None:
    other = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(str(other))
    tables = guarded.tables(guarded.authority) | {"ca_file": str(other)}
    assert "CERTIFICATE_VERIFY_FAILED" in (await guarded.fails(**tables)).reply
    assert guarded.office.asked == []


async def test_a_renewed_certificate_is_shown_without_a_restart(guarded: Guarded) -> None:
    dates = {"not_before": PAST - timedelta(1), "not_after": PAST}
    connector = guarded.office.connector(**guarded.tables(guarded.authority, **dates))
    with pytest.raises(Unavailable):
        await connector.check()
    guarded.tables(guarded.authority)
    await connector.check()


async def test_half_of_a_renewed_pair_is_an_outage_until_the_other_half_is_there(
    guarded: Guarded,
) -> None:
    connector = guarded.office.connector(**guarded.tables(guarded.authority))
    await connector.check()
    key = guarded.folder / "key.pem"
    old = key.read_bytes()
    guarded.tables(guarded.authority)
    new = key.read_bytes()
    key.write_bytes(old)
    with pytest.raises(Unavailable, match="cert_file, key_file or ca_file cannot be used"):
        await connector.check()
    key.write_bytes(new)
    await connector.check()


async def test_files_that_stand_still_are_read_once(guarded: Guarded) -> None:
    tls = Tls(guarded.office.connector(**guarded.tables(guarded.authority)).options)
    first = tls.context()
    assert first is not None
    assert tls.context() is first


def _missing(folder: Path) -> None:
    (folder / "cert.pem").unlink()


def _another_key(folder: Path) -> None:
    trustme.CA().issue_cert("x.example").private_key_pem.write_to_path(str(folder / "key.pem"))


def _no_key(folder: Path) -> None:
    (folder / "key.pem").write_text("no key", "utf-8")


@pytest.mark.parametrize("broken", [_missing, _another_key, _no_key])
async def test_files_that_cannot_be_used_are_named_by_their_keys(
    guarded: Guarded, broken: Callable[[Path], None]
) -> None:
    tables = guarded.tables(guarded.authority)
    broken(guarded.folder)
    fault = await guarded.fails(**tables)
    assert "cert_file, key_file or ca_file cannot be used" in fault.reply
    assert fault.cause == "tls"


async def test_whatever_the_first_question_is_answered_the_document_goes(guarded: Guarded) -> None:
    guarded.office.replies = [lambda _: said(404)]
    assert await guarded.deliver(**guarded.tables(guarded.authority)) == ("201 as r-1", 1)
