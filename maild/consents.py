"""Asking the owner of a mailbox for consent, and what follows from it: kept, tried, connectors woken.

Every face asks through here. How a provider is asked is in `connectors/oauth_consent.py`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Final

from maild import roads
from maild.app import App
from maild.connectors import oauth_consent
from maild.connectors.oauth import OAuthTokens
from maild.connectors.oauth_consent import DeviceQuestion, PageQuestion, Pause
from maild.connectors.oauth_providers import Account
from maild.errors import DeliveryError, UserError, did_you_mean
from maild.log import accounts as log
from maild.model.said import Said
from maild.model.token import Token
from maild.ports import Connector
from maild.store import connectors as rests
from maild.store.database import Database

__all__ = ["Account", "Consents", "DeviceQuestion", "PageQuestion"]

_SHOWN: Final = {"exact": "docs/exact.md"}


@dataclass(frozen=True, slots=True)
class Consents:
    """The consents of one app's accounts; `users` are the connectors that log in by each."""

    db: Database
    tokens: OAuthTokens
    users: Mapping[str, Mapping[str, Connector]]
    now: Callable[[], datetime]
    pause: Pause

    @classmethod
    def of(cls, app: App, *, pause: Pause = asyncio.sleep) -> Consents:
        """The consents that an app's configuration speaks of."""
        tokens = roads.build_tokens(app)
        every = roads.build_connectors(app, tokens)
        users = {
            account: {
                name: every[name]
                for kind in (app.settings.connector.smtp, app.settings.connector.exact)
                for name, one in kind.items()
                if one.account == account
            }
            for account in tokens.accounts
        }
        return cls(app.db, tokens, users, app.now, pause)

    def account(self, provider: str, *, team: str, name: str | None = None) -> Account:
        """The team's account at a provider. Raises UserError when there is none, or more than one."""
        fits = [
            one
            for one in self.tokens.accounts.values()
            if (one.provider, one.team) == (provider, team) and name in {None, one.name}
        ]
        if len(fits) == 1:
            return fits[0]
        if fits:
            names = " or ".join(f"--account {one.name}" for one in fits)
            raise UserError(f"{team} has several accounts at {provider}: say {names}")
        hint = did_you_mean(name or team, [*self.tokens.accounts, *self._teams(provider)])
        wanted = f"[account.{name or 'NAME'}]"
        raise UserError(
            f'the configuration has no {wanted} with provider = "{provider}" and team = "{team}"{hint}',
            hint=f"{_SHOWN.get(provider, 'docs/sending.md')} shows how to write one",
        )

    async def ask_by_device(self, account: Account) -> DeviceQuestion:
        """A code for the person to type in. Raises UserError, Unavailable."""
        return await oauth_consent.ask_by_device(account, now=self.now)

    def ask_by_page(self, account: Account) -> PageQuestion:
        """A page for the person to open; its last address is the answer. Raises UserError."""
        if account.provider == "exact" and account.client_secret_file is None:
            english = (
                f"account.{account.name}.client_secret_file is missing, and {account.label} gives no"
                " tokens without"
            )
            raise UserError(
                Said("no_secret", english, account=account.name, provider=account.label),
                hint="docs/exact.md says where the secret is",
            )
        return oauth_consent.ask_by_page(account)

    async def wait_for_device(self, account: Account, question: DeviceQuestion) -> dict[str, Any]:
        """Wait until the code is typed in. Raises UserError when it ends in no, Unavailable."""
        token = await oauth_consent.wait_for_device(
            account, question, now=self.now, pause=self.pause
        )
        return await self._given(account, token)

    async def redeem_page(
        self, account: Account, question: PageQuestion, *, pasted: str
    ) -> dict[str, Any]:
        """Take the address that was pasted back. Raises UserError, Unavailable."""
        token = await oauth_consent.redeem_page(account, question, pasted=pasted, now=self.now)
        return await self._given(account, token)

    async def _given(self, account: Account, token: Token) -> dict[str, Any]:
        if token.refresh is None:
            raise UserError(
                Said(
                    "for_an_hour",
                    f"{account.label} gave the consent for an hour only (no refresh token)",
                    provider=account.label,
                ),
                hint="the registration or its scopes lack offline access; see"
                f" {_SHOWN.get(account.provider, 'docs/sending.md')}",
            )
        await self.tokens.store.save(account.name, token)
        log.account_connected(account=account.name, provider=account.label)
        users = self.users.get(account.name, {})
        logins = [
            {"connector": name, "trouble": await _trouble(one)} for name, one in users.items()
        ]
        for name in users:
            # What waited for the consent need not wait for the end of the rest.
            await self.db.write(partial(rests.wake, via=name, now=self.now()))
        return {
            "account": account.name,
            "provider": account.provider,
            "address": account.address,
            "connectors": logins,
        }

    def _teams(self, provider: str) -> set[str]:
        return {one.team for one in self.tokens.accounts.values() if one.provider == provider}


async def _trouble(connector: Connector) -> str | None:
    """Why a connector cannot log in; None when it can."""
    try:
        await connector.check()
    except DeliveryError as fault:
        return fault.reply
    finally:
        await connector.close()
    return None
