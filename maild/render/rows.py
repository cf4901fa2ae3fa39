"""The lines of a bill as rows of its table: what was sold, how much, at what price."""

from __future__ import annotations

from maild.model.bill import Bill, Line
from maild.render.figures import Figures
from maild.render.plain import one_line, paragraphs
from maild.render.sums import adjustment_text, rate
from maild.render.words import Words

# A line id that is a number or a short code is worth its column; others are replaced by the position.
_LONGEST_LINE_ID = 4
# Rows with more characters may break across pages, others stay whole.
_TALL_ROW = 900
_MOST_ATTRIBUTES = 40


def line_rows(bill: Bill, *, said: Words, shown: Figures) -> list[dict[str, object]]:
    """One row for each line (BG-25)."""
    plain_ids = all(len(line.id) <= _LONGEST_LINE_ID for line in bill.lines)
    return [
        _line(line, no=line.id if plain_ids else str(at), said=said, shown=shown)
        for at, line in enumerate(bill.lines, start=1)
    ]


def _line(line: Line, *, no: str, said: Words, shown: Figures) -> dict[str, object]:
    """One row: the name with its details, quantity, price, VAT, amount."""
    name = one_line(line.item.name, limit=300)
    details = _details(line, said=said, shown=shown)
    return {
        "no": one_line(no, limit=8),
        "name": name,
        "details": details,
        "tall": len(name) + sum(len(text) for text in details) > _TALL_ROW,
        "quantity": "" if line.quantity is None else shown.number(line.quantity),
        "unit": one_line(said.unit(line.unit, quantity=line.quantity), limit=16),
        "price": _price(line, said=said, shown=shown),
        "vat": rate(line.tax, words=said, figures=shown),
        "net": shown.amount(line.net),
    }


def _price(line: Line, *, said: Words, shown: Figures) -> str:
    """The price of one unit, or of the base quantity where that is not one (BT-149)."""
    if line.price is None:
        return ""
    text = shown.amount(line.price.net)
    base = line.price.base_quantity
    return text if base in (None, 1) else f"{text} {said.labels['per']} {shown.number(base)}"


def _details(line: Line, *, said: Words, shown: Figures) -> list[str]:
    """What stands small below the name of a line."""
    item, labels = line.item, said.labels
    codes = {
        "article": item.seller_id,
        "your_article": item.buyer_id,
        "order_line": line.order_line,
        "origin": shown.country(item.origin_country),
    }
    facts = [f"{labels[key]} {text}" for key, code in codes.items() if (text := one_line(code))]
    facts += [
        f"{one_line(key)}: {one_line(value)}" for key, value in item.attributes[:_MOST_ATTRIBUTES]
    ]
    adjustments = [
        f"{adjustment_text(one, words=said, figures=shown)} "
        f"({shown.amount(one.amount if one.is_charge else -one.amount)})"
        for one in line.allowances_charges
    ]
    texts = [paragraphs(item.description), paragraphs(line.note)]
    span = shown.span(line.period) if line.period else ""
    rows = [*texts, span, " · ".join(facts), *adjustments]
    return [row for row in dict.fromkeys(rows) if row and row != one_line(item.name, limit=300)]
