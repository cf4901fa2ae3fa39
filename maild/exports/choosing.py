"""Which documents belong in a package, and how many of the period do not, with the reason.

What was accepted by the package's instant decides, so a package made late is the one made in time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from maild.exports.naming import Names, folder_of
from maild.model.document import Direction
from maild.model.export import Order
from maild.model.team import Team
from maild.store import periods
from maild.store.database import Tx
from maild.store.periods import Listed

# Why a document of the period is not in its package; words for people are in templates/export.
WAITED, REJECTED, KIND, DIRECTION, BEFORE, UNSENT = (
    "waited",  # for a person's decision
    "rejected",
    "kind",  # not asked for
    "direction",  # not asked for
    "before",  # the day from which documents are asked for
    "unsent",  # nothing of it was handed over
)


@dataclass(frozen=True, slots=True)
class Place:
    """A document that belongs in the package: the day it counts by, and where its files lie."""

    document: str
    on: date
    folder: str
    stem: str


@dataclass(frozen=True, slots=True)
class Chosen:
    """The documents of a package in the order of their places, and what was left out: (why, kind)."""

    places: tuple[Place, ...]
    left_out: tuple[tuple[str, str, int], ...]  # (reason, kind, how many)


def choose(tx: Tx, order: Order, *, team: Team) -> Chosen:
    """What belongs in the package that `order` asks for."""
    zone, period = ZoneInfo(team.time_zone), order.period
    found = periods.listed(
        tx,
        team.slug,
        days=(period.first_on, period.last_on),
        moments=(period.starts_at(zone), period.ends_at(zone)),
        accepted_by=order.accepted_by,
    )
    found = _ripe(tx, order, found)
    if (only := order.choice.documents) is not None:
        found = tuple(one for one in found if one.id in only)
    reasons = _reasons(tx, order, found)
    left: Counter[tuple[str, str]] = Counter()
    taken = []
    for one in found:
        if why := reasons.get(one.id):
            if order.choice.discreet and one.kind not in order.choice.kinds:
                continue
            left[why, one.kind.value] += 1
        else:
            taken.append((one, one.issued_on or one.accepted_at.astimezone(zone).date()))
    return Chosen(_placed(taken), tuple((*key, n) for key, n in sorted(left.items())))


def _ripe(tx: Tx, order: Order, found: Sequence[Listed]) -> tuple[Listed, ...]:
    """For a supplement, what came or was let through only after the package before it."""
    if order.after is None:
        return tuple(found)
    through = periods.let_through(tx, [one.id for one in found])
    return tuple(
        one
        for one in found
        if max(one.accepted_at, through.get(one.id, one.accepted_at)) > order.after
    )


def _reasons(tx: Tx, order: Order, found: Sequence[Listed]) -> dict[str, str]:
    choice, ids = order.choice, [one.id for one in found]
    doubted = periods.doubted(tx, ids)
    through = periods.let_through(tx, ids)
    sales = [one.id for one in found if _direction(one) is Direction.SALES]
    sent = periods.handed_over(tx, sales, by=order.accepted_by) if choice.only_sent else set(sales)
    reasons: dict[str, str] = {}
    for one in found:
        direction = _direction(one)
        late = one.id in through and through[one.id] > order.accepted_by
        if one.kind not in choice.kinds:
            reasons[one.id] = KIND
        elif choice.direction and direction is not choice.direction:
            reasons[one.id] = DIRECTION
        elif choice.since and (one.issued_on or one.accepted_at.date()) < choice.since:
            reasons[one.id] = BEFORE
        elif one.review == "rejected":
            reasons[one.id] = REJECTED
        elif late or one.review == "waiting" or one.id in doubted:
            reasons[one.id] = WAITED
        elif direction is Direction.SALES and one.id not in sent:
            reasons[one.id] = UNSENT
    return reasons


def _direction(one: Listed) -> Direction | None:
    return one.direction or one.kind.direction


def _placed(taken: Sequence[tuple[Listed, date]]) -> tuple[Place, ...]:
    names = Names()
    placed = []
    # By id at last, so that two of one name always get the same two names.
    for one, on in sorted(taken, key=lambda pair: (pair[1], pair[0].number or "", pair[0].id)):
        folder = folder_of(one.kind, one.direction)
        stem = names.stem(folder, on=on, number=one.number, party=one.party, id=one.id)
        placed.append(Place(one.id, on, folder, stem))
    return tuple(sorted(placed, key=lambda place: (place.folder, place.stem)))
