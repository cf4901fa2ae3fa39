"""Whether the codes of a mapping are there in the administration, and are for what they are written for.

What was read comes as a `Chart`; nothing is asked here. Each problem names its key.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from maild.errors import KeyProblem, did_you_mean
from maild.model.exact import ExactMapping, ExactSide, VatKey
from maild.rules.exact_proposal import (
    EXCLUDING,
    NONE,
    PURCHASE_JOURNAL,
    SALES_JOURNAL,
    SALES_RETURNS,
    Chart,
    Coded,
    VatCode,
)

_SIDES: Final = {"S": "sales", "P": "purchases"}


def codes_of(mapping: ExactMapping) -> set[str]:
    """Every G/L account that a mapping names."""
    found = {mapping.rounding_account}
    for side in (mapping.sales, mapping.purchases):
        if side:
            found.add(side.account)
            for pairs in (side.accounts, side.items, side.partners):
                found.update(code for _, code in pairs)
    return found - {""}


def check(mapping: ExactMapping, chart: Chart, *, team: str) -> list[KeyProblem]:
    """Every code that is not there, or is there for something else."""
    key = f"team.{team}.exact"
    problems = list(
        _there(
            chart.accounts, "G/L account", [(f"{key}.rounding_account", mapping.rounding_account)]
        )
    )
    conditions = [
        (f'{key}.payment_conditions."{days}"', code) for days, code in mapping.payment_conditions
    ]
    problems += _there(chart.conditions, "payment condition", conditions)
    for name, side, letter in (
        ("sales", mapping.sales, "S"),
        ("purchases", mapping.purchases, "P"),
    ):
        if side:
            problems += _side(side, chart, key=f"{key}.{name}", letter=letter)
    return problems


def _side(side: ExactSide, chart: Chart, *, key: str, letter: str) -> Iterator[KeyProblem]:
    journals = [(f"{key}.journal", side.journal), (f"{key}.credit_note_journal", side.credit_notes)]
    yield from _there(chart.journals, "journal", journals)
    types = {SALES_JOURNAL, SALES_RETURNS} if letter == "S" else {PURCHASE_JOURNAL}
    for where, code in journals:
        found = _find(chart.journals, code)
        if found and found.number not in types:
            yield KeyProblem(where, f"{code} ({found.about}) is no journal of {_SIDES[letter]}")
    accounts = [(f"{key}.account", side.account)]
    accounts += [(f'{key}.accounts."{one}"', code) for one, code in side.accounts]
    for table, pairs in (("items", side.items), ("partners", side.partners)):
        accounts += [(f'{key}.{table}."{one}"', code) for one, code in pairs]
    yield from _there(chart.accounts, "G/L account", accounts)
    centers = [(f"{key}.cost_center", side.cost_center)]
    centers += [(f'{key}.cost_centers."{one}"', code) for one, code in side.cost_centers]
    yield from _there(chart.cost_centers, "cost centre", centers)
    known = {one.code: one for one in chart.vat}
    for case, code in side.vat:
        if said := _vat(case, code, known.get(code), letter=letter, known=known):
            yield KeyProblem(f'{key}.vat."{case}"', said)


def _vat(
    case: VatKey, code: str, found: VatCode | None, *, letter: str, known: Iterable[str]
) -> str:
    """What is wrong with a VAT code for a case; empty where it suits."""
    if found is None:
        return f'there is no VAT code "{code}", or it is blocked{did_you_mean(code, known)}'
    about = f"{code} ({found.about})"
    if found.side not in {letter, "B"}:
        return f"{about} is for {_SIDES.get(found.side, found.side)}"
    if found.kind not in {EXCLUDING, NONE}:
        return f"{about} wants amounts with VAT; take one that excludes it, as maild does"
    if case.percent and case.percent != found.percent:
        return f"{about} is of {found.percent:f} %, not of {case.percent:f} %"
    untaxed = not case.percent and case.category not in {"S", "L", "M", "B"}
    if untaxed and found.percent and not found.charged:
        return f"{about} charges {found.percent:f} %, which such a document does not"
    return ""


def _there(
    known: tuple[Coded, ...], what: str, wanted: Iterable[tuple[str, str]]
) -> Iterator[KeyProblem]:
    codes = {one.code for one in known}
    for key, code in wanted:
        if code and code not in codes:
            hint = did_you_mean(code, codes)
            yield KeyProblem(key, f'there is no {what} "{code}", or it is blocked{hint}')


def _find(known: tuple[Coded, ...], code: str) -> Coded | None:
    return next((one for one in known if one.code == code), None)
