"""What came lately for many teams at once is what a plain look at each finds."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from maild.model.browsing import MOST_COUNTED
from maild.model.document import Direction, Kind
from maild.store import browsing, people, schema
from maild.store.activity import activities
from maild.store.database import Tx
from tests.store.builders import NOW, a_document
from tests.store.test_tallying import file

TEAMS = ("acme", "other", "third", "empty")
SEEN = {
    "acme": frozenset(Direction),
    "other": frozenset({Direction.SALES}),
    "third": frozenset({Direction.PURCHASE}),
    "empty": frozenset(Direction),
}
KINDS = (Kind.INVOICE, Kind.PURCHASE_INVOICE, Kind.EXPORT, Kind.OTHER)


def fill(tx: Tx, chance: random.Random, count: int) -> None:
    for _ in range(count):
        kind = chance.choice(KINDS)
        at = NOW - timedelta(days=chance.randrange(45), minutes=chance.randrange(1440))
        team = chance.choice(TEAMS[:3])
        file(
            tx, a_document(team=team, kind=kind, direction=kind.direction, accepted_at=at, files=())
        )


def plain(
    tx: Tx, team: str, *, partner: str | None
) -> tuple[datetime | None, int, tuple[int, ...]]:
    of = schema.documents.c
    rows = tx.execute(select(of.id, of.accepted_at, of.direction).where(of.team == team)).all()
    mine = [row for row in rows if row.direction in {one.value for one in SEEN[team]}]
    ids = [row.id for row in mine]
    new = browsing.new_among(tx, team, partner=partner, ids=ids) if partner else ()
    on = [(NOW.date() - row.accepted_at.date()).days for row in mine]
    bars = tuple(on.count(ago) for ago in reversed(range(30)))
    return max((row.accepted_at for row in mine), default=None), len(new), bars


@pytest.mark.parametrize("seed", range(3))
def test_many_teams_at_once_are_told_what_each_is_told_alone(tx: Tx, seed: int) -> None:
    chance = random.Random(seed)
    fill(tx, chance, 120)
    office = people.add_partner(tx, "Kantoor", now=NOW).id
    other = people.add_partner(tx, "Ander kantoor", now=NOW).id
    for which, team in ((office, "acme"), (other, "other")):
        seen = NOW - timedelta(days=chance.randrange(30))
        browsing.process_all(tx, team, partner=which, by="an@kantoor.example", now=seen)
    ids = list(tx.execute(select(schema.documents.c.id)).scalars())
    for team in TEAMS:
        some = chance.sample(ids, 20)
        browsing.process(tx, team, partner=office, ids=some, by="an@kantoor.example", now=NOW)
    askers: tuple[str | None, ...] = (office, other, None)
    for asker in askers:
        found = activities(tx, SEEN, partner=asker, now=NOW)
        assert {team: (one.last_at, one.new, one.days) for team, one in found.items()} == {
            team: plain(tx, team, partner=asker) for team in TEAMS
        }


def test_what_is_new_is_counted_so_far_and_no_further(tx: Tx) -> None:
    for _ in range(MOST_COUNTED + 1):
        file(tx, a_document(accepted_at=NOW, files=()))
    office = people.add_partner(tx, "Kantoor", now=NOW).id
    [one] = activities(tx, {"acme": SEEN["acme"]}, partner=office, now=NOW).values()
    assert one.new == MOST_COUNTED
    assert one.days[-1] == MOST_COUNTED + 1
