"""What follows from the lines of a bill: their net amounts, the VAT breakdown, the totals.

For bills that are made here from a few figures; bills that come in carry their own sums, which
`maild.ubl.check` compares. Belgian VAT is rounded on the total per rate and never per line
(einvoicing.md section 6).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from decimal import Decimal

from maild.model.bill import AllowanceCharge, Line, Price, Tax, TaxSubtotal, Totals
from maild.model.money import Amount

_ZERO = Decimal(0)
_HUNDRED = Decimal(100)


def line_net(quantity: Decimal, price: Price, *, charges: Sequence[AllowanceCharge] = ()) -> Amount:
    """Give the net amount of a line (BT-131): quantity times price, plus charges less allowances.

    Source: EN 16931 BT-131; PEPPOL-EN16931-R120.
    """
    per = price.base_quantity or Decimal(1)
    value = quantity * price.net.value / per + sum((signed(one) for one in charges), start=_ZERO)
    return Amount(value, price.net.currency).rounded()


def signed(one: AllowanceCharge) -> Decimal:
    """Give what an allowance or charge adds: allowances take away."""
    return one.amount.value if one.is_charge else -one.amount.value


def breakdown(
    lines: Iterable[Line], charges: Iterable[AllowanceCharge], *, currency: str
) -> tuple[TaxSubtotal, ...]:
    """Give the VAT breakdown (BG-23): one group for each category and rate, in order of appearance."""
    bases: dict[Tax, Decimal] = {}
    for tax, value in (
        *((line.tax, line.net.value if line.net else _ZERO) for line in lines),
        *((one.tax, signed(one)) for one in charges),
    ):
        if tax:
            bases[tax] = bases.get(tax, _ZERO) + value
    return tuple(_subtotal(tax, Amount(base, currency)) for tax, base in bases.items())


def totals(
    lines: Iterable[Line],
    charges: Sequence[AllowanceCharge],
    taxes: Iterable[TaxSubtotal],
    *,
    currency: str,
    known: Totals,
) -> Totals:
    """Give the document totals (BG-22); what was paid, rounded or converted is taken from `known`."""
    line_total = _sum((line.net for line in lines), currency)
    allowances = [one.amount for one in charges if not one.is_charge]
    additions = [one.amount for one in charges if one.is_charge]
    net = line_total - _sum(allowances, currency) + _sum(additions, currency)
    tax = _sum((one.amount for one in taxes), currency)
    payable = net + tax
    if known.prepaid:
        payable -= known.prepaid
    if known.rounding:
        payable += known.rounding
    return replace(
        known,
        lines=line_total,
        allowances=_sum(allowances, currency) if allowances else None,
        charges=_sum(additions, currency) if additions else None,
        net=net,
        tax=tax,
        gross=net + tax,
        payable=payable,
    )


def _subtotal(tax: Tax, base: Amount) -> TaxSubtotal:
    amount = Amount(base.value * (tax.percent or _ZERO) / _HUNDRED, base.currency)
    return TaxSubtotal(tax=tax, base=base.rounded(), amount=amount.rounded())


def _sum(amounts: Iterable[Amount | None], currency: str) -> Amount:
    found = (one for one in amounts if one is not None)
    return sum(found, start=Amount.zero(currency))
