"""The tables of a package: documents, VAT, contacts, items, remarks.

Rows only; `maild.render.dialects` and `maild.render.workbook` write them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from maild.exports.entries import CREDITS, Ledger
from maild.exports.summary import Remarks
from maild.exports.sums import Sums
from maild.model.bill import Price
from maild.model.money import round_half_up
from maild.render.dialects import Cell, Table, export_words, is_sane

_INDEX = (
    "part", "direction", "kind", "number", "issued_on", "due_on", "name", "vat_number", "currency",
    "net", "tax", "total", "files", "missing", "document",
)  # fmt: skip
_TOTALS = ("direction", "currency", "category", "percent", "base", "amount", "documents")
_CONTACTS = (
    "role", "name", "vat_number", "company_number", "street", "postcode", "city", "country",
    "email", "phone", "account", "documents",
)  # fmt: skip
_PRICE_STEP = Decimal("0.000001")
_ITEMS = (
    "direction", "supplier", "code", "name", "unit", "currency", "price", "category", "percent",
    "quantity", "net", "lines",
)  # fmt: skip


def tables(ledger: Ledger, sums: Sums, remarks: Remarks, *, language: str) -> tuple[Table, ...]:
    """Every table of a package, with words of that language in its cells."""
    words = export_words(language)["word"]
    return (
        Table("index", _INDEX, lambda: _index(ledger, words)),
        Table("totals", _TOTALS, lambda: _totals(sums, words)),
        Table("contacts", _CONTACTS, lambda: _contacts(sums, words)),
        Table("items", _ITEMS, lambda: _items(sums, words)),
        Table(
            "remarks", ("about", "said"), lambda: _remarks(ledger, remarks, export_words(language))
        ),
    )


def _index(ledger: Ledger, words: dict[str, str]) -> Iterator[Sequence[Cell]]:
    for one in ledger:
        # Credits are taken off here, so that a column adds up.
        sign = -1 if one["kind"] in CREDITS else 1
        yield (
            one["part"],
            words.get(one["direction"] or "", ""),
            words[one["kind"]],
            one["number"],
            _day(one["issued_on"]),
            _day(one["due_on"]),
            one["name"],
            one["vat_number"],
            one["currency"],
            _amount(one["net"], sign),
            _amount(one["tax"], sign),
            _amount(one["total"], sign),
            " ".join(held["path"].rpartition("/")[2] for held in one["files"]),
            " ".join(one["missing"]),
            one["document"],
        )


def _totals(sums: Sums, words: dict[str, str]) -> Iterator[Sequence[Cell]]:
    for (direction, currency, category, percent), total in sorted(sums.rates.items()):
        rate = Decimal(percent) if percent else None
        where = words.get(direction, "")
        yield (where, currency, category, rate, total.base, total.amount, total.documents)


def _contacts(sums: Sums, words: dict[str, str]) -> Iterator[Sequence[Cell]]:
    for _, seen in sorted(sums.contacts.items()):
        party = seen.party
        address, contact = party.address, party.contact
        yield (
            words[seen.role],
            party.name or party.trading_name,
            party.vat,
            party.legal_id.value if party.legal_id else None,
            address.street,
            address.postcode,
            address.city,
            address.country,
            contact.email if contact else None,
            contact.phone if contact else None,
            seen.account,
            seen.documents,
        )


def _items(sums: Sums, words: dict[str, str]) -> Iterator[Sequence[Cell]]:
    for _, seen in sorted(sums.items.items()):
        item, price, tax = seen.line.item, seen.line.price, seen.line.tax
        yield (
            words.get(seen.direction, ""),
            seen.supplier,
            item.seller_id,
            item.name or item.description,
            seen.line.unit,
            seen.currency,
            _price(price) if price else None,
            tax.category if tax else None,
            tax.percent if tax else None,
            seen.quantity,
            seen.net,
            seen.lines,
        )


def _remarks(
    ledger: Ledger, remarks: Remarks, said: dict[str, dict[str, str]]
) -> Iterator[Sequence[Cell]]:
    words = said["word"]
    for gap in remarks.gaps:
        yield words["gap"], f"{words[gap.kind]} {gap.numbers} ({gap.count})"
    for reason, kind, count in remarks.left_out:
        yield words["left_out"], f"{count} {words[kind]}: {said['reason'][reason]}"
    for note in remarks.notes:
        yield words["note"], note
    for one in ledger:
        if one["missing"]:
            what = " ".join(one["missing"])
            yield words["lacks"], f"{what}: {words[one['kind']]} {one['number'] or one['document']}"


def _price(price: Price) -> Decimal:
    """What one unit costs, of a price that is said for several (BT-149)."""
    base, net = price.base_quantity, price.net.value
    if not base or base == 1 or not is_sane(base) or not is_sane(net):
        return net
    return round_half_up(net / base, step=_PRICE_STEP).normalize()


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _amount(text: Any, sign: int) -> Decimal | None:
    return sign * Decimal(text) if text is not None else None
