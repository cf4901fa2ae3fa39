"""Why something waits is said in words, with what to do and when it goes on; and then it goes on."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from datetime import date, timedelta

from tests.spine.house import House
from tests.spine.post import text_of
from tests.spine.waiting import until
from tests.spine.year import PACE, FastHouse, Year
from tests.spine.year_papers import Company, Paper, companies

DAY = date(2027, 1, 5)


@contextlib.contextmanager
def a_day(house: FastHouse, *teams: Company) -> Iterator[Year]:
    """A day of these teams; no package is due on it, and nobody is asked what he would punish."""
    one = Year(house, teams=teams, seed=1)
    with one.open(calls_a_day=5000):
        yield one
        assert one.end() == 0
    assert one.exact.offences == []
    assert one.box.world.offences == []


def told(house: House, command: str) -> str:
    """What a person reads, in one line: tables break it up."""
    said = house.maild(*command.split())
    return " ".join((said.out + said.err).split())


def test_each_pause_says_what_it_is_and_ends(fast_house: FastHouse) -> None:
    with a_day(fast_house, *companies(4, 1)) as year:
        _each_pause(year)


def _each_pause(year: Year) -> None:
    first, second, third, fourth, boxed = year.teams

    def maintenance() -> None:
        year.exact.faults.plan("GET crm/Accounts", "html_200")

    def refused() -> None:
        year.exact.faults.plan("GET crm/Accounts", "division_refused")

    def blocked() -> None:
        year.exact.faults.plan("POST salesentry/SalesEntries", "key_blocked")

    def used_up() -> None:
        year.exact.faults.plan("GET crm/Accounts", "day_limit")

    def left() -> None:
        year.box.world.company(boxed.vat).revoked = True

    # The road that rests, and why.
    _seen(year, first, maintenance, "exact rests until", "a web page, as during maintenance")
    year.go_to(year.clock.now() + timedelta(minutes=2))
    _seen(
        year,
        second,
        refused,
        f"exact, division {second.division} rests until",
        "give him the rights",
    )
    _seen(
        year,
        third,
        blocked,
        f"exact, division {third.division} rests until",
        "blocked for some time",
    )
    _seen(
        year,
        fourth,
        used_up,
        f"exact, division {fourth.division} rests until 2027-01-02",
        "the 5000 calls that Exact Online allows a day are used",
    )
    _seen(year, boxed, left, "", "`maild connect codabox t05` asks for a new login")
    # Five hours later all but two went by themselves; whose road is shut for good is told.
    year.go_to(year.clock.now() + timedelta(hours=5))
    waiting = {one["team"] for one in year.house.queue("--state", "queued")}
    assert waiting == {fourth.slug, boxed.slug}
    [notice] = year.sink.wait_for(f"chef@{boxed.slug}.example")
    assert "maild connect codabox t05" in " ".join(text_of(notice).split())
    year.join(boxed)
    year.go_to(year.clock.now() + timedelta(hours=18))
    assert year.house.queue("--state", "queued") == []


def test_a_consent_that_is_gone_says_who_is_to_give_it_and_how(fast_house: FastHouse) -> None:
    with a_day(fast_house, *companies(1, 0)) as year:
        year.exact.revoke()
        # The token in hand would last for ten minutes.
        year.clock.leap(year.clock.now() + timedelta(minutes=11))
        why = "maild connect exact t01"
        _seen(year, year.teams[0], lambda: None, "exact rests until", why)
        year.go_to(year.clock.now() + timedelta(hours=1))
        assert year.seen.consents == 2
        assert year.house.queue("--state", "queued") == []


def _seen(year: Year, team: Company, happens: Callable[[], None], rests: str, why: str) -> None:
    """Let it happen while a paper of the team goes: `status` names what rests, `queue list` says why."""
    year.clock.go_at(1)  # that a person has time to look
    happens()
    year.hand_in(Paper(team, f"{team.slug}-1", "invoice", DAY, DAY))
    until(
        lambda: why in told(year.house, "queue list"),
        explain=lambda: told(year.house, "queue list"),
    )
    status = told(year.house, "status")
    assert rests in status
    assert not rests or why in status
    year.clock.go_at(PACE)
