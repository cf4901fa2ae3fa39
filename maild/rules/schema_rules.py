"""The tables under [[team.NAME.rules]] give rules: what a rule may ask and what it may want.

One key here for each condition in `conditions.py`; whether rules make sense together is `lint.py`'s.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from decimal import Decimal

from maild.errors import did_you_mean
from maild.model.document import Direction, Kind
from maild.model.said import Said
from maild.model.team import FILES, Attach, Conditions, Rule
from maild.rules.book import TAGS
from maild.rules.table import Table
from maild.rules.windows import parse


def read_rules(team: Table, recipients: Collection[str]) -> tuple[Rule, ...]:
    """Read the rules of a team's table; `recipients` are the names that `to` may give."""
    rules: list[Rule] = []
    for number, table in enumerate(team.tables("rules"), start=1):
        rule = _rule(table, number, recipients)
        if rule.name in {one.name for one in rules}:
            english = f'"{rule.name}" names two rules; a trace could not tell them apart'
            table.problem("name", Said("two_rules", english, name=rule.name))
        rules.append(rule)
    return tuple(rules)


def _rule(table: Table, number: int, recipients: Collection[str]) -> Rule:
    if not table.has("to"):
        english = "is missing; name recipients, or write [] to keep and send nothing"
        table.problem("to", Said("to_missing", english))
    to = table.texts("to")
    for name in to:
        if name not in recipients:
            team = table.key.split(".")[1]
            hint = did_you_mean(name, recipients)
            english = f'"{name}" is no recipient of team {team}{hint}'
            table.problem("to", Said("no_recipient", english, name=name, team=team))
    attach = table.choices("attach", FILES)
    if table.has("attach") and not table.take("attach"):
        table.problem("attach", "is empty; leave it out to send what the recipient's profile says")
    rule = Rule(
        name=table.text("name", f"rule {number}"),
        to=to,
        conditions=_conditions(table),
        attach=tuple(Attach(one) for one in attach) or None,
        when=_when(table),
        hold=table.truth("hold"),
        stop=table.truth("stop"),
    )
    table.close()
    return rule


def _when(table: Table) -> str:
    value = table.text("when", "now")
    try:
        parse(value)
    except ValueError as problem:
        table.problem("when", problem.args[0])
    return value


def _conditions(table: Table) -> Conditions:
    total_from, total_to = _total(table)
    oldest, youngest = table.days("max_age_days"), table.days("min_age_days")
    if oldest is not None and youngest is not None and youngest > oldest:
        table.problem(
            "min_age_days", f"nothing is at least {youngest} and at most {oldest} days old"
        )
    return Conditions(
        kinds=frozenset(Kind(one) for one in table.choices("kinds", [*Kind])),
        direction=table.choice("direction", [*Direction], default="") or None,
        counterparty=table.texts("counterparty"),
        total_from=total_from,
        total_to=total_to,
        currency=_codes(table, "currency", r"[A-Z]{3}", such_as="EUR"),
        language=_codes(table, "language", r"[a-z]{2}", such_as="nl"),
        sender=table.texts("sender"),
        tags=frozenset(table.choices("tags", TAGS)),
        max_age_days=oldest,
        min_age_days=youngest,
    )


def _total(table: Table) -> tuple[Decimal | None, Decimal | None]:
    if table.has("total"):
        inner = table.table("total")
        low, high = inner.amount("from"), inner.amount("to")
        inner.close()
        for name in ("total_from", "total_to"):
            if table.has(name):
                table.take(name)
                table.problem(name, "is said by `total` already; leave one of them out")
    else:
        table.take("total")
        low, high = table.amount("total_from"), table.amount("total_to")
    if low is not None and high is not None and low > high:
        table.problem("total", f"no total is at least {low} and at most {high}")
    return low, high


def _codes(table: Table, name: str, pattern: str, *, such_as: str) -> tuple[str, ...]:
    values = table.texts(name)
    for value in values:
        if not re.fullmatch(pattern, value):
            table.problem(name, f'"{value}" is no code such as "{such_as}"')
    return values
