"""The figures of a page that waits, with what else they could be, and what a person says instead."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from maild.cli.output import note, say
from maild.cli.shown import plain
from maild.errors import UserError


def show_candidates(document: str, fields: Mapping[str, Any]) -> None:
    """Print each figure with how sure it is and what else it could be."""
    for key, field in fields.items():
        told = "" if field["value"] is None else plain(field["value"])
        others = f"  or {', '.join(field['others'])}" if field["others"] else ""
        page = f", page {field['page']}" if field["page"] else ""
        say(f"  {key:<24} {told or '-'}  ({field['verdict']}{page}){others}")
    note(
        f"maild review confirm {document} takes what is proven and likely; --set KEY=VALUE corrects, "
        f"--as-file claims nothing; maild review reject {document} sends nothing"
    )


def pairs(values: Iterable[str]) -> dict[str, str]:
    """KEY=VALUE as a table. Raises UserError for what is none."""
    problems = [one for one in values if "=" not in one]
    if problems:
        raise UserError([f'"{one}" is no KEY=VALUE' for one in problems])
    split = (one.partition("=") for one in values)
    return {key.strip(): value for key, _, value in split}
