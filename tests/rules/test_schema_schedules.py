from __future__ import annotations

from typing import Any

import pytest

from maild.errors import KeyProblem
from maild.model.run import CatchUp
from maild.rules.schema_schedules import read_catch_up, read_when
from maild.rules.table import Table

DEFAULT = "month + 5 days 07:00"


def read(**values: Any) -> tuple[str, CatchUp, list[str]]:
    problems: list[KeyProblem] = []
    table = Table("team.acme.exports[0]", values, problems)
    when, catch_up = read_when(table, default=DEFAULT), read_catch_up(table)
    table.close()
    return when, catch_up, [str(one) for one in problems]


def test_a_schedule_that_says_nothing_has_its_default_and_misses_nothing() -> None:
    assert read() == (DEFAULT, CatchUp.ALL, [])


def test_a_schedule_says_when_and_what_is_made_up_for() -> None:
    found = read(when="quarter + 10 working days 07:00", catch_up="latest")
    assert found == ("quarter + 10 working days 07:00", CatchUp.LATEST, [])


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"when": "monthly"}, "no time that maild knows"),
        ({"when": "daily 07:30"}, 'write "day 07:30" for the day before'),
        ({"when": "hourly"}, "due before its day is over"),
        ({"when": 7}, "write text in quotes"),
        ({"catch_up": "none"}, "is not known here"),
    ],
)
def test_what_a_schedule_cannot_be_is_said_at_its_key(values: dict[str, Any], said: str) -> None:
    when, catch_up, [problem] = read(**values)
    assert (when, catch_up) == (DEFAULT, CatchUp.ALL)
    assert problem.startswith(f"team.acme.exports[0].{next(iter(values))}: ")
    assert said in problem
