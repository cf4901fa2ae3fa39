"""What a team's own people see first: what waits for them and why, and what lately went where.

Looks only; what they do about it is in `maild.partners.handling`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final
from zoneinfo import ZoneInfo

from maild.errors import NotFound
from maild.intake import review
from maild.intake.confirming import is_waiting
from maild.intake.notices import in_shadow
from maild.model.access import Scope
from maild.model.delivery import Delivery, HoldCode, State
from maild.model.document import Document
from maild.model.returned import Return
from maild.model.team import Team
from maild.rules.book import RuleBook
from maild.store import days, deliveries, documents, marks, returns
from maild.store.database import Database, Tx
from maild.store.marks import Refusal
from maild.store.waiting import waiting

MOST_ASKED: Final = 50
MOST_STUCK: Final = 50
MOST_REFUSED: Final = 10
MOST_SHADOWED: Final = 500
PAGE: Final = 25
# What failed longer ago and was left alone wants nobody any more.
LATELY: Final = timedelta(days=30)
REFUSED_LATELY: Final = timedelta(days=7)
_STUCK: Final = (State.FAILED, State.BOUNCED, State.UNCERTAIN)
_MENDED: Final = frozenset({State.QUEUED, State.SENDING, State.HANDED_OVER, State.CONFIRMED})


@dataclass(frozen=True, slots=True)
class Asked:
    """A document that waits for a person's yes or no; `stranger` is a sender that nobody let in."""

    document: Document
    held: tuple[Delivery, ...]
    stranger: str | None
    earlier: Document | None  # what came with the same number before
    page: bool = False  # it is only a page, of which somebody must say what it says

    @property
    def code(self) -> HoldCode:
        """Why it waits."""
        if self.document.review == "waiting":
            return HoldCode.REVIEW
        return next((one.hold_code for one in self.held if one.hold_code), HoldCode.PERSON)


@dataclass(frozen=True, slots=True)
class Stuck:
    """A delivery that did not arrive, or of which that is not known; and what came back of it."""

    delivery: Delivery
    document: Document | None
    back: tuple[Return, ...]


@dataclass(frozen=True, slots=True)
class Went:
    """A document, and where it went or would go."""

    document: Document
    deliveries: tuple[Delivery, ...]


@dataclass(frozen=True, slots=True)
class Seen:
    """The page of a team. `more` is the last id when there are older documents."""

    team: Team
    came: int  # since midnight
    left: int
    asked: tuple[Asked, ...]
    asked_in_all: int
    stuck: tuple[Stuck, ...]
    refused: tuple[Refusal, ...]
    shadow: bool
    went: tuple[Went, ...]
    more: str | None
    rests: dict[str, datetime]  # connector -> until when it rests


@dataclass(frozen=True, slots=True)
class Shadow:
    """Whether a team is in shadow mode, and what waits because it is or was; `more` than is listed."""

    team: Team
    on: bool
    went: tuple[Went, ...]
    many: int
    more: bool


@dataclass(frozen=True, slots=True)
class Today:
    """Questions of a team's own people about what happens to their documents."""

    db: Database
    book: Callable[[], RuleBook]
    now: Callable[[], datetime]

    def team(self, scope: Scope, slug: str) -> Team:
        """A team that is one's own. Raises NotFound."""
        if slug not in scope.owns:
            raise NotFound(f'there is no team "{slug}"')
        return self.book().team(slug)

    async def look(self, scope: Scope, slug: str, *, after: str | None = None) -> Seen:
        """What waits and what went, the newest first; `after` is the last id of the page before.

        Raises NotFound.
        """
        team = self.team(scope, slug)
        return await self.db.read(partial(_look, team=team, now=self.now(), after=after))

    async def in_shadow(self, scope: Scope, slug: str) -> Shadow:
        """What would have been sent, the newest first. Raises NotFound."""
        team = self.team(scope, slug)
        return await self.db.read(partial(_shadow, team=team))

    async def of_document(self, scope: Scope, document: Document) -> tuple[Delivery, ...]:
        """Where a document of an own team goes; nothing for others."""
        if document.team not in scope.owns:
            return ()
        return await self.db.read(partial(deliveries.of_document, document=document.id))


def asked_of(tx: Tx, id_: str) -> Asked:
    """A document that waits, and what it waits for."""
    return _asked(tx, documents.get(tx, id_), deliveries.of_document(tx, id_))


def asked_of_each(tx: Tx, ids: Sequence[str]) -> tuple[Asked, ...]:
    """The same of several, in that order."""
    of_each = deliveries.of_documents(tx, ids)
    return tuple(_asked(tx, one, of_each[one.id]) for one in documents.several(tx, ids))


def _asked(tx: Tx, document: Document, of_it: Sequence[Delivery]) -> Asked:
    codes = {HoldCode.REVIEW} if document.review == "waiting" else set()
    held = tuple(one for one in of_it if review.waits(one) or one.hold_code in codes)
    stranger = next((True for one in held if one.hold_code is HoldCode.UNKNOWN_SENDER), False)
    earlier = document.correction_of if document.review == "waiting" else None
    return Asked(
        document,
        held,
        review.sender_of(tx, document.id) if stranger else None,
        documents.get(tx, earlier) if earlier else None,
        is_waiting(tx, document.id),
    )


def _look(tx: Tx, *, team: Team, now: datetime, after: str | None) -> Seen:
    asked = waiting(tx, team=team.slug)
    came, left = days.counts(tx, team.slug, since=_midnight(team, now), until=now)
    found = documents.find(tx, team=team.slug, after=after, limit=PAGE + 1)
    of_each = deliveries.of_documents(tx, [one.id for one in found[:PAGE]])
    went = tuple(Went(one, of_each[one.id]) for one in found[:PAGE])
    return Seen(
        team=team,
        came=came,
        left=left,
        asked=asked_of_each(tx, asked[:MOST_ASKED]),
        asked_in_all=len(asked),
        stuck=tuple(_stuck(tx, team, now=now)),
        refused=_refused(tx, team, now=now),
        shadow=in_shadow(tx, team),
        went=went,
        more=went[-1].document.id if len(found) > PAGE else None,
        rests={via: until for via, (until, _) in deliveries.paused(tx, now).items()},
    )


def _shadow(tx: Tx, *, team: Team) -> Shadow:
    held = _held(tx, team, HoldCode.SHADOW, limit=MOST_SHADOWED + 1)
    of_documents: dict[str, list[Delivery]] = {}
    for one in held:
        if one.document is not None:
            of_documents.setdefault(one.document, []).append(one)
    shown = documents.several(tx, [*of_documents][:MOST_ASKED])
    went = tuple(Went(one, tuple(reversed(of_documents[one.id]))) for one in shown)
    many = min(len(held), MOST_SHADOWED)
    return Shadow(team, in_shadow(tx, team), went, many, more=len(held) > MOST_SHADOWED)


def _stuck(tx: Tx, team: Team, *, now: datetime) -> Iterator[Stuck]:
    found = [
        one
        for state in _STUCK
        for one in deliveries.find(tx, team=team.slug, state=state.value, limit=MOST_STUCK)
        if one.created_at > now - LATELY
    ]
    for code in (HoldCode.RESTORED, HoldCode.STOPPED):
        held = _held(tx, team, code, limit=MOST_STUCK)
        # A document that is held at an address that complained is asked about above.
        found += [one for one in held if code is HoldCode.RESTORED or one.document is None]
    newest = sorted(found, key=lambda one: one.id, reverse=True)[:MOST_STUCK]
    back = returns.of_deliveries(tx, [one.id for one in newest])
    ids = list({one.document for one in newest if one.document})
    known = {one.id: one for one in documents.several(tx, ids)}
    of_each = deliveries.of_documents(tx, ids)
    for one in newest:
        if one.document is None:
            yield Stuck(one, None, back[one.id])
        elif not _mended(one, of_each[one.document]):
            yield Stuck(one, known[one.document], back[one.id])


def _held(tx: Tx, team: Team, code: HoldCode, *, limit: int) -> tuple[Delivery, ...]:
    """What is held for that reason; the state is named, since the index goes by it."""
    return deliveries.find(
        tx, team=team.slug, state=State.HELD.value, hold_code=code.value, limit=limit
    )


def _mended(one: Delivery, others: Sequence[Delivery]) -> bool:
    """Whether the same document went to the same place once more since."""
    return any(
        other.generation > one.generation
        and (other.via, other.address) == (one.via, one.address)
        and other.state in _MENDED
        for other in others
    )


def _refused(tx: Tx, team: Team, *, now: datetime) -> tuple[Refusal, ...]:
    found = marks.refusals(tx, team=team.slug, limit=MOST_REFUSED)
    return tuple(one for one in found if one.at > now - REFUSED_LATELY)


def _midnight(team: Team, now: datetime) -> datetime:
    local = now.astimezone(ZoneInfo(team.time_zone))
    return local.replace(hour=0, minute=0, second=0, microsecond=0)
