"""What a page was found to say: fields with a verdict each, and where each stands.

A value, made by `maild.reading`; nothing is read or decided here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

# The keys, as `maild inspect --json` and truth files spell them.
KEYS: Final = (
    "doc_type",
    "invoice_number",
    "issue_date",
    "due_date",
    "supplier_name",
    "supplier_vat",
    "supplier_enterprise_no",
    "iban",
    "currency",
    "net_total",
    "vat_total",
    "gross_total",
    "amount_due",
    "vat_breakdown",
    "exemption_reason",
    "payment_reference",
    "structured_communication",
)

Box = tuple[float, float, float, float]


class Verdict(StrEnum):
    """How sure a value is (purchase_reading.md A3)."""

    PROVEN = "proven"  # by check digits or arithmetic, and nothing else fits
    LIKELY = "likely"  # by its label or place
    UNPROVEN = "unproven"  # printed, but its check fails or something contradicts it
    ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class Rate:
    """A row of the VAT breakdown: percentage, base and VAT as decimal text; base may be unknown."""

    rate: str
    base: str | None
    vat: str


Value = str | tuple[str, ...] | tuple[Rate, ...]


@dataclass(frozen=True, slots=True)
class Field:
    """A value with its verdict.

    `page` counts from 1; `box` is left, top, right, bottom in points from the top left of the page as
    it is read; both are None for a value that follows from others. `label` is the word that was found
    before it, `checks` the names of those passed, `others` the values that a person may choose instead.
    """

    value: Value | None = None
    verdict: Verdict = Verdict.ABSENT
    page: int | None = None
    box: Box | None = None
    label: str | None = None
    checks: tuple[str, ...] = ()
    others: tuple[str, ...] = ()


Figures = Mapping[str, Field]
ABSENT: Final = Field()


def figures_json(figures: Figures) -> dict[str, Any]:
    """The figures as `maild inspect --json` shows them: every key, absent ones too."""
    return {key: _field_json(figures.get(key, ABSENT)) for key in KEYS}


def figures_from(told: Mapping[str, Any]) -> Figures:
    """The figures of what `figures_json` gives. Raises KeyError, TypeError or ValueError for another."""
    return {key: _field_from(told[key]) for key in KEYS}


def _field_from(told: Mapping[str, Any]) -> Field:
    page, box, label = told["page"], told["box"], told["label"]
    sides = tuple(map(float, box)) if box else None
    if sides is not None and len(sides) != 4:
        raise ValueError(f"a box of {len(sides)} sides")
    return Field(
        value=_value_from(told["value"]),
        verdict=Verdict(told["verdict"]),
        page=None if page is None else int(page),
        box=sides,
        label=None if label is None else str(label),
        checks=tuple(map(str, told["checks"])),
        others=tuple(map(str, told["others"])),
    )


def _value_from(told: Any) -> Value | None:
    if told is None or isinstance(told, str):
        return told
    rates = [one for one in told if not isinstance(one, str)]
    if not rates:
        return tuple(map(str, told))
    return tuple(
        Rate(str(one["rate"]), None if one["base"] is None else str(one["base"]), str(one["vat"]))
        for one in rates
    )


def _field_json(field: Field) -> dict[str, Any]:
    return {
        "value": _value_json(field.value),
        "verdict": field.verdict.value,
        "page": field.page,
        "box": list(field.box) if field.box else None,
        "label": field.label,
        "checks": list(field.checks),
        "others": list(field.others),
    }


def _value_json(value: Value | None) -> Any:
    if not isinstance(value, tuple):
        return value
    return [
        one if isinstance(one, str) else {"rate": one.rate, "base": one.base, "vat": one.vat}
        for one in value
    ]
