"""The login by consent, against Postfix and Dovecot, which ask the provider about each token."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from functools import partial

import imapclient
import pytest

from maild.connectors.smtp import SmtpConnector
from maild.errors import ConsentNeeded, Unavailable
from tests.connectors.accounts import ADDRESS, NAME, Bench
from tests.connectors.conftest import Connect, a_parcel, carry
from tests.servers.dovecot import Dovecot
from tests.servers.fixtures import StartPostfix
from tests.servers.identity import Identity
from tests.servers.tls import Certificates
from tests.servers.world import settings_towards


@pytest.fixture
def bench(mail_identity: Identity, bench: Bench) -> Bench:
    """The same bench at the provider that the mail servers ask."""
    bench.provider = mail_identity
    return bench


Relay = Callable[..., SmtpConnector]


@pytest.fixture
def relay(
    bench: Bench,
    start_postfix: StartPostfix,
    dovecot: Dovecot,
    certificates: Certificates,
    connect: Connect,
) -> Relay:
    """Makes connectors that log in at a Postfix by the account's consent."""
    server = start_postfix(settings=settings_towards(dovecot) | dovecot.sasl_settings)

    def make(user: str = ADDRESS) -> SmtpConnector:
        return connect(
            server.port,
            host="localhost",
            tls="starttls",
            ca_file=certificates.authority,
            user=user,
            token=partial(bench.tokens().token, NAME),
        )

    return make


async def test_mail_leaves_by_consent(
    bench: Bench, relay: Relay, dovecot: Dovecot, fresh_address: str
) -> None:
    await bench.consent()
    assert (await carry(relay(), a_parcel(address=fresh_address))).startswith("250 2.0.0")
    assert dovecot.wait_for_mails(fresh_address, 1)
    assert bench.provider.refreshes() == 0


async def test_a_token_that_the_provider_ended_early_is_renewed_once(
    bench: Bench, relay: Relay, fresh_address: str
) -> None:
    await bench.consent()
    bench.provider.expire_access(ADDRESS)
    bench.at += bench.at.resolution
    assert await carry(relay(), a_parcel(address=fresh_address))
    assert bench.provider.refreshes() == 1
    assert bench.provider.complaints == []


async def test_a_new_token_that_is_refused_stops_the_connector_with_the_reason(
    bench: Bench, relay: Relay
) -> None:
    await bench.consent()
    with pytest.raises(Unavailable, match=r"does not take the consent of other@acme\.example: 535"):
        await relay("other@acme.example").check()
    assert bench.provider.refreshes() == 1


async def test_a_consent_that_was_revoked_stops_the_connector_and_names_the_command(
    bench: Bench, relay: Relay
) -> None:
    await bench.consent()
    bench.provider.revoke(ADDRESS)
    for _ in range(2):
        with pytest.raises(ConsentNeeded, match="maild connect microsoft acme"):
            await carry(relay(), a_parcel())
    assert bench.provider.refreshes() == 1


async def test_a_server_without_that_login_is_told(
    bench: Bench, start_postfix: StartPostfix, connect: Connect
) -> None:
    await bench.consent()
    server = start_postfix()
    connector = connect(server.port, user=ADDRESS, token=partial(bench.tokens().token, NAME))
    with pytest.raises(Unavailable, match="does not offer XOAUTH2"):
        await connector.check()


async def test_the_same_token_opens_the_mailbox(
    bench: Bench, dovecot: Dovecot, certificates: Certificates
) -> None:
    await bench.consent()
    token = await bench.tokens().token(NAME)
    context: ssl.SSLContext = certificates.client_context()
    with imapclient.IMAPClient("localhost", port=dovecot.imaps_port, ssl_context=context) as client:
        client.oauth2_login(ADDRESS, token)
        assert client.select_folder("INBOX")[b"EXISTS"] == 0
