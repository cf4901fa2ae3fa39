"""What holds for sales and purchase entries: journals, periods, VAT, balance, numbers.

A line's amount is without VAT unless its code includes it; a reverse charge is worked out and not
charged. Credit is a negative total. Source: the field notes on choosing the entity and on codes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from maild.simulators.exact.world import Book, Row
from maild.simulators.exact.writing import Kind, Write

CENT: Final = Decimal("0.01")
OPEN: Final = 20
_TYPES: Final = {
    20: "Sales entry",
    21: "Sales credit note",
    30: "Purchase entry",
    31: "Purchase credit note",
}


@dataclass(frozen=True, slots=True)
class _Side:
    """Sales or purchase."""

    party: str
    journal_type: int
    positive: int
    negative: int
    is_purchase: bool = False


_SALES: Final = _Side("Customer", 20, 20, 21)
_PURCHASE: Final = _Side("Supplier", 22, 30, 31, is_purchase=True)


def kinds() -> dict[str, Kind]:
    """The rules by entity."""
    return {
        "salesentry/SalesEntries": Kind(check=lambda write: _check(write, _SALES)),
        "purchaseentry/PurchaseEntries": Kind(check=lambda write: _check(write, _PURCHASE)),
        "salesentry/SalesEntryLines": Kind(check=_line),
        "purchaseentry/PurchaseEntryLines": Kind(check=_line),
    }


def line_amounts(book: Book, line: Row) -> tuple[Decimal, Decimal, Decimal]:
    """Net, VAT, and what is charged, of one line of an entry or invoice."""
    amount = Decimal(line.get("AmountFC") or 0)
    code = book.coded("vat/VATCodes", line.get("VATCode") or "") or _default_code(book, line)
    rate = Decimal((code or {}).get("Percentage") or 0)
    own = line.get("VATAmountFC")
    if (code or {}).get("Type") == "I":
        vat = own if own is not None else _cents(amount - amount / (1 + rate))
        return amount - vat, vat, amount
    vat = own if own is not None else _cents(amount * rate)
    return amount, vat, amount if (code or {}).get("Charged") else amount + vat


def period_problem(write: Write, at: datetime) -> None:
    """Say that the period of a date is closed, or its year unknown; settle both otherwise."""
    row, years = write.row, write.book.years
    year = row.get("ReportingYear") or at.year
    period = row.get("ReportingPeriod") or at.month
    if year not in years:
        write.say("year", year)
    elif not 1 <= period <= 12 or period in years[year]:
        write.say("period", f"{year}-{period}")
    row["ReportingYear"], row["ReportingPeriod"] = year, period


def numbered(write: Write, *, journal: str, year: int, name: str = "EntryNumber") -> None:
    """Give the row a number of its series: the one it asks for, or the next (YYJJ0001)."""
    row, series = write.row, f"{name}/{journal}/{year}"
    taken = {
        other.get(name)
        for other in write.book.rows(write.entity.path).values()
        if other.get("Journal") == journal and other.get("ReportingYear") == year
    }
    wanted = row.get(name)
    if wanted in taken and write.world.switches.entry_number == "refused":
        write.say("exists", f"Entry number: {wanted}, Journal: {journal}")
    if not wanted or wanted in taken:
        first = int(f"{year % 100:02}{int(journal) if journal.isdigit() else 0:02}0000")
        number = max(write.book.numbers[series], first) + 1
        while number in taken:
            number += 1
        write.book.numbers[series] = row[name] = number


def _check(write: Write, side: _Side) -> None:
    row, book = write.row, write.book
    journal = book.coded("financial/Journals", row["Journal"]) or {}
    row["Journal"] = str(journal.get("Code", "")).strip()
    if journal.get("Type") != side.journal_type:
        write.say("invalid", "Journal (Type)")
    party = book.rows("crm/Accounts").get(row[side.party], {})
    suits = party.get("IsSupplier") if side.is_purchase else party.get("Status") == "C"
    if not suits:
        write.say("invalid", f"{side.party} (Type)")
    row[f"{side.party}Name"] = party.get("Name")
    at = row.get("EntryDate") or _day(write.world.clock.now())
    row["EntryDate"] = at
    period_problem(write, at)
    _blocked(write)
    if write.problems:
        return
    _amounts(write, side)
    _due(write, party, side)
    if write.is_new and not write.problems:
        numbered(write, journal=row["Journal"], year=row["ReportingYear"])
        row["InvoiceNumber"] = row.get("InvoiceNumber") or row["EntryNumber"]
        row["Status"] = OPEN


def _blocked(write: Write) -> None:
    for line in write.lines:
        account = write.book.rows("financial/GLAccounts").get(line.get("GLAccount", ""), {})
        if account.get("IsBlocked"):
            write.say("invalid", f"GLAccount {account.get('Code')} (blocked)")
        code = write.book.coded("vat/VATCodes", line.get("VATCode") or "") or {}
        if code.get("IsBlocked"):
            write.say("invalid", f"VATCode {code.get('Code')} (blocked)")
        line["GLAccountCode"], line["GLAccountDescription"] = (
            account.get("Code"),
            account.get("Description"),
        )


def _amounts(write: Write, side: _Side) -> None:
    row, total, taxes = write.row, Decimal(0), Decimal(0)
    for line in write.lines:
        net, vat, charged = line_amounts(write.book, line)
        line["AmountDC"], line["VATAmountFC"], line["VATAmountDC"] = net, vat, vat
        total, taxes = total + charged, taxes + charged - net
    asked = row.get("GAccountAmountFC")
    if asked is not None and asked != total and "GAccountAmountFC" in write.posted:
        difference = f"{asked - total:.2f}".replace(".", ",")
        write.say("balance", f"EUR {difference}")
    rate = row.get("Rate") or Decimal(1)
    row["Currency"] = row.get("Currency") or "EUR"
    row["AmountFC"] = row["GAccountAmountFC"] = total
    row["AmountDC"], row["VATAmountFC"], row["VATAmountDC"] = total * rate, taxes, taxes * rate
    credit = total < 0 and write.world.switches.negative_is_credit
    row["Type"] = side.negative if credit else side.positive
    row["TypeDescription"] = _TYPES[row["Type"]]


def _due(write: Write, party: Row, side: _Side) -> None:
    row = write.row
    own = "PaymentConditionPurchase" if side.is_purchase else "PaymentConditionSales"
    row["PaymentCondition"] = row.get("PaymentCondition") or party.get(own)
    condition = write.book.coded("cashflow/PaymentConditions", row["PaymentCondition"] or "") or {}
    if not row.get("DueDate"):
        row["DueDate"] = row["EntryDate"] + timedelta(days=int(condition.get("PaymentDays") or 0))


def _line(write: Write) -> None:
    """A line that comes by itself has a header, which is worked out again afterwards."""
    path = write.entity.path.replace("Lines", "s").replace("Entrys", "Entries")
    link: Any = write.row.get("EntryID")
    if link not in write.book.rows(path):
        write.say("reference", "EntryID")
    elif write.is_new:
        others = [
            row for row in write.book.rows(write.entity.path).values() if row["EntryID"] == link
        ]
        write.row["LineNumber"] = max((int(row["LineNumber"]) for row in others), default=0) + 1


def _default_code(book: Book, line: Row) -> Row | None:
    account = book.rows("financial/GLAccounts").get(line.get("GLAccount") or "", {})
    return book.coded("vat/VATCodes", account.get("VATCode") or "")


def _cents(value: Decimal) -> Decimal:
    return value.quantize(CENT, rounding=ROUND_HALF_UP)


def _day(at: datetime) -> datetime:
    return at.replace(hour=0, minute=0, second=0, microsecond=0)
