"""One account at the strict stand-in of a provider, its store, and a clock that a test moves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from maild.connectors.oauth import OAuthTokens
from maild.connectors.oauth_consent import ask_by_page, redeem_page
from maild.connectors.oauth_providers import Account, account_at
from maild.store.database import Database
from maild.store.tokens import SealedTokens
from tests.servers.identity import SCOPES, Identity

ADDRESS = "facturen@acme.example"
NAME = "acme-mail"


@dataclass
class Bench:
    """What a test of tokens works with; `provider` and maild share one clock."""

    provider: Identity
    db: Database
    folder: Path
    at: datetime = datetime(2026, 11, 24, 12, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at

    def advance(self, by: timedelta) -> None:
        self.at += by
        self.provider.advance(by.total_seconds())

    async def pause(self, seconds: float) -> None:
        self.advance(timedelta(seconds=seconds))

    def account(self, **changes: object) -> Account:
        given: dict[str, Any] = {
            "name": NAME,
            "address": ADDRESS,
            "team": "acme",
            "scopes": tuple(SCOPES.split()),
            **self.provider.settings(),
        }
        return account_at(provider="microsoft", **given | changes)

    def store(self) -> SealedTokens:
        """A store as another process has it: over the same database."""
        return SealedTokens(self.db, secret_file=self.folder / "maild.secret", now=self.now)

    def tokens(self, **changes: object) -> OAuthTokens:
        """The tokens as another process has them."""
        return OAuthTokens({NAME: self.account(**changes)}, store=self.store(), now=self.now)

    async def consent(self, address: str = ADDRESS) -> None:
        """A person says yes in the browser."""
        account = self.account()
        question = ask_by_page(account)
        pasted = self.provider.approve(question.address, address)
        token = await redeem_page(account, question, pasted=pasted, now=self.now)
        await self.store().save(NAME, token)
