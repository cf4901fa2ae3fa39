"""What was refused for a known team: kept for 30 days with its reason, and told in one digest.

The sender is often a program that reads no replies, so the team must hear of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from maild.errors import DocumentError
from maild.intake.answering import Asker, tell_refused
from maild.intake.mark import Mark
from maild.intake.notices import tell
from maild.intake.policy import QUOTA_PERIOD, REFUSED_BYTES_PER_DAY, REFUSED_PER_DAY
from maild.log import incoming
from maild.model.ids import new_id
from maild.render.fields import language_of
from maild.render.problems import problem_in
from maild.rules.book import RuleBook
from maild.store import blobs, marks
from maild.store.blobs import BlobStore, Staged
from maild.store.database import Database, Tx
from maild.store.marks import Refusal
from maild.store.spool import Original, sha256_of

KEPT_FOR: Final = timedelta(days=30)
MAX_TOLD: Final = 50  # refusals listed in one digest; the rest is counted


@dataclass(frozen=True, slots=True)
class Refused:
    """A refusal as the door saw it. `raw` is None when nothing of it was kept (too large)."""

    team: str
    door: str
    peer: str | None
    sender: str | None
    recipient: str | None
    subject: str | None
    size: int
    raw: Original | None


@dataclass(frozen=True, slots=True)
class Refusals:
    """Keeps refusals, tells them, and forgets them."""

    db: Database
    blobs: BlobStore
    book: Callable[[], RuleBook]
    now: Callable[[], datetime]

    async def keep(
        self,
        refused: Refused,
        fault: DocumentError,
        *,
        mark: Mark | None = None,
        whom: Asker | None = None,
    ) -> None:
        """Keep one refusal with its reason. Never raises: the refusal itself is the news.

        Where the door's `mark` was not written, it was not kept. `whom` is told why.
        """
        incoming.arrival_refused(
            team=refused.team,
            door=refused.door,
            peer=refused.peer,
            code=fault.smtp,
            reason=fault.problems[0].code if fault.problems else "",
        )
        try:
            await self._keep(refused, fault, mark=mark, whom=whom)
        except Exception as error:  # noqa: BLE001 - a full disk must not turn a 554 into a 451
            incoming.door_failed(door=refused.door, incident=new_id("i"), error=error)

    async def _keep(
        self, refused: Refused, fault: DocumentError, *, mark: Mark | None, whom: Asker | None
    ) -> None:
        now = self.now()
        count, size = await self.db.read(
            partial(
                marks.refused_bytes,
                team=refused.team,
                peer=refused.peer,
                since=now - QUOTA_PERIOD,
            )
        )
        room = count < REFUSED_PER_DAY and size + refused.size <= REFUSED_BYTES_PER_DAY
        staged = await self.blobs.stage(refused.raw) if room and refused.raw is not None else None
        await self.db.write(
            partial(_add, refused, fault, mark=mark, staged=staged, whom=whom, now=now)
        )


def forget(tx: Tx, _period: str, now: datetime) -> None:
    """A job of the clock: drop refusals that are older than 30 days, with their bytes."""
    marks.forget_before(tx, before=now - KEPT_FOR)


def digest(book: RuleBook, tx: Tx, _period: str, now: datetime) -> None:
    """A job of the clock, at most hourly: one notice a team about what was refused since."""
    for team in book.teams:
        untold = marks.untold_refusals(tx, team.slug)
        if untold:
            told = [_told(one, language_of(team.language)) for one in untold[:MAX_TOLD]]
            facts = {"refusals": told, "count": len(untold)}
            tell(tx, team, kind="refused_digest", facts=facts, now=now)
            marks.mark_told(tx, [one.id for one in untold])


def _told(one: Refusal, language: str) -> Refusal:
    """The same with its problems in words of that language; without any, as it was written."""
    words = "; ".join(problem_in(each, language) for each in one.problems)
    return replace(one, message=words or one.message)


def _add(
    refused: Refused,
    fault: DocumentError,
    tx: Tx,
    *,
    mark: Mark | None,
    staged: Staged | None,
    whom: Asker | None,
    now: datetime,
) -> None:
    if staged is not None:
        blobs.keep(tx, staged)
    original = staged.sha256 if staged else None if refused.raw is None else sha256_of(refused.raw)
    id_ = new_id("r")
    marks.add_refusal(
        tx,
        Refusal(
            id=id_,
            team=refused.team,
            at=now,
            peer=refused.peer,
            sender=refused.sender,
            recipient=refused.recipient,
            subject=refused.subject,
            code=fault.smtp,
            message=str(fault),
            size=refused.size,
            original=original,
            problems=fault.problems,
        ),
    )
    tell_refused(tx, whom, fault, about=original, now=now)
    if mark is not None:
        mark.refused(tx, id_, fault)
