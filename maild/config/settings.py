"""The sections of the configuration, in the order in which data flows, with their defaults.

The tables under [team] are carried along as they are: what a team may say is the business of
`maild.rules.schema`. A key is added here, in config.example.toml, and nowhere else. Secrets never
stand in the file; a `..._file` key names the file that holds one.
"""

from __future__ import annotations

import os
import socket
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import Field, StringConstraints, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from maild.config.alarm import Alarms
from maild.config.codabox import CodaboxConnector
from maild.config.exact import SITE_WANTED, ExactConnector, Site
from maild.config.http_map import HttpConnector
from maild.config.mailbox import Mailbox, Tag
from maild.config.section import Address, Name, NonEmpty, Section
from maild.config.values import (
    FIRST_RETRY,
    Duration,
    Endpoint,
    Listen,
    Listens,
    Lmtp,
    MaybePath,
    MaybeRate,
    Networks,
    Resolvers,
    Retries,
    Size,
    fits_a_token,
    is_loopback,
    retries,
)
from maild.config.web import Web

# RFC 5321 section 4.1.2: what may stand in EHLO, or nothing.
HOSTNAME: Final = (
    r"^([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*)?$"
)
ADDRESS: Final = r"^([^\s@<>()\[\],;:\\\"]{1,64}@[A-Za-z0-9]([A-Za-z0-9.-]{0,252}[A-Za-z0-9])?)?$"
MEGABYTE: Final = 1_000_000

Domain = Annotated[
    str,
    StringConstraints(
        pattern=r"^[a-z0-9_]([a-z0-9_.-]*[a-z0-9])?$", to_lower=True, strip_whitespace=True
    ),
]


class Maild(Section):
    """[maild]: the daemon itself."""

    data_dir: Path = Path("state")
    secret_file: Path = Path("maild.secret")
    hostname: str = Field(default="", pattern=HOSTNAME)
    resolver: Resolvers = ()

    @property
    def called(self) -> str:
        """What maild calls itself in SMTP: `hostname`, or the machine's own name."""
        return self.hostname or socket.getfqdn()


class Smtpd(Section):
    """[smtpd]: the SMTP door."""

    listen: Listens = (Listen("127.0.0.1", 2525),)
    lmtp: Lmtp = None
    answer: Literal["decided", "kept"] = "decided"
    allow: Networks = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
    # purchase_reading.md C2: what a mail may weigh so that one never fills the memory.
    max_size: Size = 35 * MEGABYTE
    max_recipients: int = Field(default=100, ge=1, le=1000)  # RFC 5321 section 4.5.3.1.8: 100
    max_connections: int = Field(default=200, ge=1, le=10_000)
    max_connections_per_peer: int = Field(default=50, ge=1, le=10_000)
    idle_timeout: Duration = timedelta(minutes=5)  # RFC 5321 section 4.5.3.2.7
    tls_cert_file: MaybePath = None
    tls_key_file: MaybePath = None
    users_file: MaybePath = None
    trusted_authserv: tuple[NonEmpty, ...] = ()

    @model_validator(mode="after")
    def _logins_need_tls(self) -> Smtpd:
        if (self.tls_cert_file is None) != (self.tls_key_file is None):
            raise ValueError("tls_cert_file and tls_key_file belong together; give both or none")
        if self.users_file and not self.tls_cert_file:
            raise ValueError(
                "users_file needs tls_cert_file and tls_key_file: passwords are taken over TLS only"
            )
        return self


class Antivirus(Section):
    """[antivirus]: a ClamAV that looks at every mail and every file in it, where there is one."""

    clamd: Lmtp = None
    # A scanner that is down keeps mail waiting at its sender; an infected one let in is not undone.
    fail: Literal["closed", "open"] = "closed"
    timeout: Duration = timedelta(minutes=1)


class Reading(Section):
    """[reading]: how the pages of purchases are read that have no figures inside."""

    labels: MaybePath = None


class Folder(Section):
    """[folder.NAME]: a folder whose files are taken in for one team."""

    path: Path
    team: NonEmpty
    tag: Tag = ""


class Account(Section):
    """[account.NAME]: a user of a provider that lets programs in by the user's consent (OAuth).

    Connectors and mailboxes name it as `account`; `maild connect` asks for the consent.
    """

    provider: Literal["microsoft", "google", "exact"]
    team: NonEmpty
    address: Address
    client_id: NonEmpty
    client_secret_file: MaybePath = None
    tenant: NonEmpty = "common"
    site: Site = ""
    pkce: bool = False
    scopes: tuple[NonEmpty, ...] = ()
    redirect_uri: NonEmpty = "http://localhost"
    authorize_url: Endpoint = ""
    device_url: Endpoint = ""
    token_url: Endpoint = ""

    @model_validator(mode="after")
    def _exact_has_a_site(self) -> Account:
        exact = self.provider == "exact"
        if not exact and (self.site or self.pkce):
            raise ValueError('site and pkce go with provider = "exact"')
        if exact and not self.site:
            raise ValueError(f"site is missing; {SITE_WANTED}")
        if exact and "redirect_uri" not in self.model_fields_set:
            raise ValueError(
                "redirect_uri is missing; write the address that is registered in the App Center,"
                " letter by letter"
            )
        return self


class SmtpConnector(Section):
    """[connector.smtp.NAME]: a mail server that carries what goes out."""

    host: NonEmpty
    port: int = Field(default=587, ge=1, le=65535)
    tls: Literal["starttls", "implicit", "none"] = "starttls"
    auth: Literal["password", "xoauth2"] = "password"
    username: str = ""
    password_file: MaybePath = None
    account: str = ""
    ca_file: MaybePath = None
    connections: int = Field(default=4, ge=1, le=50)
    rate: MaybeRate = None
    uncertain: Literal["retry", "hold"] = "retry"
    return_path: Literal["account", "verp"] = "account"
    return_address: str = Field(default="", pattern=ADDRESS)
    dsn: Literal["problems", "all", "none"] = "problems"
    from_domains: tuple[Domain, ...] = ()
    spf: str = ""
    dkim_selectors: tuple[Domain, ...] = ()

    @model_validator(mode="after")
    def _safe(self) -> SmtpConnector:
        if self.tls == "none" and not is_loopback(self.host):
            raise ValueError(
                f'tls = "none" is accepted for loopback only, and {self.host} is another machine; '
                'write "starttls" or "implicit"'
            )
        if self.tls == "implicit" and "port" not in self.model_fields_set:
            raise ValueError('tls = "implicit" needs its port, which is usually 465')
        if bool(self.username) != bool(self.password_file):
            raise ValueError("username and password_file belong together; give both or none")
        if self.auth == "xoauth2" and (self.username or not self.account):
            raise ValueError(
                'auth = "xoauth2" logs in by consent: name an [account.NAME] section as `account`, '
                "and leave username and password_file out"
            )
        if self.auth == "password" and self.account:
            raise ValueError('account = "..." goes with auth = "xoauth2"')
        if self.return_path == "verp" and not fits_a_token(self.return_address):
            raise ValueError(
                f'return_path = "verp" puts a "+" and 40 characters behind the name in {self.return_address},'
                ' which must be short and without a "+" itself: write one such as "bounces@post.example"'
            )
        return self

    def returns_to(self, hostname: str) -> str:
        """Where reports about its mails go, less the token; empty: to the team's own address."""
        if self.return_path == "verp" and not self.return_address:
            return f"bounces@{hostname}"
        return self.return_address


class FolderConnector(Section):
    """[connector.folder.NAME]: a folder on this machine that documents are laid in."""

    path: Path


class Connectors(Section):
    """[connector]: every way out, by kind and name."""

    smtp: dict[Name, SmtpConnector] = Field(default_factory=dict)
    folder: dict[Name, FolderConnector] = Field(default_factory=dict)
    http: dict[Name, HttpConnector] = Field(default_factory=dict)
    codabox: dict[Name, CodaboxConnector] = Field(default_factory=dict)
    exact: dict[Name, ExactConnector] = Field(default_factory=dict)


class Outbox(Section):
    """[outbox]: when deliveries are tried again, and when maild gives up."""

    retry: Retries = retries(FIRST_RETRY)
    deadline: Duration = timedelta(days=5)  # RFC 5321 section 4.5.4.1: 4 to 5 days
    lease: Duration = timedelta(minutes=15)
    doubt_pause: Duration = timedelta(minutes=15)
    loss_pause: Duration = timedelta(seconds=30)
    grace: Duration = timedelta(seconds=30)
    delay_notice: Duration = timedelta(hours=4)
    receipt_within: Duration = timedelta(hours=24)


class Render(Section):
    """[render]: PDFs of documents that came without one."""

    workers: int = Field(default=0, ge=0, le=64)

    @property
    def processes(self) -> int:
        """How many child processes typeset; 0 in the file means one per processor, at most four."""
        return self.workers or min(os.cpu_count() or 1, 4)


class Log(Section):
    """[log]: what is told on standard error."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["auto", "console", "json"] = "auto"


class Settings(BaseSettings):
    """Everything that the configuration says. `team` holds the tables under [team] as written."""

    model_config = SettingsConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)

    maild: Maild = Maild()
    smtpd: Smtpd = Smtpd()
    antivirus: Antivirus = Antivirus()
    reading: Reading = Reading()
    folder: dict[Name, Folder] = {}
    mailbox: dict[Name, Mailbox] = {}
    account: dict[Name, Account] = {}
    connector: Connectors = Connectors()
    outbox: Outbox = Outbox()
    alarm: Alarms = Alarms()
    render: Render = Render()
    web: Web = Web()
    log: Log = Log()
    team: dict[str, dict[str, Any]] = {}

    @classmethod
    def said_by(cls, *sources: PydanticBaseSettingsSource) -> Settings:
        """What these sources say together, the first over the others. Raises ValidationError."""
        given: dict[str, Any] = {"sources": sources}
        return cls(**given)

    @classmethod
    def settings_customise_sources(  # noqa: PLR0917 - pydantic-settings calls it, not we
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The sources of `said_by` and no other: nothing is taken from where nobody looks for it."""
        return tuple(init_settings().get("sources", ()))
