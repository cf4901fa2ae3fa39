"""Signing in by a mailed link or code, bound to the browser that asked, and used once.

A GET signs nobody in, an unknown address gets the same answer as a known one, and programs that open
links in mails have not the nonce of the browser. Source: portal_security.md section 2; ASVS 6.5, 6.6.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from typing import Final

from maild.errors import UserError
from maild.intake.notices import NOTICE_PROFILE, message_id
from maild.log import portal as log
from maild.model.access import Factor
from maild.model.delivery import Delivery, Purpose, State
from maild.model.ids import new_id
from maild.model.team import HOUSE
from maild.outbox.sign_in import House
from maild.partners.scope import is_known
from maild.partners.sessions import Guest, Opened, Sessions
from maild.rules.book import RuleBook
from maild.store import deliveries, people, sign_ins
from maild.store.database import Database, Tx
from maild.store.link_secrets import sha256_text
from maild.store.sign_ins import SignIn

GOOD_FOR: Final = timedelta(minutes=10)  # ASVS 6.6.3
MOST_WRONG: Final = 5
WITHIN: Final = timedelta(minutes=15)
MOST_BY_ADDRESS, MOST_BY_PLACE = 3, 10
_PRIORITY: Final = 100  # somebody waits at the screen; an export does not


class Answer(StrEnum):
    """What became of a link or code."""

    OVER = "over"  # used, too old, or unknown
    ELSEWHERE = "elsewhere"  # another browser than the one that asked
    WRONG = "wrong"  # the code


@dataclass(frozen=True, slots=True)
class SignIns:
    """Requests to sign in. `via` is the connector of their mails; empty: only console links."""

    db: Database
    house: House
    via: str
    book: Callable[[], RuleBook]
    operators: Collection[str]
    sessions: Sessions
    now: Callable[[], datetime]

    async def ask(self, email: str, *, browser: str, place: str, language: str) -> str:
        """Let a mail be sent, if the address is known; the id of the request in any case.

        `browser` is the nonce that the asking browser keeps in a cookie.
        """
        return await self.db.write(
            partial(self._ask, email=email, browser=browser, place=place, language=language)
        )

    async def console_link(self, email: str) -> str:
        """An address that signs in whoever opens it first, for somebody at this machine.

        Raises UserError for an address that nothing knows: whoever signed in would see nothing.
        """
        token, now = secrets.token_urlsafe(32), self.now()
        email = email.strip().lower()
        one = SignIn(new_id("l"), email, None, sha256_text(token), "console", now, now + GOOD_FOR)

        def add(tx: Tx) -> None:
            if not is_known(tx, email, book=self.book(), operators=self.operators):
                raise UserError(
                    f'"{email}" is nobody here: no operator, none of a team\'s people, not invited',
                    hint="name it in [web] operators or as one of a team's people, or invite it:"
                    " maild partner invite TEAM ADDRESS",
                )
            sign_ins.add(tx, one)

        await self.db.write(add)
        return f"{self.house.url}/sign-in/{one.id}/{token}"

    async def look(self, id_: str, token: str, *, browser: str) -> Answer | None:
        """What `enter` would answer, without signing anybody in; None: it would."""
        return await self.db.read(partial(self._look, id_=id_, token=token, browser=browser))

    async def enter(self, id_: str, token: str, *, browser: str, guest: Guest) -> Opened | Answer:
        """Sign in by a link."""

        def use(tx: Tx) -> Opened | Answer:
            why_not = self._look(tx, id_=id_, token=token, browser=browser)
            return why_not or self._use(tx, id_, guest=guest)

        return await self.db.write(use)

    async def enter_code(
        self, id_: str, code: str, *, browser: str, guest: Guest
    ) -> Opened | Answer:
        """Sign in by the code of a mail, in the browser that asked."""

        def use(tx: Tx) -> Opened | Answer:
            asked = sign_ins.get(tx, id_)
            if asked is None or asked.browser is None:
                return Answer.OVER
            if not hmac.compare_digest(asked.browser, sha256_text(browser)):
                return Answer.ELSEWHERE
            # Looked at for an unknown address too: the time it takes must not tell which it is.
            right = self.house.secrets.is_code(code, id_)
            if asked.delivery is None or not right:
                sign_ins.count_wrong(tx, id_)
                over = asked.wrong_codes + 1 >= MOST_WRONG or not self._is_open(asked)
                return Answer.OVER if over else Answer.WRONG
            return self._use(tx, id_, guest=guest)

        return await self.db.write(use)

    def _ask(self, tx: Tx, *, email: str, browser: str, place: str, language: str) -> str:
        now = self.now()
        email = email.strip().lower()
        since = now - WITHIN
        mine, near = sign_ins.asked_since(tx, email=email, place=place, since=since)
        allowed = mine < MOST_BY_ADDRESS and near < MOST_BY_PLACE
        known = is_known(tx, email, book=self.book(), operators=self.operators)
        id_ = new_id("l")
        delivery = None
        if allowed and known and self.via:
            people.find_or_add(tx, email, language=language, now=now)
            delivery = self._mail(tx, email, now=now)
        elif not allowed:
            log.sign_in_slowed(place=place)
        asked = SignIn(
            id_, email, sha256_text(browser), None, place, now, now + GOOD_FOR, delivery=delivery
        )
        sign_ins.add(tx, asked)
        return id_

    def _mail(self, tx: Tx, email: str, *, now: datetime) -> str:
        id_ = new_id("v")
        one = Delivery(
            id=id_,
            team=HOUSE,
            purpose=Purpose.SIGN_IN,
            document=None,
            recipient=None,
            address=email,
            via=self.via,
            profile=NOTICE_PROFILE,
            attach=(),
            state=State.QUEUED,
            not_before=now,
            created_at=now,
            message_id=message_id(id_, self.house.team),
            priority=_PRIORITY,
            deadline_at=now + GOOD_FOR,  # nobody is helped by a link that has run out
        )
        deliveries.add(tx, one)
        return id_

    def _look(self, tx: Tx, *, id_: str, token: str, browser: str) -> Answer | None:
        asked = sign_ins.get(tx, id_)
        if asked is None or not self._is_open(asked) or not self._is_token(asked, token):
            return Answer.OVER
        if asked.browser and not hmac.compare_digest(asked.browser, sha256_text(browser)):
            return Answer.ELSEWHERE
        return None

    def _is_token(self, asked: SignIn, token: str) -> bool:
        if asked.token is not None:
            return hmac.compare_digest(asked.token, sha256_text(token))
        return asked.delivery is not None and self.house.secrets.is_token(token, asked.id)

    def _is_open(self, asked: SignIn) -> bool:
        fresh = asked.expires_at > self.now()
        return fresh and asked.used_at is None and asked.wrong_codes < MOST_WRONG

    def _use(self, tx: Tx, id_: str, *, guest: Guest) -> Opened | Answer:
        now = self.now()
        asked = sign_ins.get(tx, id_)
        if asked is None or not sign_ins.use(tx, id_, most_wrong=MOST_WRONG, now=now):
            return Answer.OVER
        person = people.find_or_add(tx, asked.email, language=guest.language, now=now)
        factor = Factor.CONSOLE if asked.browser is None else Factor.LINK
        return self.sessions.open(tx, person, factor=factor, guest=guest)
