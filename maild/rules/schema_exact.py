"""The tables under [team.NAME.exact] say how bills are booked at Exact Online.

Which codes there are is known there only, so none is checked here but for its form.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final, TypeVar

from maild.errors import did_you_mean
from maild.model.exact import (
    CATEGORIES,
    ExactMapping,
    ExactSide,
    Group,
    Grouping,
    Numbering,
    VatKey,
)
from maild.model.party import company_key
from maild.model.team import Team
from maild.rules.table import Table, shown

CODE: Final = re.compile(r"\S(.{0,16}\S)?")
VAT_CODE: Final = re.compile(r"\S{1,3}")
_WORDS: Final = 'words such as "S 21", "AE domestic" or "K eu"'

Key = TypeVar("Key")


def read_exact(team: Table) -> ExactMapping | None:
    """Read the mapping of a team's table; None where the team has none."""
    if not team.has("exact"):
        team.take("exact")
        return None
    table = team.table("exact")
    mapping = ExactMapping(
        sales=_side(table, "sales"),
        purchases=_side(table, "purchases"),
        rounding_account=_code(table, "rounding_account"),
        payment_conditions=_pairs(table.table("payment_conditions"), _days),
        codes=_pairs(table.table("codes"), _company),
        numbering=Numbering(table.choice("numbering", [*Numbering], default=Numbering.EXACT)),
        lines=Grouping(table.choice("lines", [*Grouping], default=Grouping.GROUPED)),
        make_items=table.truth("make_items"),
        document_types=(
            _number(table, "sales_document", 10),
            _number(table, "purchase_document", 20),
        ),
    )
    if mapping.sales is None and mapping.purchases is None:
        table.problem("", f"books nothing; write [{table.key}.sales] or [{table.key}.purchases]")
    table.close()
    return mapping


def vat_key(text: str, *, needs_category: bool) -> VatKey:
    """The meaning of a key such as "AE domestic". Raises ValueError with what is wrong with it."""
    found: dict[str, Any] = {}
    for word in text.split():
        name, value = _word(word)
        if name in found:
            raise ValueError(f'"{text}" says two of one thing; write {_WORDS}')
        found[name] = value
    if not found or (needs_category and "category" not in found):
        known = ", ".join(CATEGORIES)
        raise ValueError(
            f'"{text}" starts with no VAT category; write {_WORDS}: one of {known} first'
        )
    return VatKey(**found)


def _word(word: str) -> tuple[str, Any]:
    if word in CATEGORIES:
        return "category", word
    if word in set(Group):
        return "group", Group(word)
    if word.upper().startswith("VATEX-"):
        return "reason", word.upper()
    try:
        percent = Decimal(word.removesuffix("%").replace(",", "."))
    except InvalidOperation:
        percent = Decimal("NaN")
    if not percent.is_finite() or not 0 <= percent <= 100:
        hint = did_you_mean(word, [*CATEGORIES, *Group])
        raise ValueError(f'"{word}" is no VAT category, rate, country group or VATEX code{hint}')
    return "percent", percent


def want_exact(table: Table, team: Team, *, relays: Mapping[str, str]) -> None:
    """Say that the mapping is missing where a recipient needs it; `relays` are kinds by connector."""
    needing = [one.name for one in team.recipients if relays.get(one.via) == "exact"]
    if needing and not table.has("exact"):
        table.problem(
            "exact",
            f"is missing; recipient {needing[0]} is an administration at Exact Online, which needs"
            f" journals, accounts and VAT codes: maild exact setup {team.slug} proposes them",
        )


def _side(exact: Table, name: str) -> ExactSide | None:
    if not exact.has(name):
        exact.take(name)
        return None
    table = exact.table(name)
    journal = table.text("journal", needed='write the code of its journal, such as "70"')
    side = ExactSide(
        journal=journal,
        account=_code(table, "account"),
        credit_notes=_code(table, "credit_note_journal"),
        cost_center=_code(table, "cost_center"),
        vat=_pairs(table.table("vat"), lambda text: vat_key(text, needs_category=True), VAT_CODE),
        accounts=_pairs(table.table("accounts"), lambda text: vat_key(text, needs_category=False)),
        items=_pairs(table.table("items"), _pattern),
        cost_centers=_pairs(table.table("cost_centers"), _pattern),
        partners=_pairs(table.table("partners"), _company),
    )
    if not side.vat:
        table.problem(
            "vat", f'is missing; write [{table.key}.vat] with a code for each case: "S 21" = "1"'
        )
    table.close()
    return side


def _pairs(
    table: Table, read: Callable[[str], Key], form: re.Pattern[str] = CODE
) -> tuple[tuple[Key, str], ...]:
    """The lines of a table whose keys mean something: each with its code."""
    found: dict[Key, str] = {}
    for name in table.names():
        value = table.take(name)
        try:
            key = read(name)
        except ValueError as fault:
            table.problem(f'"{name}"', str(fault))
            continue
        if not isinstance(value, str) or not form.fullmatch(value):
            table.problem(
                f'"{name}"', f"write the code in quotes as Exact shows it, not {shown(value)}"
            )
        elif key in found:
            table.problem(f'"{name}"', "says the same as a line before")
        else:
            found[key] = value
    return tuple(found.items())


def _code(table: Table, name: str) -> str:
    value = table.text(name)
    if value and not CODE.fullmatch(value):
        table.problem(name, f'"{value}" is longer than any code of Exact')
    return value


def _number(table: Table, name: str, default: int) -> int:
    value = table.take(name)
    if value is None:
        return default
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return value
    table.problem(
        name, f"write the number of a document type such as {default}, not {shown(value)}"
    )
    return default


def _days(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 3:
        raise ValueError(
            f'"{text}" is no number of days; write "30" = "30", days first, code second'
        )
    return int(text)


def _company(text: str) -> str:
    key = company_key(text)
    if not key:
        raise ValueError(f'"{text}" is no VAT or enterprise number')
    return key


def _pattern(text: str) -> str:
    return text.strip()
