"""The pytest fixtures that start real servers, and end them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from typing import Protocol
from uuid import uuid4

import pytest

from maild.simulators.exact.server import ExactOnline
from tests.servers.clamd import Clamd
from tests.servers.dovecot import Dovecot, installed_version
from tests.servers.identity import Identity
from tests.servers.instance import cannot, make_folder, require
from tests.servers.names import NameServer
from tests.servers.postfix import Postfix
from tests.servers.smtp_sink import SmtpSink
from tests.servers.tls import Certificates, make_certificates
from tests.servers.world import MailWorld, settings_towards


class StartPostfix(Protocol):
    """Starts a Postfix that ends with the test."""

    def __call__(
        self,
        *,
        transports: Mapping[str, str] | None = None,
        settings: Mapping[str, str] | None = None,
    ) -> Postfix:
        """`transports`: domain to next hop; `settings`: main.cf."""
        ...


class StartSink(Protocol):
    """Starts an smtp-sink that ends with the test."""

    def __call__(self, *options: str) -> SmtpSink:
        """`options` as in smtp-sink(1)."""
        ...


@pytest.fixture(scope="session")
def certificates() -> Iterator[Certificates]:
    """One authority, and a certificate for localhost, for the whole run."""
    folder = make_folder("ca")
    yield make_certificates(folder)
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def dovecot(certificates: Certificates) -> Iterator[Dovecot]:
    """One Dovecot for the whole run; take a `fresh_address` for a mailbox nobody wrote to."""
    require("dovecot")
    if not installed_version().startswith("2.3."):
        cannot(f"written for Dovecot 2.3 (Debian 12), installed is {installed_version()}")
    server = Dovecot(certificates)
    try:
        server.start()
        yield server
    finally:
        server.remove()


@pytest.fixture
def identity() -> Iterator[Identity]:
    """A provider that hands out tokens, for one test."""
    server = Identity()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def mail_identity(dovecot: Dovecot) -> Iterator[Identity]:
    """The same, and Dovecot takes its tokens (and Postfix, where it asks Dovecot)."""
    server = Identity(port=dovecot.oauth_port)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def exact_online() -> Iterator[ExactOnline]:
    """Exact Online for one test; it asserts nothing, `offences` tells what a client did wrong."""
    with ExactOnline() as server:
        yield server


@pytest.fixture
def name_server() -> Iterator[NameServer]:
    """A name server with an empty zone, for one test."""
    server = NameServer()
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def clamd() -> Iterator[Clamd]:
    """One clamd for the whole run, which knows the signature `tests.servers.clamd.VIRUS` alone."""
    require("clamd")
    server = Clamd()
    try:
        server.run()
        yield server
    finally:
        server.remove()


@pytest.fixture
def start_postfix(certificates: Certificates) -> Iterator[StartPostfix]:
    """A function that starts a Postfix, as many as the test wants."""
    require("postconf")
    with ExitStack() as running:

        def start(
            *,
            transports: Mapping[str, str] | None = None,
            settings: Mapping[str, str] | None = None,
        ) -> Postfix:
            server = Postfix(certificates, transports=transports, settings=settings)
            running.callback(server.remove)
            server.start()
            return server

        yield start


@pytest.fixture
def start_sink() -> Iterator[StartSink]:
    """A function that starts an smtp-sink, as many as the test wants."""
    require("smtp-sink")
    with ExitStack() as running:

        def start(*options: str) -> SmtpSink:
            sink = SmtpSink(*options)
            running.callback(sink.remove)
            sink.start()
            return sink

        yield start


@pytest.fixture
def mail_world(start_postfix: StartPostfix, dovecot: Dovecot) -> MailWorld:
    """A Postfix that takes mail for every address, and the mailboxes where it ends."""
    return MailWorld(start_postfix(settings=settings_towards(dovecot)), dovecot)


@pytest.fixture
def fresh_address() -> str:
    """An address that no other test knows."""
    return f"u{uuid4().hex[:12]}@inbox.test"
