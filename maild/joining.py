"""Connects a team to CodaBox: asks for the token, and turns it into a login that is kept, sealed.

CodaBox mails the token to the address that it has for the company. Where that is a mailbox that
maild reads, or the team's own address, maild takes it from the mail; else a person pastes it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final

from maild import roads
from maild.app import App
from maild.connectors.codabox_api import Api, Denied, NotLetIn
from maild.connectors.codabox_keys import Keys
from maild.errors import DeliveryError, UserError, did_you_mean
from maild.log import accounts as log
from maild.model.party import company_key
from maild.model.team import Team
from maild.pause import pause
from maild.store import joining as rows
from maild.store import order
from maild.store.database import Database, Tx
from maild.store.joining import Asked
from maild.store.tokens import SealedTokens

LOOK: Final = 5.0  # seconds between two looks for a token that came by mail


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
        try:
            await self.ways[connector].api.request_token(number)
        except Denied as fault:
            raise UserError(
                f"CodaBox mails no token for {number}: {fault}",
                hint="the accounting office can look at the company's data there: its number, its "
                "mail address, and that it may connect",
            ) from fault
        asked = Asked(connector, team.slug, number, self.now())
        await self.db.write(partial(rows.ask, asked=asked))
        return number

    async def redeem(
        self, connector: str, team: Team, *, tokens: Sequence[str], pasted: bool
    ) -> None:
        """Turn the token, which is one of these, into a login and keep it.

        A login that is not of this company is never kept. Raises UserError, Unavailable.
        """
        way, said = self.ways[connector], "there is no token in it"
        for token in tokens:
            try:
                login = await way.api.credentials(token)
            except Denied as fault:
                said = str(fault)
                continue
            # Somebody else's token, mailed by whoever knew that one is waited for, would have the
            # team's invoices go to his account.
            numbers: Sequence[str] = ()
            with contextlib.suppress(Denied, NotLetIn):
                numbers = [company_key(one) for one in await way.api.numbers(login)]
            wanted = enterprise_number(connector, team)
            if wanted not in numbers and (numbers or not pasted):
                of = ", ".join(numbers) or "a company that CodaBox does not name"
                raise UserError(f"this token is of {of}, and team {team.slug} is {wanted}")
            await way.keys.keep(team.slug, login)
            joined = partial(_joined, connector=connector, team=team.slug, now=self.now())
            await self.db.write(joined)
            log.account_connected(account=way.keys.name(team.slug), provider="CodaBox")
            return
        raise UserError(
            f"CodaBox does not take this token: {said}",
            hint=f"each works once; `maild connect codabox {team.slug}` asks for another",
        )

    async def take_letters(self, teams: Mapping[str, Team]) -> None:
        """Use the tokens that came by mail; one that is of no use is dropped, and said."""
        for one in await self.db.read(partial(rows.pending, now=self.now())):
            letter = await self.letters.load(one.letter)
            if letter.token is None or one.connector not in self.ways or one.team not in teams:
                continue
            words = letter.token.access.split()
            if not words:
                continue
            try:
                await self.redeem(one.connector, teams[one.team], tokens=words, pasted=False)
            except UserError as fault:
                log.token_refused(account=one.connector, team=one.team, reason=str(fault))
            except DeliveryError:
                continue  # CodaBox does not answer: at the next look
            await self.letters.drop(one.letter)


def enterprise_number(connector: str, team: Team) -> str:
    """The number of a team at CodaBox: of its recipient there, else its Belgian VAT number.

    Raises UserError when it has none.
    """
    named = [one.address for one in team.recipients if one.via == connector]
    for number in (*named, *team.vat):
        if number.startswith("BE"):
            return number
    raise UserError(
        f"team {team.slug} has no Belgian enterprise number; CodaBox serves Belgian companies"
    )


def _joined(tx: Tx, *, connector: str, team: str, now: datetime) -> None:
    rows.done(tx, connector, team)
    order.wake(tx, connector, team, now=now)


async def serve(
    joining: Joining, teams: Callable[[], Mapping[str, Team]], stop: asyncio.Event
) -> None:
    """Look for tokens that came by mail, until `stop`."""
    while not stop.is_set():
        await joining.take_letters(teams())
        await pause(stop, LOOK, now=joining.now)
