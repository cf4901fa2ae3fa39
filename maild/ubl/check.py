"""Whether a bill can be accepted: what must be there is there, and the sums add up.

It is not the judge of all business rules, only of what no accountant can do without. Problems whose
code begins with "warning." are doubts (see `maild.ubl.doubts`) and no reason to refuse.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date
from decimal import ROUND_FLOOR, Decimal, localcontext
from itertools import chain, islice
from typing import Final, TypeAlias

from maild.errors import Problem
from maild.model.bill import AllowanceCharge, Bill, BillKind, Line, Tax, Totals
from maild.model.money import Amount
from maild.ubl.dialects import detect
from maild.ubl.doubts import code_doubts, doubts
from maild.ubl.values import MOST_PROBLEMS

# The date of a bill whose document has none that can be read. Only a look gives such a bill.
NO_DATE: Final = date.min

# Sums and products of numbers of 36 digits stay exact.
PRECISION: Final = 120

# Without these a quote is of no use: number, date, currency, seller, amount due, lines with ids.
_QUOTE_NEEDS = frozenset({"BR-02", "BR-03", "BR-05", "BR-06", "BR-15", "BR-16", "BR-21"})

# A rule, its term, the total as written, what it should be (None: unknown), and that in words.
_Sum: TypeAlias = tuple[str, str, Amount | None, Decimal | None, str]

_ZERO = Decimal(0)

# The official rules allow one whole unit of the currency between what lines and rates give and
# what the VAT breakdown says (BR-CO-17, BR-S-08 and its sisters, CEN 1.3.16).
_TAX_TOLERANCE = Decimal(1)


def is_warning(problem: Problem) -> bool:
    """Whether a problem is a doubt, and no reason to refuse."""
    return problem.code.startswith("warning.")


def check(bill: Bill) -> tuple[Problem, ...]:
    """List everything that keeps a bill from being accepted, then every doubt about it."""
    # EN 16931 is no standard for quotes, and UBL 2.0 is older than it: less is asked of those.
    strict = bill.kind is not BillKind.QUOTE and detect(bill.customization, bill.process).semantic
    with localcontext(prec=PRECISION):
        found = chain(
            _absent(bill, strict=strict),
            (fault for n, line in enumerate(bill.lines, 1) for fault in _line(n, line, strict)),
            _currencies(bill),
            _sums(bill),
            _breakdown(bill) if strict else (),
            _periods(bill),
        )
        faults = tuple(islice(found, MOST_PROBLEMS))
        if bill.kind is BillKind.QUOTE:
            faults = tuple(map(_as_quoted, faults))
        doubted = chain(doubts(bill), code_doubts(bill) if strict else ())
        return (*faults, *islice(doubted, MOST_PROBLEMS))


def _as_quoted(fault: Problem) -> Problem:
    """Turn a fault of a quote into a doubt, unless nothing could be done with the quote.

    Nobody books a quote, and no standard has rules for one: OASIS' own example neither adds up nor
    names its buyer (einvoicing.md section 7).
    """
    if fault.code in _QUOTE_NEEDS:
        return fault
    return replace(fault, code=f"warning.{fault.code}")


def _absent(bill: Bill, *, strict: bool) -> Iterator[Problem]:
    """Name the required terms of the whole document that are not there."""
    totals = bill.totals
    asked: list[tuple[str, str, str, object]] = [
        ("BR-02", "BT-1", "number", bill.number),
        ("BR-03", "BT-2", "issue date", bill.issued_on != NO_DATE),
        ("BR-05", "BT-5", "currency", bill.currency),
        ("BR-06", "BT-27", "name of the seller", bill.seller.name),
        ("BR-07", "BT-44", "name of the buyer", bill.buyer.name),
        ("BR-15", "BT-115", "amount due", totals.payable is not None),
        ("BR-16", "BG-25", "line", bill.lines),
    ]
    if strict:
        asked += [
            ("BR-12", "BT-106", "sum of the lines", totals.lines is not None),
            ("BR-13", "BT-109", "total without VAT", totals.net is not None),
            ("BR-14", "BT-112", "total with VAT", totals.gross is not None),
            ("BR-CO-18", "BG-23", "VAT breakdown", bill.taxes),
        ]
    what = bill.kind.value.replace("_", " ")
    for rule, term, words, there in asked:
        if not there:
            yield Problem(rule, term, f"the {what} has no {words}; add it")


def _line(n: int, line: Line, strict: bool) -> Iterator[Problem]:  # noqa: FBT001 -- called once, above
    """Name the required terms of one line that are not there."""
    asked: list[tuple[str, str, str, object]] = [("BR-21", "BT-126", "id", line.id)]
    if strict:
        asked += [
            ("BR-22", "BT-129", "quantity", line.quantity is not None),
            ("BR-23", "BT-130", "unit", line.unit),
            ("BR-24", "BT-131", "net amount", line.net is not None),
            ("BR-25", "BT-153", "item name", line.item.name),
            ("BR-26", "BT-146", "price", line.price is not None),
            ("BR-CO-04", "BT-151", "VAT category", line.tax is not None),
        ]
    for rule, term, words, there in asked:
        if not there:
            yield Problem(rule, f"line {n} {term}", f"line {n} has no {words}; add it")
    if line.price and line.price.net.value < 0:
        yield Problem(
            "BR-27",
            f"line {n} BT-146",
            f"the price {line.price.net.value:f} is negative; make the quantity negative instead",
        )


def _currencies(bill: Bill) -> Iterator[Problem]:
    """Find amounts in another currency than the document's (PEPPOL-EN16931-R051)."""
    totals = bill.totals
    named = [
        ("BT-106", totals.lines),
        ("BT-109", totals.net),
        ("BT-110", totals.tax),
        ("BT-112", totals.gross),
        ("BT-115", totals.payable),
        *((f"line {n} BT-131", line.net) for n, line in enumerate(bill.lines, start=1)),
    ]
    for term, amount in named:
        if amount is not None and bill.currency and amount.currency != bill.currency:
            yield Problem(
                "currency",
                term,
                f"{amount} is not in {bill.currency}, the currency of the document (BT-5)",
            )


def _sums(bill: Bill) -> Iterator[Problem]:
    """Compare every total with what it is the sum of (BR-CO-10 to BR-CO-16)."""
    for rule, term, said, computed, words in (*_parts(bill), *_wholes(bill.totals)):
        if computed is not None and said is not None and said.value != _rounded(computed):
            yield Problem(
                rule, term, f"{said.value:f} is not {words}, which is {_rounded(computed):f}"
            )


def _parts(bill: Bill) -> Iterator[_Sum]:
    """Give the totals that add up lines, allowances, charges and taxes."""
    totals = bill.totals
    nets = [line.net for line in bill.lines]
    lines = None if None in nets else _sum(nets)
    yield "BR-CO-10", "BT-106", totals.lines, lines, "the sum of the lines"
    for rule, term, total, is_charge, words in (
        ("BR-CO-11", "BT-107", totals.allowances, False, "the sum of the allowances"),
        ("BR-CO-12", "BT-108", totals.charges, True, "the sum of the charges"),
    ):
        amounts = [one.amount for one in bill.allowances_charges if one.is_charge is is_charge]
        said = Amount.zero(bill.currency) if total is None and amounts else total
        yield rule, term, said, _sum(amounts), words
    taxes = _sum(one.amount for one in bill.taxes) if bill.taxes else None
    yield "BR-CO-14", "BT-110", totals.tax, taxes, "the sum of the VAT breakdown"


def _wholes(totals: Totals) -> Iterator[_Sum]:
    """Give the totals that follow from other totals."""
    if totals.lines is not None:
        net = totals.lines.value - _value(totals.allowances) + _value(totals.charges)
        yield "BR-CO-13", "BT-109", totals.net, net, "the lines less allowances plus charges"
    if totals.net is None:
        return
    gross = totals.net.value + _value(totals.tax)
    yield "BR-CO-15", "BT-112", totals.gross, gross, "the total without VAT plus the VAT"
    due = gross if totals.gross is None else totals.gross.value
    due += _value(totals.rounding) - _value(totals.prepaid)
    yield "BR-CO-16", "BT-115", totals.payable, due, "the total with VAT less what was paid"


def _breakdown(bill: Bill) -> Iterator[Problem]:
    """Compare each rate of the VAT breakdown with its lines and with its own tax (BR-CO-17, BR-S-08)."""
    bases = _bases(bill)
    known = {one.tax.category for one in bill.taxes}
    for category in sorted({category for category, _ in bases} - known if known else ()):
        yield Problem(
            f"BR-{category}-01",
            "BG-23",
            f"the VAT breakdown has no category {category}, which lines or charges have; add it",
        )
    for one in bill.taxes:
        if one.base is None:
            yield Problem("BR-45", "BT-116", "a VAT breakdown has no taxable amount; add it")
            continue
        percent = one.tax.percent or _ZERO
        where = f"{one.tax.category} {percent:f} %"
        computed = _rounded(abs(one.base.value) * percent / 100)
        if abs(abs(one.amount.value) - computed) >= _TAX_TOLERANCE:
            yield Problem(
                "BR-CO-17",
                "BT-117",
                f"{where}: the VAT is {one.amount.value:f}, but {one.base.value:f} at that rate "
                f"gives {computed:f}",
            )
        base = bases.get(_key(one.tax), _ZERO)
        # The official rule counts in doubles, so that a whole unit passes or not by chance.
        if abs(one.base.value - base) > _TAX_TOLERANCE:
            yield Problem(
                f"BR-{one.tax.category}-08",
                "BT-116",
                f"{where}: the taxable amount is {one.base.value:f}, but the lines, allowances "
                f"and charges of that rate give {base:f}",
            )


def _periods(bill: Bill) -> Iterator[Problem]:
    """Find periods that end before they begin (BR-29, BR-30)."""
    named = [("BR-29", "BG-14", bill.period)]
    named += [
        ("BR-30", f"line {n} BG-26", line.period) for n, line in enumerate(bill.lines, start=1)
    ]
    for rule, where, period in named:
        if period and period.start and period.end and period.end < period.start:
            yield Problem(
                rule, where, f"the period ends on {period.end}, before it begins on {period.start}"
            )


def _bases(bill: Bill) -> dict[tuple[str, Decimal], Decimal]:
    """Add up lines, allowances and charges by VAT category and rate."""
    bases: dict[tuple[str, Decimal], Decimal] = defaultdict(Decimal)
    for line in bill.lines:
        if line.tax:
            bases[_key(line.tax)] += _value(line.net)
    for one in bill.allowances_charges:
        if one.tax:
            bases[_key(one.tax)] += _signed(one)
    return bases


def _key(tax: Tax) -> tuple[str, Decimal]:
    return tax.category, tax.percent or _ZERO


def _signed(one: AllowanceCharge) -> Decimal:
    return one.amount.value if one.is_charge else -one.amount.value


def _sum(amounts: Iterable[Amount | None]) -> Decimal:
    return sum((_value(one) for one in amounts), start=_ZERO)


def _value(amount: Amount | None) -> Decimal:
    return _ZERO if amount is None else amount.value


def _rounded(value: Decimal) -> Decimal:
    """Round to cents as the official rules do: XPath's round takes ties towards plus infinity."""
    cents = (value * 100 + Decimal("0.5")).to_integral_value(rounding=ROUND_FLOOR)
    return cents.scaleb(-2)
