"""How much of what a page prints was read right: figures beside the truth that somebody wrote down.

Pure. A truth file is a JSON object whose keys are those of the figures; null means that the page does not
print it, and is not scored. Amounts are compared without their sign, since a credit note may print either.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from maild.model.figures import KEYS, Figures, Verdict, figures_json

_AMOUNTS: Final = frozenset({"net_total", "vat_total", "gross_total", "amount_due"})


@dataclass(slots=True)
class Score:
    """Counts of one field: printed, read right, and among those called proven."""

    printed: int = 0
    right: int = 0
    proven: int = 0
    proven_right: int = 0

    def add(self, other: Score) -> None:
        """Count those of another one too."""
        self.printed += other.printed
        self.right += other.right
        self.proven += other.proven
        self.proven_right += other.proven_right

    def json(self) -> dict[str, Any]:
        """The counts and their shares in percent; a share of nothing is null."""
        return {
            "printed": self.printed,
            "right": self.right,
            "right_percent": _percent(self.right, self.printed),
            "proven": self.proven,
            "proven_right": self.proven_right,
            "proven_right_percent": _percent(self.proven_right, self.proven),
        }


@dataclass(slots=True)
class Tally:
    """The scores of all documents, field by field, and what was wrong where."""

    documents: int = 0
    fields: dict[str, Score] = field(default_factory=lambda: {key: Score() for key in KEYS})
    wrong: list[dict[str, Any]] = field(default_factory=list)

    def add(self, name: str, figures: Figures, *, truth: Mapping[str, Any]) -> None:
        """Score one document."""
        self.documents += 1
        told = figures_json(figures)
        for key in KEYS:
            if truth.get(key) in (None, [], ""):
                continue
            got, right = told[key], is_same(key, told[key]["value"], truth=truth[key])
            proven = got["verdict"] == Verdict.PROVEN.value
            self.fields[key].add(Score(1, int(right), int(proven), int(proven and right)))
            if not right:
                said = {"value": got["value"], "verdict": got["verdict"], "truth": truth[key]}
                self.wrong.append({"file": name, "field": key} | said)

    def json(self) -> dict[str, Any]:
        """The object of `maild eval --json`."""
        whole = Score()
        for one in self.fields.values():
            whole.add(one)
        return {
            "documents": self.documents,
            "all": whole.json(),
            "fields": {key: one.json() for key, one in self.fields.items()},
            "wrong": self.wrong,
        }


def is_same(key: str, value: Any, *, truth: Any) -> bool:
    """Whether a field was read as the truth says; names may lack their legal form."""
    if value is None:
        return False
    if key in _AMOUNTS:
        return _amount(value) == _amount(truth) is not None
    if key == "iban":
        return {_plain(one) for one in _many(value)} == {_plain(one) for one in _many(truth)}
    if key == "vat_breakdown":
        return sorted(_rates(value)) == sorted(_rates(truth))
    got, said = _plain(value), _plain(truth)
    return got == said or (key == "supplier_name" and (got in said or said in got))


def _rates(rows: Iterable[Mapping[str, Any]]) -> list[tuple[str, str, str]]:
    """Rate, base and VAT a rate: rows of no VAT for several reasons are one."""
    told: dict[str, list[Decimal]] = {}
    for row in rows:
        rate, base, vat = (_amount(row.get(key)) for key in ("rate", "base", "vat"))
        sums = told.setdefault(str(rate), [Decimal(0), Decimal(0)])
        sums[:] = sums[0] + (base or 0), sums[1] + (vat or 0)
    return [(rate, str(base), str(vat)) for rate, (base, vat) in told.items()]


def _amount(text: Any) -> Decimal | None:
    try:
        return abs(Decimal(str(text))).quantize(Decimal("0.01"))
    except InvalidOperation:
        return None


def _many(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def _plain(value: Any) -> str:
    return re.sub(r"[\W_]", "", str(value)).casefold()


def _percent(part: int, whole: int) -> float | None:
    return round(100 * part / whole, 2) if whole else None
