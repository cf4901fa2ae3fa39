"""Consents that are being asked for: what a person was shown, until the answer is there.

Kept in memory only, by session and account: what one browser was shown is answered in no other, and a
restart means to ask anew. How a provider is asked is in `maild.consents`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from maild.consents import Account, DeviceQuestion, PageQuestion
from maild.errors import DeliveryError, NotFound, UserError
from maild.model.said import Said, all_of

GOOD_FOR: Final = timedelta(minutes=15)
MOST: Final = 50  # of all people together


@dataclass(slots=True)
class Pending:
    """One question. `waiting` looks for the answer where it is not pasted."""

    account: Account
    question: DeviceQuestion | PageQuestion
    until: datetime
    waiting: asyncio.Task[str] | None = None

    @property
    def by_code(self) -> bool:
        """Whether a code is typed in at the provider, and nothing pasted here."""
        return self.waiting is not None

    @property
    def said(self) -> str | None:
        """What came of it where it is not pasted: None while it is open, empty when it is given."""
        return self.waiting.result() if self.waiting and self.waiting.done() else None


@dataclass(slots=True)
class Asking:
    """The questions that are open."""

    _open: dict[tuple[str, str], Pending] = field(default_factory=dict)

    def begin(
        self,
        session: str,
        account: Account,
        question: DeviceQuestion | PageQuestion,
        *,
        now: datetime,
        answer: Coroutine[Any, Any, Any] | None = None,
    ) -> None:
        """Keep a question; `answer` gets it where nothing is pasted. Raises UserError at too many."""
        self.end(session, account.name)
        for key, one in list(self._open.items()):
            if one.until <= now:
                self.end(*key)
        if len(self._open) >= MOST:
            if answer is not None:
                answer.close()
            english = "too many consents are asked for at this moment; try again in a while"
            raise UserError(Said("many_consents", english))
        waiting = None if answer is None else asyncio.create_task(_told(answer))
        self._open[session, account.name] = Pending(account, question, now + GOOD_FOR, waiting)

    def of(self, session: str, account: str, *, now: datetime) -> Pending | None:
        """What this browser was asked about an account; None when it is over."""
        found = self._open.get((session, account))
        return found if found is not None and found.until > now else None

    def page(self, session: str, account: str, *, now: datetime) -> PageQuestion:
        """The page that this browser was shown. Raises NotFound when it was not, or too long ago."""
        found = self.of(session, account, now=now)
        if found is None or not isinstance(found.question, PageQuestion):
            raise NotFound("nothing is asked about this account")
        return found.question

    def end(self, session: str, account: str) -> None:
        """Forget a question."""
        found = self._open.pop((session, account), None)
        if found is not None and found.waiting is not None:
            found.waiting.cancel()


async def _told(answer: Coroutine[Any, Any, Any]) -> str:
    """Why there is no consent, in words; empty when there is one."""
    try:
        await answer
    except UserError as fault:
        return all_of([*fault.problems])
    except DeliveryError as fault:
        return fault.reply
    return ""
