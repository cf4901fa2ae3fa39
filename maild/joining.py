"""Connects a team to CodaBox: asks for the token, and turns it into a login that is kept, sealed.

CodaBox mails the token to the address that it has for the company. Where that is a mailbox that
maild reads, or the team's own address, maild takes it from the mail; else a person pastes it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from maild import roads
from maild.app import App
from maild.connectors.codabox_api import Api, Denied, Login, NotLetIn
from maild.connectors.codabox_keys import Keys, Redeeming
from maild.errors import DeliveryError, UserError, did_you_mean
from maild.log import accounts as log
from maild.model.party import company_key
from maild.model.said import Said
from maild.model.team import Team
from maild.pause import pause
from maild.store import joining as rows
from maild.store import order, tokens
from maild.store.database import Database, Tx
from maild.store.joining import Asked, letter_name
from maild.store.tokens import SealedTokens

LOOK: Final = 5.0  # seconds between two looks for a token that came by mail
# A token that a person pasted is another process's until then: two calls of a minute each, and time.
ABANDONED: Final = timedelta(minutes=3)


class Lost(UserError):
    """A token was used up by a call of which nobody heard the answer."""


@dataclass(frozen=True, slots=True)
class Way:
    """One connector to CodaBox."""

    api: Api
    keys: Keys


@dataclass(frozen=True, slots=True)
class Joining:
    """The connectors to CodaBox of one app, by their names."""

    db: Database
    ways: Mapping[str, Way]
    letters: SealedTokens
    now: Callable[[], datetime]

    @classmethod
    def of(cls, app: App) -> Joining:
        """As an app's configuration says."""
        ways = {
            name: Way(roads.codabox_api(one), roads.codabox_keys(app, name))
            for name, one in app.settings.connector.codabox.items()
        }
        return cls(app.db, ways, roads.sealed_tokens(app), app.now)

    def connector(self, name: str | None) -> str:
        """The connector that is meant. Raises UserError when there is none, or more than one."""
        if name is not None and name in self.ways:
            return name
        if name is None and len(self.ways) == 1:
            return next(iter(self.ways))
        if name is None and self.ways:
            raise UserError(f"there are several: say --account {' or '.join(self.ways)}")
        wanted = f"[connector.codabox.{name or 'NAME'}]"
        hint = did_you_mean(name or "", self.ways)
        raise UserError(
            f"the configuration has no {wanted}{hint}",
            hint="docs/codabox.md shows how to write one",
        )

    async def trouble(self, connector: str, team: Team) -> str | None:
        """Why CodaBox takes nothing of a team; None when there is a login that it did not refuse."""
        try:
            await self.ways[connector].keys.login(team.slug)
        except DeliveryError as fault:
            return fault.reply
        return None

    async def ask(self, connector: str, team: Team) -> str:
        """Have CodaBox mail a token; the enterprise number that it was asked for.

        Raises UserError with CodaBox's reason, Unavailable.
        """
        number = enterprise_number(connector, team)
        asked = Asked(connector, team.slug, number, self.now())
        # Before the call: a mail that comes though maild died meanwhile must be known for what it is.
        before = await self.db.write(partial(rows.ask, asked=asked))
        try:
            await self.ways[connector].api.request_token(number)
        except Denied as fault:
            await self.db.write(partial(rows.take_back, asked=asked, before=before))
            english = f"CodaBox mails no token for {number}: {fault}"
            raise UserError(
                Said("no_token_mailed", english, number=number, why=str(fault)),
                hint="the accounting office can look at the company's data there: its number, its "
                "mail address, and that it may connect",
            ) from fault
        return number

    async def redeem(
        self, connector: str, team: Team, *, tokens: Sequence[str], pasted: bool
    ) -> None:
        """Turn the token, which is one of these, into a login and keep it.

        A login that is not of this company is never kept. Each step is on the disk before the next
        call, so that whoever dies in between is followed by `go_on`. Raises UserError, Unavailable.
        """
        keys, now = self.ways[connector].keys, self.now()
        one, before = Redeeming(tuple(tokens), pasted, now), await keys.redeeming(team.slug)
        if before is not None and before.words[:1] == one.words[:1]:
            one = replace(before, pasted=pasted, at=now)  # the same again: it goes on where it was
        number = enterprise_number(connector, team)
        asked = Asked(connector, team.slug, number, now)
        await self.db.write(partial(rows.ask_unless_asked, asked=asked))
        await self._redeem(connector, team, one)

    async def take_letters(self, teams: Mapping[str, Team]) -> None:
        """Use the tokens that came by mail, and go on with those that a dead process began to use.

        One that is of no use is dropped, and said.
        """
        for one in await self.db.read(partial(rows.pending, now=self.now())):
            if one.connector not in self.ways or one.team not in teams:
                continue
            try:
                await self._go_on(one, teams[one.team])
            except UserError as fault:
                log.token_refused(account=one.connector, team=one.team, reason=str(fault))
            except DeliveryError:
                continue  # CodaBox does not answer: at the next look

    async def _go_on(self, asked: Asked, team: Team) -> None:
        begun = await self.ways[asked.connector].keys.redeeming(team.slug)
        letter = await self.letters.load(asked.letter)
        words = letter.token.access.split() if letter.token else []
        if begun is not None and (not begun.pasted or self.now() - begun.at >= ABANDONED):
            if tuple(words[-len(begun.words) :]) == begun.words:
                await self.letters.drop(asked.letter)
            await self._redeem(asked.connector, team, begun)
        elif words:
            try:
                await self.redeem(asked.connector, team, tokens=words, pasted=False)
            except UserError:
                await self.letters.drop(asked.letter)
                raise

    async def _redeem(self, connector: str, team: Team, one: Redeeming) -> None:
        keys = self.ways[connector].keys
        mine = keys.redeeming_name(team.slug)
        try:
            login = one.login or await self._exchanged(connector, team, one)
            await self._check(connector, team, login, pasted=one.pasted)
        except UserError as fault:
            await self.letters.drop(mine)
            if isinstance(fault, Lost):
                await keys.missed(team.slug, str(fault))
            raise
        await keys.keep(team.slug, login)
        done = (mine, letter_name(connector, team.slug))
        joined = partial(_joined, connector=connector, team=team.slug, done=done, now=self.now())
        await self.db.write(joined)
        log.account_connected(account=keys.name(team.slug), provider="CodaBox")

    async def _exchanged(self, connector: str, team: Team, one: Redeeming) -> Login:
        """The login that CodaBox gives for one of the words. Raises UserError, Lost."""
        way, said, lost = self.ways[connector], "there is no token in it", False
        for n, word in enumerate(one.words):
            trying = replace(one, words=one.words[n:], asked=True)
            await way.keys.note(team.slug, trying)
            try:
                login = await way.api.credentials(word)
            except Denied as fault:
                lost = lost or (n == 0 and one.asked)
                said = str(fault)
                continue
            await way.keys.note(team.slug, replace(trying, login=login))
            return login
        again = f"`maild connect codabox {team.slug}` asks for another"
        if lost:
            english = (
                f"CodaBox does not take this token: {said} A call with it was cut off before, and may"
                " have used it up; then the login that it gave is lost"
            )
            raise Lost(
                Said("token_lost", english, why=said),
                hint=f"{again}; should CodaBox mail none because the company is connected already, ask"
                " it to end that connection first",
            )
        english = f"CodaBox does not take this token: {said}"
        raise UserError(Said("token_refused", english, why=said), hint=f"each works once; {again}")

    async def _check(self, connector: str, team: Team, login: Login, *, pasted: bool) -> None:
        """Raise UserError for a login of another company.

        Somebody else's token, mailed by whoever knew that one is waited for, would have the team's
        invoices go to his account.
        """
        numbers: Sequence[str] = ()
        with contextlib.suppress(Denied, NotLetIn):
            numbers = [company_key(one) for one in await self.ways[connector].api.numbers(login)]
        wanted = enterprise_number(connector, team)
        if wanted not in numbers and (numbers or not pasted):
            of = ", ".join(numbers) or "a company that CodaBox does not name"
            english = f"this token is of {of}, and team {team.slug} is {wanted}"
            raise UserError(Said("token_of_another", english, team=team.slug, wanted=wanted))


def enterprise_number(connector: str, team: Team) -> str:
    """The number of a team at CodaBox: of its recipient there, else its Belgian VAT number.

    Raises UserError when it has none.
    """
    named = [one.address for one in team.recipients if one.via == connector]
    for number in (*named, *team.vat):
        if number.startswith("BE"):
            return number
    english = f"team {team.slug} has no Belgian enterprise number; CodaBox serves Belgian companies"
    raise UserError(Said("no_enterprise_number", english, team=team.slug))


def _joined(tx: Tx, *, connector: str, team: str, done: Sequence[str], now: datetime) -> None:
    rows.done(tx, connector, team)
    for name in done:
        tokens.forget(tx, name=name)
    order.wake(tx, connector, team, now=now)


async def serve(
    joining: Joining, teams: Callable[[], Mapping[str, Team]], stop: asyncio.Event
) -> None:
    """Look for tokens that came by mail, until `stop`."""
    while not stop.is_set():
        await joining.take_letters(teams())
        await pause(stop, LOOK, now=joining.now)
