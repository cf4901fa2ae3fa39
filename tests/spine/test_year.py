"""A year by a fast clock: every document is booked once, every budget kept, every package right."""

from __future__ import annotations

import io
import json
import random
import sys
import time
import zipfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any

import pytest

from maild.simulators.exact.limits import DAY_LIMIT, MINUTE_LIMIT
from tests.spine.post import files_of
from tests.spine.year import FastHouse, Year
from tests.spine.year_papers import Company, Paper, burst, companies, month_of, plan, quarter_of

BEGINS = date(2027, 1, 1)
SEED = 20_261_124


def test_three_months_of_two_teams_with_kills_and_faults(
    fast_house: FastHouse, capsys: pytest.CaptureFixture[str]
) -> None:
    teams = companies(1, 1)
    papers = plan(teams, begins_on=BEGINS, months=3, papers=48, seed=SEED)
    papers += burst(teams[0], date(2027, 2, 10), papers=24)
    year = Year(fast_house, teams=teams, seed=SEED)
    with year.open(calls_a_day=150):
        _walk(year, papers, kills=3, faults=0.5)
        _holds(year, papers, capsys)


@pytest.mark.soak
def test_a_year_of_five_thousand_documents_of_twenty_teams(
    fast_house: FastHouse, capsys: pytest.CaptureFixture[str]
) -> None:
    teams = companies(12, 8)
    papers = plan(teams, begins_on=BEGINS, months=12, papers=4_150, seed=SEED)
    papers += burst(teams[1], date(2027, 6, 16), papers=850)
    year = Year(fast_house, teams=teams, seed=SEED)
    with year.open(calls_a_day=DAY_LIMIT):
        _walk(year, papers, kills=40, faults=0.6)
        _holds(year, papers, capsys)


def _walk(year: Year, papers: Sequence[Paper], *, kills: int, faults: float) -> None:
    """Day by day, until the packages of the last month and quarter are due and done."""
    rng = random.Random(SEED)
    coming = defaultdict(list)
    for paper in papers:
        coming[paper.comes_on].append(paper)
    days = sorted(coming)
    last = quarter_of(days[-1])[1]
    die = set(rng.sample(days, kills))
    for day in days:
        if rng.random() < faults:
            year.strike()
        year.day(day, coming[day], kill=day in die)
    for after in (1, 2, 5, 10):
        year.day(last + timedelta(days=after), [], kill=False)
    assert year.end() == 0


def _holds(year: Year, papers: Sequence[Paper], capsys: pytest.CaptureFixture[str]) -> None:
    _shown(year, papers, capsys)
    documents = {team.slug: _documents(year, team) for team in year.teams}
    for team in year.teams:
        own = [one for one in papers if one.company is team]
        _stored(own, documents[team.slug])
        if team.division is None:
            _relayed(year, team, own)
        else:
            _booked(year, team, own)
        _packed(year, team, own)
    # Every budget was kept, and nothing was done that the real services would punish.
    # A renewal whose answer died with maild costs one question, and then one consent.
    lost = [one for one in year.exact.offences if one == "a refresh token used twice"]
    assert len(lost) <= min(year.seen.kills, year.seen.consents - 1)
    assert year.exact.offences == lost
    assert year.box.world.offences == []
    assert max(year.seen.minutes.values()) <= MINUTE_LIMIT
    assert max(year.seen.calls.values()) <= DAY_LIMIT


def _documents(year: Year, team: Company) -> list[dict[str, Any]]:
    return year.house.documents("--team", team.slug, "--limit", "10000")


def _stored(own: Sequence[Paper], documents: Sequence[dict[str, Any]]) -> None:
    """Every paper is there once, and each of its roads has come to its end."""
    bills = [one for one in documents if one["kind"] != "export"]
    assert sorted(one["number"] for one in bills) == sorted(one.number for one in own)
    roads = [(one["number"], each["state"]) for one in documents for each in one["deliveries"]]
    assert [one for one in roads if one[1] != "handed_over"] == []


def _booked(year: Year, team: Company, own: Sequence[Paper]) -> None:
    """An entry for each paper, its document and both of its files, all of them once."""
    for path, sales in (
        ("salesentry/SalesEntries", True),
        ("purchaseentry/PurchaseEntries", False),
    ):
        found = sorted(str(one["YourRef"]) for one in year.exact.rows(path, team.division))
        assert found == sorted(one.number for one in own if one.is_sale == sales)
    assert len(year.exact.rows("documents/Documents", team.division)) == len(own)
    files = year.exact.rows("documents/DocumentAttachments", team.division)
    assert len({one["FileName"] for one in files}) == len(files) == 2 * len(own)


def _relayed(year: Year, team: Company, own: Sequence[Paper]) -> None:
    """Every sale once; those that came on their day in the order of their days."""
    company = year.box.world.company(team.vat)
    assert sorted(one.number for one in company.invoices) == sorted(
        one.number for one in own if one.is_sale
    )
    in_time = {one.number for one in own if one.comes_on == one.issued_on}
    dates = [one.issued_on for one in company.invoices if one.number in in_time]
    assert dates == sorted(dates)
    assert company.done == len(company.entries) == sum(one.by_feed for one in own)


def _packed(year: Year, team: Company, own: Sequence[Paper]) -> None:
    """Each period one package with what had come by then, and the rest in supplements."""
    for period_of in (month_of, quarter_of):
        wanted: dict[tuple[str, bool], list[str]] = defaultdict(list)
        for one in own:
            period, due_on = period_of(one.issued_on)
            wanted[period, one.comes_on >= due_on].append(one.number)
        found: dict[tuple[str, bool], list[str]] = defaultdict(list)
        times: Counter[tuple[str, int]] = Counter()
        for index in _packages(year, team):
            key, supplement = index["period"]["key"], index["supplement"] or 0
            if ("Q" in key) == (period_of is quarter_of):
                times[key, supplement] += 1
                found[key, supplement > 0] += [one["number"] for one in index["documents"]]
        assert set(times.values()) == {1}
        assert {key: sorted(numbers) for key, numbers in found.items()} == {
            key: sorted(numbers) for key, numbers in wanted.items()
        }


def _packages(year: Year, team: Company) -> Iterator[dict[str, Any]]:
    """The index of each package that the accountant got; a mail that came twice counts once."""
    mails = {str(one["Message-ID"]): one for one in year.sink.to(f"an@{team.slug}.kantoor.example")}
    for mail in mails.values():
        for name, content in files_of(mail).items():
            if name.endswith(".zip"):
                with zipfile.ZipFile(io.BytesIO(content)) as archive:
                    yield json.loads(archive.read("index.json"))


def _shown(year: Year, papers: Sequence[Paper], capsys: pytest.CaptureFixture[str]) -> None:
    """The counts, for people."""
    exact, box, seen = year.exact, year.box.world, year.seen
    rows = {
        "teams": len(year.teams),
        "documents handed in": len(papers),
        "... late": sum(one.comes_on != one.issued_on for one in papers),
        "entries at Exact": sum(
            len(exact.rows(path, team.division))
            for team in year.teams
            if team.division
            for path in ("salesentry/SalesEntries", "purchaseentry/PurchaseEntries")
        ),
        "invoices at CodaBox": sum(len(one.invoices) for one in box.companies.values()),
        "calls to Exact": sum(exact.counters.values()),
        "... a day and division, at most": max(seen.calls.values()),
        "... a minute and division, at most": max(seen.minutes.values()),
        "calls to CodaBox": len(box.calls),
        "mails": len(year.sink.mails),
        "packages": sum(len(list(_packages(year, team))) for team in year.teams),
        "kill -9": seen.kills,
        "faults that struck Exact": len(exact.faults.struck),
        "... of which": dict(Counter(str(fault) for _, fault in exact.faults.struck)),
        "consents given": seen.consents,
        "let go by a person": seen.released,
        "leaps of the clock": seen.leaps,
        "offences": exact.offences + box.offences,
        "seconds of CPU, this process": round(time.process_time()),
    }
    width = max(map(len, rows))
    with capsys.disabled():
        sys.stdout.write("\n" + "".join(f"{k:<{width}}  {v}\n" for k, v in rows.items()))
