"""What a JSON document must have, and whether what it says of its sums is what its lines give."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from maild.errors import Problem
from maild.intake.payload_schema import DocumentShape, TaxShape
from maild.model.bill import Bill, BillKind, TaxSubtotal


def compared(shape: DocumentShape, bill: Bill) -> Iterator[Problem]:
    """What the document says of its sums, where that is not what its lines give."""
    given, computed = shape.totals, bill.totals
    for name in ("net", "tax", "gross", "payable"):
        said, right = getattr(given, name), getattr(computed, name)
        if said is not None and right is not None and said != right.value:
            yield Problem("json.sum", f"totals.{name}", f"is {said}; the lines give {right.value}")
    for n, one in enumerate(shape.taxes):
        found = _group(one, bill.taxes)
        if found is None:
            yield Problem("json.sum", f"taxes[{n}]", "no line has this category and percent")
        elif one.amount is not None and one.amount != found.amount.value:
            said = f"is {one.amount}; the lines give {found.amount.value}"
            yield Problem("json.sum", f"taxes[{n}].amount", said)


def _group(one: TaxShape, taxes: Sequence[TaxSubtotal]) -> TaxSubtotal | None:
    for each in taxes:
        same_rate = one.percent is None or (each.tax.percent or 0) == one.percent
        if each.tax.category == one.category and same_rate:
            return each
    return None


def needed(bill: Bill) -> Iterator[Problem]:
    """What the written UBL must have, and our document has a key for."""
    for n, line in enumerate(bill.lines):
        if line.tax and line.tax.category == "S" and line.tax.percent is None:
            yield Problem("json.missing", f"lines[{n}].percent", "is missing (BT-152)")
    owed = bill.totals.payable and bill.totals.payable.value > 0
    if bill.kind is BillKind.INVOICE and owed and not (bill.due_on or bill.payment_terms):
        yield Problem("BR-CO-25", "due_on", "give due_on (BT-9) or payment_terms (BT-20)")
