"""The lower half of a page: VAT per rate, reasons of exemption, and the way from lines to the amount due.

The sums are the sender's own; nothing is calculated here.
"""

from __future__ import annotations

from maild.model.bill import AllowanceCharge, Bill, BillKind, Tax
from maild.model.money import Amount
from maild.render.figures import Figures
from maild.render.plain import one_line, paragraphs
from maild.render.words import Words

Row = tuple[str, str]


def tax_rows(bill: Bill, *, words: Words, figures: Figures) -> list[dict[str, str]]:
    """Rate, base and amount for each row of the VAT breakdown (BG-23)."""
    return [
        {
            "rate": rate(one.tax, words=words, figures=figures),
            "base": figures.amount(one.base),
            "amount": figures.amount(one.amount),
        }
        for one in bill.taxes
    ]


def rate(tax: Tax | None, *, words: Words, figures: Figures) -> str:
    """A VAT rate as a column shows it: the percentage, or a word where no VAT is charged."""
    if tax is None:
        return ""
    if tax.category in words.tax and not tax.percent:
        return words.tax[tax.category]
    return figures.percent(tax.percent) if tax.percent is not None else one_line(tax.category)


def exemptions(bill: Bill, *, words: Words) -> list[str]:
    """Each reason why no VAT is charged, once, in the order of the breakdown."""
    reasons = (paragraphs(words.exemption(one.tax), limit=600) for one in bill.taxes)
    return list(dict.fromkeys(reason for reason in reasons if reason))


def total_rows(bill: Bill, *, words: Words, figures: Figures) -> list[Row]:
    """The rows above the amount due, leaving out those that say nothing new."""
    labels, totals = words.labels, bill.totals
    rows: list[tuple[str, Amount | None]] = []
    if bill.allowances_charges:
        rows.append((labels["lines_total"], totals.lines))
        rows += [_adjustment(one, words=words, figures=figures) for one in bill.allowances_charges]
    rows.append((labels["net"], totals.net))
    rows.append((labels["tax"], totals.tax))
    if totals.tax_accounting and bill.tax_currency:
        label = f"{labels['tax_in']} {one_line(bill.tax_currency, limit=8)}"
        rows.append((label, totals.tax_accounting))
    if _has_steps_after_gross(bill):
        rows.append((labels["gross"], totals.gross))
        prepaid = _unless_nothing(totals.prepaid)
        rows.append((labels["prepaid"], -prepaid if prepaid else None))
        rows.append((labels["rounding"], _unless_nothing(totals.rounding)))
    return [(label, figures.amount(amount)) for label, amount in rows if amount is not None]


def payable_label(bill: Bill, *, words: Words) -> str:
    """What the amount due is called on this document."""
    payable = bill.totals.payable
    if bill.kind is BillKind.INVOICE and payable is not None and payable.value < 0:
        return words.labels["payable_negative"]
    if bill.kind is BillKind.QUOTE and bill.totals.tax is None:
        return words.labels["payable_untaxed"]
    return words.labels[f"payable_{bill.kind}"]


def adjustment_text(one: AllowanceCharge, *, words: Words, figures: Figures) -> str:
    """An allowance or charge in words: what it is, its percentage, its reason."""
    name = words.labels["charge" if one.is_charge else "discount"]
    percent = f" {figures.percent(one.percent)}" if one.percent is not None else ""
    reason = one_line(one.reason, limit=120)
    if not reason:
        return f"{name}{percent}"
    # "Korting" as the reason of a "Korting" is no news.
    return f"{reason}{percent}" if name.lower() in reason.lower() else f"{name}{percent}: {reason}"


def _adjustment(one: AllowanceCharge, *, words: Words, figures: Figures) -> tuple[str, Amount]:
    amount = one.amount if one.is_charge else -one.amount
    return adjustment_text(one, words=words, figures=figures), amount


def _has_steps_after_gross(bill: Bill) -> bool:
    """Whether the amount due is something else than the total with VAT, with the same label or not."""
    totals = bill.totals
    if _unless_nothing(totals.prepaid) or _unless_nothing(totals.rounding):
        return True
    same = totals.gross is not None and totals.payable is not None
    return not same or totals.gross != totals.payable


def _unless_nothing(amount: Amount | None) -> Amount | None:
    return amount if amount and amount.value else None
