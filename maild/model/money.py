"""Money as the standards mean it: an exact decimal with its currency, and one rounding rule.

This is not a currency converter: two currencies never meet in one sum.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

CENT: Final = Decimal("0.01")


def round_half_up(value: Decimal, *, step: Decimal = CENT) -> Decimal:
    """Round to a multiple of `step`, ties away from zero.

    The one rounding rule of maild. Source: EN 16931-1 section 6 (two decimals, half up); Belgian
    VAT is rounded on the total per rate, never per line (einvoicing.md section 6).
    """
    return value.quantize(step, rounding=ROUND_HALF_UP)


@dataclass(frozen=True, slots=True, order=False)
class Amount:
    """An exact amount of one currency, as written: `value` keeps its decimals.

    `currency` is an ISO 4217 code. Floats are refused with TypeError, since 0.1 is none. An amount of
    nothing is an amount: only None is false, so that "paid" is not taken for "not said".
    """

    value: Decimal
    currency: str

    def __post_init__(self) -> None:
        if not isinstance(self.value, Decimal):
            raise TypeError(f"an Amount takes a Decimal, not {type(self.value).__name__}")
        if not self.value.is_finite():
            raise ValueError(f"an Amount is a finite number, not {self.value}")

    @classmethod
    def zero(cls, currency: str) -> Amount:
        """Nothing, in that currency."""
        return cls(Decimal("0.00"), currency)

    def rounded(self) -> Amount:
        """The amount in whole cents."""
        return Amount(round_half_up(self.value), self.currency)

    def __add__(self, other: Amount) -> Amount:
        return Amount(self.value + self._same(other), self.currency)

    def __sub__(self, other: Amount) -> Amount:
        return Amount(self.value - self._same(other), self.currency)

    def __neg__(self) -> Amount:
        return Amount(-self.value, self.currency)

    def __abs__(self) -> Amount:
        return Amount(abs(self.value), self.currency)

    def __mul__(self, factor: Decimal | int) -> Amount:
        if isinstance(factor, float):
            raise TypeError("an Amount is multiplied by a Decimal or an int, not by a float")
        return Amount(self.value * factor, self.currency)

    def __lt__(self, other: Amount) -> bool:
        return self.value < self._same(other)

    def __le__(self, other: Amount) -> bool:
        return self.value <= self._same(other)

    def __str__(self) -> str:
        return f"{self.value:f} {self.currency}"

    def _same(self, other: Amount) -> Decimal:
        if other.currency != self.currency:
            raise ValueError(f"{self.currency} and {other.currency} are not added or compared")
        return other.value
