"""Opens a connection to a mail server: TCP, TLS, EHLO and login, or a fault that says why not.

aiosmtplib leads this part of the dialogue; no mail is sent here. Whatever fails is `Unavailable`:
it concerns the server and not one mail, so the connector rests and no attempt is charged.
"""

from __future__ import annotations

import asyncio
import ipaddress
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Literal, Protocol, cast

import aiosmtplib

from maild.connectors.smtp_dsn import Dsn
from maild.connectors.smtp_replies import Reply, wish_of
from maild.connectors.smtp_wire import Wire
from maild.errors import Cause, ConfigError, Unavailable

CONNECT_SECONDS = 60.0  # for each of: connection, greeting, EHLO, TLS, login

Tls = Literal["starttls", "implicit", "none"]


class TokenSource(Protocol):
    """Gives access tokens of one account; see ports.AccessTokens."""

    async def __call__(self, *, fresh: bool = False) -> str:
        """A token for a login now."""
        ...


@dataclass(frozen=True, slots=True)
class SmtpOptions:
    """Where a mail server is and how to be let in.

    `hostname` is what we call ourselves in EHLO. `tls` "none" is for loopback only: ConfigError
    elsewhere. `password_file` is read at each login, so a new password needs no restart. With `token`
    the login is XOAUTH2, and no password is asked for.
    """

    name: str
    host: str
    port: int = 587
    tls: Tls = "starttls"
    hostname: str = "localhost"
    user: str | None = None
    password_file: Path | None = None
    token: TokenSource | None = None
    ca_file: Path | None = None  # instead of the system's certificates
    connections: int = 4  # at once; read by the lane
    mails_per_connection: int = 50
    dsn: Dsn = "problems"  # what the server is asked to report, where it offers that
    keep: timedelta = timedelta(seconds=30)  # an unused connection stays open this long

    def __post_init__(self) -> None:
        if self.tls == "none" and not _is_loopback(self.host):
            raise ConfigError(
                f'connector.smtp.{self.name}.tls: "none" sends mail and password in clear text;'
                f' it is accepted for loopback only, and {self.host!r} is not. Use "starttls"'
            )


@dataclass(eq=False, slots=True)
class Session:
    """A connection that is ready for mails. `offers` are EHLO's keywords in lower case."""

    wire: Wire
    offers: Mapping[str, str]
    mails: int = 0
    idle_since: float = 0.0  # by the loop's clock
    answered: bool = False  # whether the server said anything about the mail that is under way


class _Client(aiosmtplib.SMTP):
    # CRAM-MD5 needs the password in clear on the server and adds nothing inside TLS; a method that
    # fails is followed by the next one, and each failure counts against a lock-out.
    AUTH_METHODS = ("plain", "login")


class _TokenRefused(Unavailable):
    """The server did not take the access token."""


async def open_session(options: SmtpOptions) -> Session:
    """Connect, secure and log in. Raises Unavailable with the reason in words.

    A token that is refused is renewed once: the provider may have ended it before its time. One that
    is refused when it is new says that the mailbox may not send here, and trying on would lock it.
    """
    if options.token is None:
        return await _open(options, token=None)
    try:
        return await _open(options, token=await options.token())
    except _TokenRefused:
        return await _open(options, token=await options.token(fresh=True))


async def _open(options: SmtpOptions, *, token: str | None) -> Session:
    place = f"{options.host}:{options.port}"
    try:
        client = _Client(
            hostname=options.host,
            port=options.port,
            local_hostname=options.hostname,
            timeout=CONNECT_SECONDS,
            use_tls=options.tls == "implicit",
            start_tls=options.tls == "starttls",
            tls_context=await asyncio.to_thread(_tls_context, options),
        )
        await client.connect()
    except (ssl.SSLError, aiosmtplib.SMTPException, OSError) as exc:
        raise _unavailable(exc, f"{place} cannot be used", cause=_why_unusable(exc)) from exc
    try:
        await client.ehlo()
        if token is not None:
            await _log_in_by_token(client, options, token)
        elif options.user is not None:
            await _log_in_by_password(client, options, options.user)
        offers = dict(client.esmtp_extensions)
        protocol = client.protocol
        if protocol is None or protocol.transport is None:
            raise ConnectionResetError("the other side closed the connection")
        return Session(wire=Wire(cast("asyncio.Transport", protocol.transport)), offers=offers)
    except (aiosmtplib.SMTPException, OSError) as exc:
        client.close()
        raise _unavailable(exc, f"{place} does not let us in", cause=_why_shut(exc)) from exc
    except BaseException:
        client.close()
        raise


async def _log_in_by_password(client: _Client, options: SmtpOptions, user: str) -> None:
    offered = {one.lower() for one in client.server_auth_methods}
    if not offered & set(_Client.AUTH_METHODS):
        said = f"it offers {', '.join(sorted(offered)).upper()}" if offered else "it offers none"
        place = f"{options.host}:{options.port}"
        raise Unavailable(
            f"{place} has no login by password that maild knows; {said}", cause="login"
        )
    await client.login(user, await asyncio.to_thread(_password, options))


async def _log_in_by_token(client: _Client, options: SmtpOptions, token: str) -> None:
    place = f"{options.host}:{options.port}"
    if "xoauth2" not in {one.lower() for one in client.server_auth_methods}:
        said = f"{place} does not offer XOAUTH2, the login by consent"
        raise Unavailable(said, cause="login")
    try:
        await client.auth_xoauth2(options.user or "", token)
    except aiosmtplib.SMTPAuthenticationError as exc:
        reply = Reply(exc.code, " ".join(exc.message.split()))
        if reply.code // 100 == 4:
            raise  # not now; the token may be good
        said = f"{place} does not take the consent of {options.user}: {reply}"
        hint = "look whether this mailbox may send by SMTP there"
        raise _TokenRefused(f"{said}; {hint}", cause="login") from exc


def _unavailable(exc: Exception, what: str, *, cause: Cause) -> Unavailable:
    if isinstance(exc, aiosmtplib.SMTPResponseException):
        reply = Reply(exc.code, " ".join(exc.message.split()))
        return Unavailable(f"{what}: {reply}", retry_after=wish_of(reply), cause=cause)
    if isinstance(exc, ssl.SSLCertVerificationError):
        said = f"{what}: its certificate is not accepted ({exc.verify_message})"
        return Unavailable(said, cause=cause)
    return Unavailable(f"{what}: {exc}", cause=cause)


def _why_unusable(exc: Exception) -> Cause:
    """Why there is no connection: what aiosmtplib raises before the login."""
    if isinstance(exc, ssl.SSLError) or isinstance(exc.__cause__, ssl.SSLError):
        return "tls"
    if isinstance(exc, aiosmtplib.SMTPConnectResponseError | aiosmtplib.SMTPHeloError):
        return "policy" if exc.code // 100 == 5 else "network"
    # A reply to STARTTLS, or none of it among what the server offers; there is no class for that.
    if isinstance(exc, aiosmtplib.SMTPResponseException) or "STARTTLS" in str(exc):
        return "tls"
    return "network"


def _why_shut(exc: Exception) -> Cause:
    """Why there is no login. One that is put off, or a connection that breaks, is over by itself."""
    if isinstance(exc, aiosmtplib.SMTPHeloError):
        return _why_unusable(exc)
    if isinstance(exc, aiosmtplib.SMTPResponseException):
        return "login" if exc.code // 100 == 5 else "network"
    network = isinstance(exc, aiosmtplib.SMTPServerDisconnected | TimeoutError | ConnectionError)
    return "network" if network else "login"


def _tls_context(options: SmtpOptions) -> ssl.SSLContext | None:
    """A context that checks certificate and name; loading the system's takes tens of milliseconds."""
    if options.tls == "none":
        return None
    return ssl.create_default_context(cafile=str(options.ca_file) if options.ca_file else None)


def _password(options: SmtpOptions) -> str:
    if options.password_file is None:
        return ""
    return options.password_file.read_text(encoding="utf-8").rstrip("\r\n")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
