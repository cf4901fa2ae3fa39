"""Every way out of the configuration, built: by the name that `via` gives, with its options.

The one place beside `mailboxes` and `works` that chooses a connector. Nothing is sent here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from functools import partial

from maild.app import App
from maild.config.codabox import CodaboxConnector as CodaboxSection
from maild.config.http_map import HttpFind, holds_doubts
from maild.config.settings import Connectors, Settings
from maild.connectors.codabox import CodaboxConnector
from maild.connectors.codabox_api import Api
from maild.connectors.codabox_keys import Keys, key_name
from maild.connectors.exact import ExactConnector
from maild.connectors.exact_api import ExactApi, ExactOptions
from maild.connectors.exact_booking import Booking
from maild.connectors.exact_entry import booking_of
from maild.connectors.exact_quota import Limits
from maild.connectors.folder import FolderConnector
from maild.connectors.http_map import HttpMapConnector
from maild.connectors.oauth import OAuthTokens
from maild.connectors.oauth_providers import account_at
from maild.connectors.smtp import SmtpConnector
from maild.connectors.smtp_session import SmtpOptions
from maild.model.delivery import Consignment
from maild.outbox.return_path import ReturnPath
from maild.ports import Connector
from maild.store.ledger import StoredLedger
from maild.store.order import Order
from maild.store.tokens import SealedTokens


def build_tokens(app: App) -> OAuthTokens:
    """The access tokens of every account, over the app's store."""
    accounts = {
        name: account_at(name=name, **dict(one)) for name, one in app.settings.account.items()
    }
    secret_file = app.settings.maild.secret_file
    store = SealedTokens(app.db, secret_file=secret_file, now=app.now)
    ledger = StoredLedger(app.db, now=app.now)
    return OAuthTokens(accounts, store=store, now=app.now, ledger=ledger)


def build_connectors(app: App, tokens: OAuthTokens) -> dict[str, Connector]:
    """Every way out, by the name that `via` gives."""
    configured = app.settings.connector
    relays: dict[str, Connector] = {
        **{name: FolderConnector(name, one.path) for name, one in configured.folder.items()},
        **{name: HttpMapConnector(name, one) for name, one in configured.http.items()},
        **{name: _codabox(app, name, one) for name, one in configured.codabox.items()},
        **{name: _exact(app, tokens, name=name) for name in configured.exact},
    }
    return {**build_mailers(app.settings, tokens), **relays}


def build_mailers(settings: Settings, tokens: OAuthTokens) -> dict[str, Connector]:
    """The ways out that carry mail."""
    return {
        name: SmtpConnector(
            SmtpOptions(
                name=name,
                host=one.host,
                port=one.port,
                tls=one.tls,
                hostname=settings.maild.called,
                user=tokens.accounts[one.account].address if one.account else one.username or None,
                password_file=one.password_file,
                token=partial(tokens.token, one.account) if one.account else None,
                ca_file=one.ca_file,
                connections=one.connections,
                dsn=one.dsn,
            )
        )
        for name, one in settings.connector.smtp.items()
    }


def codabox_api(one: CodaboxSection) -> Api:
    """CodaBox as one section describes it."""
    return Api(one.url, one.software_company, one.ca_file)


def codabox_keys(app: App, connector: str) -> Keys:
    """The logins of teams at CodaBox by one connector."""
    return Keys(connector, store=sealed_tokens(app), now=app.now)


def codabox_accounts(app: App) -> list[str]:
    """What the logins of all teams at CodaBox are called."""
    return [
        key_name(name, team.slug)
        for name in app.settings.connector.codabox
        for team in app.shelf.current().teams
    ]


def sealed_tokens(app: App) -> SealedTokens:
    """The store of tokens."""
    return SealedTokens(app.db, secret_file=app.settings.maild.secret_file, now=app.now)


def return_paths(settings: Settings) -> dict[str, ReturnPath]:
    """How each connector names the sender of a mail."""
    return {
        name: ReturnPath(one.returns_to(settings.maild.called), signed=one.return_path == "verp")
        for name, one in settings.connector.smtp.items()
    }


def _codabox(app: App, name: str, one: CodaboxSection) -> CodaboxConnector:
    return CodaboxConnector(
        name,
        codabox_api(one),
        send=one.send,
        poll=one.poll,
        keys=codabox_keys(app, name),
        order=Order(app.db),
        teams=partial(_teams_by, app, name),
    )


def _exact(app: App, tokens: OAuthTokens, *, name: str) -> ExactConnector:
    account = app.settings.connector.exact[name].account
    api = exact_api(app, tokens, account=account, name=name)
    return ExactConnector(api, booking=_booking, now=app.now)


def exact_api(app: App, tokens: OAuthTokens, *, account: str, name: str | None = None) -> ExactApi:
    """The interface of Exact Online by an account, with the limits of a connector that uses it."""
    every = app.settings.connector.exact
    name = name or next((key for key, one in every.items() if one.account == account), None)
    one = every[name] if name else None
    options = ExactOptions(
        name=name or account,
        account=tokens.accounts[account],
        site=app.settings.account[account].site,
        limits=Limits(a_minute=one.calls_a_minute, a_day=one.calls_a_day) if one else Limits(),
    )
    ledger = StoredLedger(app.db, now=app.now)
    return ExactApi(options, tokens=tokens, ledger=ledger, now=app.now, pause=asyncio.sleep)


def _booking(goods: Consignment) -> Booking:
    return booking_of(goods.team, goods.document)


def _teams_by(app: App, via: str) -> list[str]:
    """The teams that send by a connector."""
    teams = app.shelf.current().teams
    return [team.slug for team in teams if via in {one.via for one in team.recipients}]


def connections(settings: Settings) -> dict[str, int]:
    """How many parcels of a connector may be under way at once."""
    one = settings.connector
    return {
        **{name: each.connections for name, each in one.smtp.items()},
        **{name: each.connections for name, each in one.http.items()},
        **{name: each.connections for name, each in one.exact.items()},
        # One at a time: it wants them by date.
        **dict.fromkeys(one.codabox, 1),
    }


def holding(one: Connectors) -> Iterator[str]:
    """The connectors where a person decides about what may have arrived."""
    yield from (name for name, each in one.smtp.items() if each.uncertain == "hold")
    for name, each in one.http.items():
        if holds_doubts(each.send, each.find, each.uncertain):
            yield name
    for name, codabox in one.codabox.items():
        if holds_doubts(codabox.send, HttpFind(), codabox.uncertain):
            yield name
