"""When to try again, by table and by property; no I/O."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maild.errors import Cause, Deferred, Unavailable
from maild.model.delivery import Attempt, Outcome
from maild.outbox.retry import GaveUp, Later, is_late, next_try, rest
from tests.store.builders import NOW, a_delivery

MINUTE = timedelta(minutes=1)
NOT_NOW = Deferred("451 4.7.1 not now")


class Middle(Random):
    """Chance that always takes the middle."""

    def uniform(self, a: float, b: float) -> float:
        return (a + b) / 2


@pytest.mark.parametrize(
    ("tries", "minutes"),
    [(0, 5), (1, 10), (2, 20), (3, 40), (4, 80), (5, 160), (6, 240), (7, 240), (500, 240)],
)
def test_pauses_double_up_to_four_hours(tries: int, minutes: int) -> None:
    delivery = a_delivery(tries=tries)
    found = next_try(delivery, NOT_NOW, started_at=NOW, now=NOW, rng=Middle())
    assert found == Later(NOW + minutes * MINUTE)


@given(seed=st.integers(), tries=st.integers(0, 50))
def test_chance_moves_a_pause_by_a_tenth_at_most(seed: int, tries: int) -> None:
    delivery = a_delivery(tries=tries)
    exact = next_try(delivery, NOT_NOW, started_at=NOW, now=NOW, rng=Middle())
    found = next_try(delivery, NOT_NOW, started_at=NOW, now=NOW, rng=Random(seed))
    assert isinstance(found, Later)
    assert isinstance(exact, Later)
    assert abs((found.at - NOW) / (exact.at - NOW) - 1) <= 0.1001


@pytest.mark.parametrize(("wish", "minutes"), [(1, 5), (30, 30)])
def test_the_servers_wish_is_honoured_when_it_is_longer(wish: int, minutes: int) -> None:
    fault = Deferred("450 later", retry_after=wish * MINUTE)
    found = next_try(a_delivery(), fault, started_at=NOW, now=NOW, rng=Middle())
    assert found == Later(NOW + minutes * MINUTE)


def test_a_try_that_began_after_the_deadline_is_the_last() -> None:
    delivery = a_delivery(deadline_at=NOW)
    found = next_try(delivery, NOT_NOW, started_at=NOW, now=NOW, rng=Middle())
    assert found == GaveUp("451 4.7.1 not now")


def test_a_clock_that_jumps_during_a_try_ends_nothing() -> None:
    delivery = a_delivery(deadline_at=NOW + timedelta(days=5))
    later = NOW + timedelta(days=30)
    assert next_try(delivery, NOT_NOW, started_at=NOW, now=later, rng=Middle()) == Later(
        later + 5 * MINUTE
    )


def test_without_a_deadline_five_days_count_from_the_first_try() -> None:
    tried = a_delivery(attempts=(Attempt(1, NOW, Outcome.DEFERRED),), tries=1)
    early, late = NOW + timedelta(days=4.9), NOW + timedelta(days=5)
    assert isinstance(next_try(tried, NOT_NOW, started_at=early, now=early, rng=Middle()), Later)
    assert isinstance(next_try(tried, NOT_NOW, started_at=late, now=late, rng=Middle()), GaveUp)
    untried = replace(tried, attempts=(), created_at=NOW - timedelta(days=90))
    assert isinstance(next_try(untried, NOT_NOW, started_at=NOW, now=NOW, rng=Middle()), Later)


UNSET = datetime(1970, 1, 1, 0, 3, tzinfo=UTC)  # a clock at boot, before it was set
AHEAD = NOW + timedelta(days=400)


@pytest.mark.parametrize(
    ("created_at", "tried_at"),
    [(NOW, UNSET), (UNSET, UNSET), (NOW, AHEAD), (AHEAD, AHEAD), (NOW, NOW - timedelta(hours=1))],
    ids=["tried in 1970", "made and tried in 1970", "tried ahead", "made and tried ahead", "back"],
)
def test_a_try_by_a_clock_that_stood_wrong_ends_nothing_early(
    created_at: datetime, tried_at: datetime
) -> None:
    wrong = Attempt(1, tried_at, Outcome.DEFERRED)
    delivery = a_delivery(created_at=created_at, attempts=(wrong,), tries=1)
    again = next_try(delivery, NOT_NOW, started_at=NOW, now=NOW, rng=Middle())
    assert again == Later(NOW + 10 * MINUTE)
    assert not is_late(delivery, started_at=NOW, after=timedelta(hours=4))
    # From the first try by the right clock on, the days count: it ends, and not before.
    right = replace(delivery, attempts=(wrong, Attempt(2, NOW, Outcome.DEFERRED)), tries=2)
    early, late = NOW + timedelta(days=4.9), NOW + timedelta(days=5)
    assert isinstance(next_try(right, NOT_NOW, started_at=early, now=early, rng=Middle()), Later)
    assert isinstance(next_try(right, NOT_NOW, started_at=late, now=late, rng=Middle()), GaveUp)


def test_a_deadline_that_an_unset_clock_wrote_ends_nothing() -> None:
    delivery = a_delivery(created_at=UNSET, deadline_at=UNSET + timedelta(days=5))
    found = next_try(delivery, NOT_NOW, started_at=NOW, now=NOW, rng=Middle())
    assert isinstance(found, Later)


@pytest.mark.parametrize(
    ("cause", "times", "seconds"),
    [
        ("network", 1, 30),
        ("network", 2, 60),
        ("network", 5, 480),
        ("network", 9, 7680),
        ("network", 10, 14_400),
        ("network", 10_000, 14_400),
        ("login", 1, 300),
        ("policy", 3, 1200),
        ("login", 7, 14_400),
    ],
)
def test_a_connector_rests_longer_each_time_up_to_four_hours(
    cause: Cause, times: int, seconds: int
) -> None:
    fault = Unavailable("421 busy", cause=cause)
    assert rest(times, fault, rng=Middle()) == timedelta(seconds=seconds)


@given(seed=st.integers(), times=st.integers(1, 50))
def test_chance_moves_a_rest_by_a_tenth_at_most(seed: int, times: int) -> None:
    fault = Unavailable("421 busy")
    exact, found = rest(times, fault, rng=Middle()), rest(times, fault, rng=Random(seed))
    assert abs(found / exact - 1) <= 0.1001


@pytest.mark.parametrize(("hours", "late"), [(0, False), (3.9, False), (4, True), (90, True)])
def test_a_delivery_is_late_some_hours_after_its_first_try(hours: float, *, late: bool) -> None:
    tried = a_delivery(attempts=(Attempt(1, NOW, Outcome.DEFERRED),))
    four = timedelta(hours=4)
    assert is_late(tried, started_at=NOW + timedelta(hours=hours), after=four) is late
    assert not is_late(a_delivery(), started_at=NOW + timedelta(hours=hours), after=four)
