"""What a mapping for Exact Online could be, by what is in an administration: each line with its reason.

A line is sure where only one code fits; others are for a person to choose. Nothing is asked here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from maild.model.exact import CATEGORIES, VatKey
from maild.rules.exact_words import CREDIT, ROUNDING, meaning

SALES_JOURNAL: Final = 20
SALES_RETURNS: Final = 21
PURCHASE_JOURNAL: Final = 22
REVENUE: Final = 110
COSTS: Final = (111, 120, 121, 122, 123, 125, 126)
EXCLUDING: Final = "E"
NONE: Final = "N"
_MOST_OTHERS: Final = 6  # that are listed beside a choice


@dataclass(frozen=True, slots=True)
class Coded:
    """A journal, G/L account, cost centre or condition. `number` is its type, or its days."""

    code: str
    about: str
    number: int | None = None
    vat: str = ""  # of an account: the VAT code where a line has none


@dataclass(frozen=True, slots=True)
class VatCode:
    """A VAT code. `percent` in percent; `side` S, P or B (both); `kind` E, I, B or N."""

    code: str
    about: str
    percent: Decimal
    kind: str = EXCLUDING
    side: str = "B"
    charged: bool = False


@dataclass(frozen=True, slots=True)
class Chart:
    """What was read; blocked codes are left out."""

    journals: tuple[Coded, ...]
    accounts: tuple[Coded, ...]
    vat: tuple[VatCode, ...]
    conditions: tuple[Coded, ...] = ()
    cost_centers: tuple[Coded, ...] = ()


@dataclass(frozen=True, slots=True)
class Proposed:
    """One line: the table below [team.NAME.exact] ("" is the table itself), key, value, why."""

    table: str
    key: str
    value: str
    reason: str
    sure: bool
    others: tuple[str, ...] = field(default=())


def propose(chart: Chart) -> list[Proposed]:
    """Every line that can be proposed, in the order of the tables."""
    lines = _general(chart)
    for table, side in (("sales", "S"), ("purchases", "P")):
        lines += _journals(chart, table)
        vat = _vat(chart, side, table=f"{table}.vat")
        lines += _accounts(chart, vat, table=table)
        lines += vat
        if table == "sales":
            lines += _accounts_by_rate(chart, vat)
    return lines


def _general(chart: Chart) -> list[Proposed]:
    found = [one for one in chart.accounts if ROUNDING.search(one.about)]
    lines = _one("", "rounding_account", found, why="the G/L account of differences")
    days: dict[int, list[Coded]] = {}
    for one in chart.conditions:
        if one.number is not None:
            days.setdefault(one.number, []).append(one)
    for number, conditions in sorted(days.items()):
        why = f"due after {number} days"
        lines += _one("payment_conditions", str(number), conditions, why=why)
    return lines


def _journals(chart: Chart, table: str) -> list[Proposed]:
    if table == "purchases":
        found = [one for one in chart.journals if one.number == PURCHASE_JOURNAL]
    else:
        found = [one for one in chart.journals if one.number == SALES_JOURNAL]
    plain = [one for one in found if not CREDIT.search(one.about)] or found
    lines = _one(table, "journal", plain, why=f"a journal of {table}")
    credit = [one for one in found if one not in plain]
    credit += [one for one in chart.journals if table == "sales" and one.number == SALES_RETURNS]
    return lines + _one(table, "credit_note_journal", credit, why="its name says credit notes")


def _accounts(chart: Chart, vat: list[Proposed], *, table: str) -> list[Proposed]:
    """The account where nothing else is said: that of the standard rate, if it is the only one."""
    types = (REVENUE,) if table == "sales" else COSTS
    found = [
        one for one in chart.accounts if one.number in types and not ROUNDING.search(one.about)
    ]
    standard = _standard(vat)
    fits = [one for one in found if standard and one.vat == standard] or found
    what = "revenue" if table == "sales" else "costs"
    return _one(table, "account", fits, why=f"a G/L account of {what}", all_of=len(found))


def _accounts_by_rate(chart: Chart, vat: list[Proposed]) -> list[Proposed]:
    """Accounts of revenue that are kept for one rate."""
    lines: list[Proposed] = []
    standard = _standard(vat)
    for one in vat:
        owned = [
            account
            for account in chart.accounts
            if account.number == REVENUE and account.vat == one.value and one.sure
        ]
        if len(owned) == 1 and one.value != standard:
            why = f"{owned[0].about}: its VAT code is {one.value}"
            lines.append(Proposed("sales.accounts", one.key, owned[0].code, why, sure=True))
    return lines


def _standard(vat: Iterable[Proposed]) -> str:
    rates = [(Decimal(one.key.split()[1]), one.value) for one in vat if one.key.startswith("S ")]
    return max(rates)[1] if rates else ""


def _vat(chart: Chart, side: str, *, table: str) -> list[Proposed]:
    """A line for each rate, and for each case without VAT that a description tells."""
    found: dict[VatKey, list[Coded]] = {}
    for one in chart.vat:
        key = _case(one) if one.side in {side, "B"} else None
        if key is not None:
            found.setdefault(key, []).append(Coded(one.code, one.about))
    order = list(CATEGORIES)
    lines: list[Proposed] = []
    for key in sorted(found, key=lambda one: (order.index(one.category), -(one.percent or 0))):
        percent = key.percent
        why = f"the only one of {percent:f} %" if percent else CATEGORIES[key.category]
        lines += _one(table, str(key), found[key], why=why)
    return lines


def _case(one: VatCode) -> VatKey | None:
    """What a code is for; None where its facts and its description do not tell."""
    if one.kind == NONE:
        return VatKey("O")
    if one.kind != EXCLUDING:
        return None  # maild posts amounts without VAT
    if one.charged:
        return meaning(one.about, charged=True)
    if one.percent:
        return VatKey("S", one.percent)
    return meaning(one.about, charged=False)


def _one(
    table: str, key: str, found: list[Coded], *, why: str, all_of: int | None = None
) -> list[Proposed]:
    """The line for a key: sure where one code fits, a choice where several do, none where none."""
    if not found:
        return []
    first, others = found[0], found[1 : 1 + _MOST_OTHERS]
    sure = len(found) == 1 and (all_of or 1) == 1
    counted = all_of or len(found)
    said = why if sure else f"{why}; {counted} fit"
    about = f"{first.about}: {said}"
    return [
        Proposed(
            table,
            key,
            first.code,
            about,
            sure,
            tuple(f"{one.code} ({one.about})" for one in others),
        )
    ]
