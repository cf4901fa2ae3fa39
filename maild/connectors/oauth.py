"""Access tokens for accounts: those that are kept while they last, else new ones, asked for once.

A refresh token may be good for one use: the answer is on the disk before anybody gets the access
token that came with it, and one process at a time asks (portal_security.md section 5). How a person
gives the consent that all this rests on is in `oauth_consent.py`.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Any, Final

from maild.connectors.oauth_client import Refused, refresh
from maild.connectors.oauth_providers import Account
from maild.errors import ConsentNeeded, MaildError, Unavailable, UserError
from maild.log import accounts as log
from maild.model.token import Token
from maild.pause import pause
from maild.ports import Ledger, TokenStore

# What was renewed so lately is new enough for "the last one was refused": several connections fail
# together and must not ask one after the other.
FRESH: Final = timedelta(seconds=10)
# A consent that nobody uses ends at the provider (Microsoft: after 90 days, Google: after six
# months); so does, unnoticed, one that was revoked.
IDLE: Final = timedelta(days=7)
LOOK_EVERY: Final = timedelta(hours=6)
PATIENCE: Final = 90.0  # seconds to wait for another process that refreshes; longer than its lease
LOOK: Final = 0.25
KEEP: Final = 20.0  # seconds; with those of the call (connectors/http.py) less than the lease

# RFC 6749 section 5.2, and what Microsoft says where a person has to come back.
_CONSENT_IS_OVER: Final = frozenset(
    {"invalid_grant", "interaction_required", "login_required", "consent_required"}
)


class OAuthTokens:
    """The port `AccessTokens` over a `TokenStore`."""

    def __init__(
        self,
        accounts: Mapping[str, Account],
        *,
        store: TokenStore,
        now: Callable[[], datetime],
        ledger: Ledger | None = None,
    ) -> None:
        self.accounts, self.store = accounts, store
        self._now, self._ledger = now, ledger
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._under_way: set[asyncio.Task[Token]] = set()
        self._too_early: dict[str, datetime] = {}  # until when the provider is not asked again

    async def token(self, name: str, *, fresh: bool = False) -> str:
        """An access token for a login now. Faults: see ports.AccessTokens."""
        async with self._locks[name]:
            token = await self._kept(name)
            if self._is_good(name, token, fresh=fresh):
                return token.access
            # A refresh that was asked for is finished whatever happens to whoever waits for it: an
            # answer that nobody keeps would end the consent.
            task = asyncio.create_task(self._renewed(self.accounts[name], token, fresh=fresh))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)
            return (await asyncio.shield(task)).access

    async def run(self, stop: asyncio.Event) -> None:
        """Use every consent now and then, so that none ends because it was not used."""
        while not stop.is_set():
            for name in self.accounts:
                await self._use(name)
            await pause(stop, LOOK_EVERY.total_seconds(), now=self._now)

    async def close(self) -> None:
        """Wait for what was asked of providers. Safe to call twice."""
        if self._under_way:
            await asyncio.wait(self._under_way)

    async def _use(self, name: str) -> None:
        try:
            token = await self._kept(name)
            if self._now() - token.obtained_at > IDLE:
                await self.token(name, fresh=True)
        except Unavailable:
            return  # whoever sends is told, and the event is written

    async def _kept(self, name: str) -> Token:
        account = self.accounts[name]
        try:
            consent = await self.store.load(name)
        except UserError as fault:
            raise ConsentNeeded(f"account {name}: {fault}; {fault.hint}") from fault
        if consent.trouble or consent.token is None:
            raise ConsentNeeded(_asked_again(account, consent.trouble or "nobody gave it yet"))
        return consent.token

    def _is_good(self, name: str, token: Token, *, fresh: bool) -> bool:
        until = self._too_early.get(name)
        if not fresh and until is not None and self._now() < until:
            return True  # it has not ended yet, says the provider
        if not token.lasts(self._now(), at_least=self.accounts[name].margin):
            return False
        renewed = token.obtained_at > token.consented_at
        return not fresh or (renewed and self._now() - token.obtained_at < FRESH)

    async def _renewed(self, account: Account, token: Token, *, fresh: bool) -> Token:
        """Refresh, or wait for another process that does."""
        try:
            async with asyncio.timeout(PATIENCE):
                while not await self.store.lease(account.name):  # noqa: ASYNC110 - of other processes too
                    await asyncio.sleep(LOOK)
        except TimeoutError as fault:
            said = f"account {account.name}: another process refreshes its token and does not end"
            raise Unavailable(said) from fault
        try:
            kept = await self._kept(account.name)
            newer = kept.obtained_at > token.obtained_at
            if newer and self._is_good(account.name, kept, fresh=fresh):
                return kept
            self._wait_for_window(account, kept)
            return await self._ask(account, kept, fresh=fresh)
        finally:
            await self.store.release(account.name)

    def _wait_for_window(self, account: Account, token: Token) -> None:
        """Ask no sooner than the provider allows: asking early counts against the registration."""
        if account.window is None:
            return
        begins = token.expires_at - account.window
        wait = max(begins, self._too_early.get(account.name, begins)) - self._now()
        if wait > timedelta(0):
            raise _too_early(account, wait, now=self._now())

    async def _count(self, account: Account) -> None:
        """Count a call to the token endpoint, in the ledger that all processes share."""
        most, now = account.calls_a_day, self._now()
        if most is None or self._ledger is None:
            return
        day = f"{now:%Y-%m-%d}"

        def step(kept: dict[str, Any] | None) -> tuple[dict[str, Any], bool]:
            calls = kept["calls"] if kept and kept["day"] == day else 0
            return {"day": day, "calls": min(calls + 1, most)}, calls < most

        if not await self._ledger.change(f"tokens.{account.name}", step):
            said = f"account {account.name}: {account.label} was asked for {most} tokens today"
            midnight = datetime.combine(now.date(), time(), tzinfo=UTC) + timedelta(days=1)
            said = f"{said}; the next is asked for at {_moment(midnight)}"
            raise Unavailable(said, retry_after=midnight - now)

    async def _ask(self, account: Account, token: Token, *, fresh: bool) -> Token:
        if token.refresh is None:
            raise await self._over(account, "it was given for a short time only")
        await self._count(account)
        try:
            renewed = await refresh(account, token, now=self._now)
        except Refused as fault:
            if account.early and account.early in fault.words.lower():
                # Their clock is behind ours. The token that they say has not ended is good.
                self._too_early[account.name] = self._now() + account.margin
                if fresh or not token.lasts(self._now(), at_least=timedelta(0)):
                    raise _too_early(account, account.margin, now=self._now()) from fault
                return token
            if _is_over(account, fault):
                raise await self._over(account, fault.words) from fault
            log.account_refused(account=account.name, provider=account.label, reason=fault.words)
            raise Unavailable(
                f"account {account.name}: {account.label} does not take our registration"
                f" (client_id, client_secret_file): {fault.words}"
            ) from fault
        await self._keep(account, renewed)
        log.account_renewed(account=account.name, provider=account.label)
        # Not always what was saved: a person may have given a new consent meanwhile.
        return await self._kept(account.name)

    async def _keep(self, account: Account, renewed: Token) -> None:
        """Save, again and again while the store does not take it: the old one is spent.

        Not longer than the lease: after it, another process would spend the old one again.
        """
        deadline = asyncio.get_running_loop().time() + KEEP
        while True:
            try:
                return await self.store.save(account.name, renewed)
            except UserError:
                raise  # the key is gone; waiting does not bring it back
            except MaildError:
                if asyncio.get_running_loop().time() > deadline:
                    raise
                await asyncio.sleep(LOOK)

    async def _over(self, account: Account, reason: str) -> ConsentNeeded:
        if await self.store.spoil(account.name, reason):
            log.account_needs_consent(account=account.name, provider=account.label, reason=reason)
        return ConsentNeeded(_asked_again(account, reason))


def _is_over(account: Account, fault: Refused) -> bool:
    said = fault.words.lower()
    return fault.error in _CONSENT_IS_OVER or any(words in said for words in account.over)


def _too_early(account: Account, wait: timedelta, *, now: datetime) -> Unavailable:
    said = f"account {account.name}: {account.label} gives no new token yet"
    return Unavailable(f"{said}; it does at {_moment(now + wait)}", retry_after=wait)


def _moment(at: datetime) -> str:
    # A moment and no span: it is kept as a reason, and read at some later time.
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"


def _asked_again(account: Account, reason: str) -> str:
    return (
        f"account {account.name} has no consent of {account.address} at {account.label}"
        f" ({reason}); give it with `{account.command}`"
    )
