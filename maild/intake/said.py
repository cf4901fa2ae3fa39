"""What a person says about the figures of a page: checked before anything is believed of it.

Pure. What he does not mention is taken as it was read, unless its check fails; required is what a
bookkeeper cannot do without.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from maild.errors import UserError, did_you_mean
from maild.model.figures import KEYS, Rate, Value, Verdict
from maild.model.paper import SUPPLIER
from maild.model.party import company_key
from maild.ubl.check_digits import is_belgian_number, is_iban

REQUIRED: Final = ("invoice_number", "issue_date", "net_total", "vat_total", "gross_total")
# What a person may say; the breakdown and the register number follow from the page or from others.
SAYABLE: Final = tuple(one for one in KEYS if one != "vat_breakdown")
_DEFAULTS: Final = {"currency": "EUR", "doc_type": "invoice"}
_LONGEST: Final = 200
_KINDS: Final = ("invoice", "credit_note")
_SURE: Final = frozenset({Verdict.PROVEN.value, Verdict.LIKELY.value})


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with one figure: its key, a code for programs, the value, and a sentence."""

    key: str
    code: str
    value: str
    words: str

    def __str__(self) -> str:
        return f"{self.key}: {self.words}"


class WrongFigures(UserError):
    """Figures that cannot be; pages say each in their own language, by its code."""

    def __init__(self, faults: Sequence[Fault], *, hint: str) -> None:
        self.faults = tuple(faults)
        super().__init__([str(one) for one in faults], hint=hint)


class _Wrong(Exception):
    """A value that cannot be; becomes a `Fault` with its key."""

    def __init__(self, code: str, value: str, words: str) -> None:
        self.code, self.value, self.words = code, value, words
        super().__init__(words)


def taken(figures: Mapping[str, Any], said: Mapping[str, str]) -> dict[str, Value]:
    """The values that count: what a person said, else what was read and has not failed its check.

    `figures` are those of `figures_json`. Raises WrongFigures with every problem.
    """
    faults = [
        Fault(key, "unknown", key, f"there is no such figure{did_you_mean(key, SAYABLE)}")
        for key in said
        if key not in SAYABLE
    ]
    values: dict[str, Value] = {}
    for key in KEYS:
        if key in said and key in SAYABLE:
            try:
                values |= _said(key, said[key].strip())
            except _Wrong as wrong:
                faults.append(Fault(key, wrong.code, wrong.value, wrong.words))
        elif (read := _read(figures.get(key))) is not None:
            values[key] = read
    values = _DEFAULTS | values
    faults += _missing(values, besides={one.key for one in faults})
    if not faults:
        faults += _sums(values)
    if faults:
        hint = "say it with --set KEY=VALUE, or pass it on without figures"
        raise WrongFigures(faults, hint=hint)
    return values


def as_json(values: Mapping[str, Value]) -> dict[str, Any]:
    """The values as they are stored."""
    return {
        key: [
            {"rate": one.rate, "base": one.base, "vat": one.vat} if isinstance(one, Rate) else one
            for one in value
        ]
        if isinstance(value, tuple)
        else value
        for key, value in values.items()
    }


def _read(field: Any) -> Value | None:
    """A field as it was read, when its check has not failed."""
    if not field or field["verdict"] not in _SURE or field["value"] in (None, [], ""):
        return None
    value = field["value"]
    if not isinstance(value, list):
        return str(value)
    if isinstance(value[0], str):
        return tuple(map(str, value))
    return tuple(Rate(one["rate"], one["base"], one["vat"]) for one in value)


def _said(key: str, text: str) -> dict[str, Value]:
    """What a person said of a key; nothing for an empty text, which takes the figure away."""
    if len(text) > _LONGEST:
        raise _Wrong("long", text[:20], f"longer than {_LONGEST} characters")
    if not text:
        return {}
    return {key: _CHECKS.get(key, _text)(text)}


def _text(text: str) -> str:
    if not text.isprintable():
        raise _Wrong("unprintable", "", "has characters that cannot be printed")
    return text


def _kind(text: str) -> str:
    if text not in _KINDS:
        raise _Wrong("kind", text, f'"{text}" is neither {" nor ".join(_KINDS)}')
    return text


def _day(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError as fault:
        raise _Wrong("date", text, f'"{text}" is no date such as 2026-11-24') from fault


def _sum(text: str) -> str:
    try:
        value = Decimal(text)
    except InvalidOperation as fault:
        raise _no_amount(text) from fault
    if not value.is_finite() or abs(value) >= Decimal("1e12") or value != round(value, 2):
        raise _no_amount(text)
    return f"{round(value, 2):f}"


def _currency(text: str) -> str:
    if not re.fullmatch(r"[A-Z]{3}", text):
        raise _Wrong("currency", text, f'"{text}" is no currency such as EUR')
    return text


def _vat(text: str) -> str:
    plain = company_key(text)
    if not re.fullmatch(r"[A-Z]{2}[0-9A-Z]{2,13}", plain):
        raise _Wrong("vat", text, f'"{text}" is no VAT number such as BE0123456749')
    if plain.startswith("BE") and not is_belgian_number(plain[2:]):
        raise _Wrong("digits", text, f'the check digits of "{text}" are wrong')
    return plain


def _accounts(text: str) -> tuple[str, ...]:
    found = tuple(re.sub(r"\W", "", one).upper() for one in text.split(","))
    for one in found:
        if not is_iban(one):
            raise _Wrong("iban", one, f'"{one}" is no IBAN: its length or check digits are wrong')
    return found


def _no_amount(text: str) -> _Wrong:
    return _Wrong("amount", text, f'"{text}" is no amount such as 1234.56')


def _missing(values: Mapping[str, Value], *, besides: set[str]) -> list[Fault]:
    told = [
        Fault(key, "missing", "", "nothing sure was read; it must be said")
        for key in REQUIRED
        if not values.get(key) and key not in besides
    ]
    if not any(values.get(key) for key in (*SUPPLIER, "iban")) and "supplier_vat" not in besides:
        words = "neither a number nor an account of the supplier was read"
        told.append(Fault("supplier_vat", "nobody", "", words))
    return told


def _sums(values: Mapping[str, Value]) -> list[Fault]:
    net, vat, gross = (
        Decimal(str(values[key])) for key in ("net_total", "vat_total", "gross_total")
    )
    if net + vat == gross:
        return []
    words = f"{net} and {vat} of VAT make {net + vat}, not {gross}"
    return [Fault("gross_total", "sum", f"{net} + {vat} = {net + vat}", words)]


_CHECKS: Final[Mapping[str, Callable[[str], Value]]] = {
    "doc_type": _kind,
    "issue_date": _day,
    "due_date": _day,
    "net_total": _sum,
    "vat_total": _sum,
    "gross_total": _sum,
    "amount_due": _sum,
    "currency": _currency,
    "supplier_vat": _vat,
    "iban": _accounts,
}
