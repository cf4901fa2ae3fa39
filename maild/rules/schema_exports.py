"""The tables under [[team.NAME.exports]] give packages that a team sends each period."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import date, datetime
from typing import Final

from maild.errors import did_you_mean
from maild.model.document import Direction, Kind
from maild.model.export import (
    DIALECTS,
    KINDS,
    MAIL_SIZE,
    PERIODS,
    SMALLEST_MAIL,
    WHEN,
    Choice,
    Export,
    Form,
)
from maild.model.run import CatchUp
from maild.rules.due import parse
from maild.rules.table import Table, shown

NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,40}")
TAKEN: Final = "digest"  # a schedule of every team has that name
_SIZE: Final = re.compile(r"([0-9]{1,4}) ?MB")
_MEGABYTE: Final = 1_000_000


def read_exports(team: Table, recipients: Collection[str]) -> tuple[Export, ...]:
    """Read the exports of a team's table; `recipients` are the names that `to` may give."""
    exports: list[Export] = []
    for table in team.tables("exports"):
        export = _export(table, recipients)
        if export.name in {one.name for one in exports}:
            table.problem("name", f'"{export.name}" names two exports; give each its own name')
        exports.append(export)
    return tuple(exports)


def _export(table: Table, recipients: Collection[str]) -> Export:
    export = Export(
        name=_name(table),
        when=_when(table),
        to=_to(table, recipients),
        choice=_choice(table),
        catch_up=CatchUp(table.choice("catch_up", [*CatchUp], default=CatchUp.ALL)),
        mail_size=_size(table),
    )
    table.close()
    return export


def _name(table: Table) -> str:
    name = table.text("name", needed='write what people call it, such as "monthly"')
    if name and (not NAME.fullmatch(name) or name == TAKEN):
        said = f'"{name}" cannot be its name; write small letters, digits, - and _'
        table.problem("name", f"{said}, and not {TAKEN}" if name == TAKEN else said)
    return name


def _when(table: Table) -> str:
    value = table.text("when", WHEN)
    try:
        due = parse(value)
    except ValueError as problem:
        table.problem("when", str(problem))
        return value
    if not due.is_after or due.every not in PERIODS:
        table.problem("when", f'"{value}" is no time after a period; write one such as "{WHEN}"')
    return value


def _to(table: Table, recipients: Collection[str]) -> tuple[str, ...]:
    to = table.texts("to")
    for name in to:
        if name not in recipients:
            team = table.key.split(".")[1]
            hint = did_you_mean(name, recipients)
            table.problem("to", f'"{name}" is no recipient of team {team}{hint}')
    return to


def _choice(table: Table) -> Choice:
    plain = Choice()
    kinds = tuple(Kind(one) for one in table.choices("kinds", KINDS))
    forms = tuple(Form(one) for one in table.choices("formats", [*Form]))
    direction = table.choice("direction", ["", *Direction], default="")
    return Choice(
        kinds=kinds or plain.kinds,
        direction=Direction(direction) if direction else None,
        since=_since(table),
        only_sent=bool(table.choice("only", ["", "sent"], default="")),
        formats=forms or plain.formats,
        dialect=table.choice("dialect", DIALECTS, default=plain.dialect),
    )


def _since(table: Table) -> date | None:
    value = table.take("from")
    if value is None or value == "":
        return None
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        table.problem("from", f"write a day such as 2026-01-01, not {shown(value)}")
        return None


def _size(table: Table) -> int:
    value = table.text("mail_size", f"{MAIL_SIZE // _MEGABYTE}MB")
    match = _SIZE.fullmatch(value)
    size = int(match[1]) * _MEGABYTE if match else 0
    if size < SMALLEST_MAIL:
        table.problem("mail_size", f'"{value}" is no size of a mail; write one such as "20MB"')
        return MAIL_SIZE
    return size
