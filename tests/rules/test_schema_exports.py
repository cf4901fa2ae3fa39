"""The exports of a team: what may be written, and what is said of mistakes."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from maild.model.document import Direction, Kind
from maild.model.export import DIALECTS, Choice, Export, Form
from maild.model.run import CatchUp
from maild.render import dialects
from maild.rules.lint import lint
from maild.rules.schema import read_teams

TEAM = {
    "name": "Acme BV",
    "vat": "BE0123456749",
    "addresses": ["acme@post.example"],
    "people": ["baas@acme.example"],
    "recipients": {
        "accountant": {"address": "an@kantoor.example"},
        "books": {"address": "in@boek.example", "profile": "yuki"},
    },
    "rules": [
        {"name": "bills", "kinds": ["invoice", "credit_note"], "to": ["books"]},
        {
            "name": "rest",
            "kinds": ["quote", "other", "purchase_invoice", "purchase_credit_note"],
            "to": [],
        },
    ],
}


def read(*exports: dict[str, Any], **changes: Any) -> tuple[tuple[Export, ...], list[str]]:
    """The exports of a team, and what is said of its configuration."""
    tables = {"acme": {**TEAM, "exports": list(exports), **changes}}
    teams, problems = read_teams(tables, connectors=["relay"])
    said = [*problems, *(lint(teams) if teams else ())]
    found = teams[0].exports if teams else ()
    return found, [f"{one.key}: {one.message}" for one in said if one.level == "error"]


def test_an_export_needs_a_name_and_somebody_to_go_to() -> None:
    exports, problems = read({"name": "monthly", "to": ["accountant"]})
    assert problems == []
    assert exports == (Export("monthly", to=("accountant",)),)


def test_everything_that_an_export_may_say() -> None:
    exports, problems = read(
        {
            "name": "q-sales",
            "to": "accountant",
            "when": "quarter + 10 days 07:00",
            "catch_up": "latest",
            "kinds": ["invoice", "quote"],
            "direction": "sales",
            "from": date(2026, 1, 1),
            "only": "sent",
            "formats": ["pdf", "csv"],
            "dialect": "rfc4180",
            "mail_size": "8MB",
        }
    )
    assert problems == []
    choice = Choice(
        kinds=(Kind.INVOICE, Kind.QUOTE),
        direction=Direction.SALES,
        since=date(2026, 1, 1),
        only_sent=True,
        formats=(Form.PDF, Form.CSV),
        dialect="rfc4180",
    )
    assert exports == (
        Export(
            "q-sales",
            when="quarter + 10 days 07:00",
            to=("accountant",),
            choice=choice,
            catch_up=CatchUp.LATEST,
            mail_size=8_000_000,
        ),
    )


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("name", "Each Month", "cannot be its name"),
        ("name", "digest", "and not digest"),
        ("to", ["acountant"], 'is no recipient of team acme; did you mean "accountant"?'),
        ("to", ["books"], "books what it gets and takes no packages"),
        ("to", [], "names nobody"),
        ("when", "daily 07:30", "is no time after a period"),
        ("when", "hourly", "is no time after a period"),
        ("when", "sometimes", "sometimes"),
        ("when", 7, "write text in quotes"),
        ("catch_up", "none", "is not known here"),
        ("kinds", ["export"], '"export" is not known here'),
        ("from", "yesterday", "write a day such as 2026-01-01"),
        ("only", "paid", '"paid" is not known here'),
        ("formats", ["docx"], '"docx" is not known here'),
        ("dialect", "excel-xx", '"excel-xx" is not known here'),
        ("mail_size", "10kB", "is no size of a mail"),
        ("mail_size", "0MB", "is no size of a mail"),
        ("every", "month", "unknown key"),
    ],
)
def test_a_mistake_is_said_with_what_to_write(key: str, value: Any, said: str) -> None:
    _, problems = read({"name": "monthly", "to": ["accountant"], key: value})
    assert any(said in problem for problem in problems), problems


def test_two_exports_have_two_names() -> None:
    one = {"name": "monthly", "to": ["accountant"]}
    assert any("names two exports" in said for said in read(one, one)[1])


def test_a_rule_may_say_who_gets_packages() -> None:
    rule = {"name": "packages", "kinds": ["export"], "to": ["accountant"]}
    rules = [*TEAM["rules"], rule]
    assert read({"name": "monthly"}, rules=rules)[1] == []


def test_every_dialect_that_may_be_named_is_there() -> None:
    assert tuple(dialects.DIALECTS) == DIALECTS
