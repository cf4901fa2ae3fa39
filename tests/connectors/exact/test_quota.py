"""What may still be asked: minutes, days, errors, and what the server says of them."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maild.connectors.exact_quota import (
    DAY,
    HOUR,
    MINUTE,
    MOST_ERRORS,
    Limits,
    Quota,
    Wait,
    answered,
    read,
    shut,
    take,
)

NOON = datetime(2026, 11, 24, 12, 0, 7, tzinfo=UTC)
PAGE = "crm/Accounts"
SECOND = timedelta(seconds=1)
LIMITS = Limits()


def taken(quota: Quota, *, now: datetime, limits: Limits = LIMITS) -> tuple[Quota, Wait | None]:
    """One call that is asked for, over what was stored between."""
    quota, wait = take(read(json.loads(json.dumps(quota.kept()))), PAGE, limits=limits, now=now)
    return quota, wait


@given(
    st.lists(st.floats(0, 40), min_size=61, max_size=300),
    st.floats(-60, 60),
    st.lists(st.floats(0, 4.9), min_size=1, max_size=7),
)
def test_no_minute_of_theirs_sees_more_than_it_allows(
    pauses: list[float], skew: float, delays: list[float]
) -> None:
    quota, now = Quota(), NOON
    minutes: Counter[datetime] = Counter()
    for turn, pause in enumerate(pauses):
        now += timedelta(seconds=pause / 10)
        quota, wait = taken(quota, now=now)
        while wait is not None:
            assert wait.short
            assert wait.until > now
            now = wait.until
            quota, wait = taken(quota, now=now)
        theirs = now + timedelta(seconds=skew + delays[turn % len(delays)])
        minutes[theirs.replace(second=0, microsecond=0)] += 1
    assert max(minutes.values()) <= LIMITS.a_minute


def test_a_day_ends_before_its_last_minute_of_calls_and_begins_after_midnight_there_too() -> None:
    quota, now = Quota(), NOON.replace(hour=0)
    limits = Limits(a_minute=60, a_day=100)
    for _ in range(40):
        quota, wait = taken(quota, now=now, limits=limits)
        assert wait is None
        now += 2 * SECOND
    quota, wait = taken(quota, now=now, limits=limits)
    assert wait is not None
    assert wait.reason == "the 100 calls that Exact Online allows a day are used"
    assert not wait.short
    assert wait.until == datetime(2026, 11, 25, 0, 2, tzinfo=UTC)
    assert taken(quota, now=wait.until, limits=limits)[1] is None


def test_what_others_used_up_counts() -> None:
    headers = {"x-ratelimit-limit": "5000", "x-ratelimit-remaining": "30"}
    quota = answered(Quota(day="2026-11-24"), PAGE, status=200, headers=headers, now=NOON)
    assert quota.today == 4970
    assert taken(quota, now=NOON)[1] is not None


@pytest.mark.parametrize("skew", [-60, 0, 60], ids=["ahead", "right", "behind"])
def test_a_minute_that_is_full_there_is_waited_for_by_their_clock(skew: int) -> None:
    theirs = NOON + timedelta(seconds=skew)
    headers = {
        "date": format_datetime(theirs, usegmt=True),
        "x-ratelimit-minutely-remaining": "0",
        "x-ratelimit-minutely-reset": str(int((theirs + 53 * SECOND).timestamp() * 1000)),
    }
    quota = answered(Quota(), PAGE, status=429, headers=headers, now=NOON)
    _, wait = taken(quota, now=NOON)
    assert wait is not None
    assert wait.short
    assert 53 * SECOND <= wait.until - NOON <= 56 * SECOND
    assert taken(quota, now=wait.until)[1] is None


def test_a_day_that_is_full_there_is_waited_for() -> None:
    headers = {
        "x-ratelimit-limit": "5000",
        "x-ratelimit-remaining": "0",
        "x-ratelimit-reset": str(int(datetime(2026, 11, 25, tzinfo=UTC).timestamp() * 1000)),
    }
    quota = answered(Quota(), PAGE, status=429, headers=headers, now=NOON)
    _, wait = taken(quota, now=NOON + MINUTE)
    assert wait is not None
    assert wait.until >= datetime(2026, 11, 25, tzinfo=UTC)


@pytest.mark.parametrize(
    ("quota", "expected"),
    [
        (Quota(), [HOUR, 2 * HOUR, 4 * HOUR]),
        (Quota(calls=(NOON.timestamp(),) * 30), [MINUTE, HOUR, 2 * HOUR]),
        (Quota(tight_until=NOON.timestamp() + 60), [MINUTE, HOUR, 2 * HOUR]),
    ],
    ids=["few calls", "many calls", "little left"],
)
def test_a_refusal_without_a_word_is_a_full_minute_once_where_it_may_be_one_and_else_a_block(
    quota: Quota, expected: list[timedelta]
) -> None:
    now = NOON
    spans = []
    for _ in range(3):
        quota = answered(quota, PAGE, status=429, headers={}, now=now)
        _, wait = taken(quota, now=now)
        assert wait is not None
        spans.append(wait.until - now)
        now = wait.until
    assert spans == expected
    quota = answered(quota, PAGE, status=200, headers={}, now=now)
    assert (quota.shuts, quota.bare) == ({}, 0)


def test_a_block_is_waited_for_longer_each_time_until_its_own_page_answers_well() -> None:
    quota, now, spans = Quota(), NOON, []
    for _ in range(7):
        quota = answered(quota, "crm/Contacts", status=200, headers={}, now=now)
        quota = shut(quota, PAGE, reason="blocked", now=now)
        quota = read(json.loads(json.dumps(quota.kept())))
        _, wait = taken(quota, now=now)
        assert wait is not None
        spans.append(wait.until - now)
        now = wait.until
    assert spans == [HOUR, 2 * HOUR, 4 * HOUR, 8 * HOUR, 16 * HOUR, DAY, DAY]
    quota = answered(quota, PAGE, status=200, headers={}, now=now)
    quota = shut(quota, PAGE, reason="blocked", now=now)
    assert quota.shut_until == (now + HOUR).timestamp()


def test_what_an_older_maild_kept_is_read() -> None:
    kept = Quota(today=7).kept() | {"shut_times": 2}
    del kept["shuts"]
    assert read(kept) == Quota(today=7)


def test_errors_at_one_page_stop_it_before_exact_blocks_the_registration() -> None:
    quota, now = Quota(), NOON
    for _ in range(MOST_ERRORS):
        quota, wait = taken(quota, now=now)
        assert wait is None
        quota = answered(quota, PAGE, status=500, headers={}, now=now)
        now += MINUTE
    _, wait = taken(quota, now=now)
    assert wait is not None
    assert "refused 6 calls to crm/Accounts within an hour" in wait.reason
    assert wait.until == NOON + HOUR
    assert take(quota, "documents/Documents", limits=LIMITS, now=now)[1] is None
    assert taken(quota, now=wait.until)[1] is None


def test_a_clock_that_was_set_back_keeps_nothing_shut_for_ever() -> None:
    far = NOON + timedelta(days=30)
    quota = shut(Quota(full_until=far.timestamp()), PAGE, reason="no right", now=far)
    for _ in range(5):
        quota, _ = taken(quota, now=far + DAY)
    assert taken(quota, now=NOON)[1] is None
