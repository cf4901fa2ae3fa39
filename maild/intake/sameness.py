"""When two documents are one: the key of a number, what a bookkeeper would book, and near matches.

Pure: what is known already is looked up elsewhere, and what follows is decided in
`maild.intake.filing`. Source of the keys: purchase_reading.md A3.8.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import timedelta
from decimal import Decimal
from typing import Final

from maild.model.bill import Bill
from maild.model.document import Direction, Document
from maild.model.money import Amount
from maild.model.party import company_key
from maild.model.team import Team

# Two invoices of one supplier over one amount in so many days are looked at twice, and not taken
# for one: a subscription costs the same each week.
NEAR: Final = timedelta(days=3)

# Among facts: they were read from a page.
PAGE: Final = "page"

# What is booked of a bill, each as a sorted list of words; a bill that says nothing has no entry.
Facts = dict[str, list[str]]


def same_number_key(document: Document, *, team: Team) -> str | None:
    """What two documents share when one may replace the other; None when that cannot be known.

    Kind, who issued it, its number, and the year: two suppliers may both have a 2026-001, and one
    may start again each year.
    """
    if not document.number:
        return None
    issuer = _issuer(document, team)
    number = plain_number(document.number)
    if not issuer or not number:
        return None
    year = document.issued_on.year if document.issued_on else ""
    return f"{document.kind}|{issuer}|{number}|{year}"


def plain_number(number: str) -> str:
    """A number as it is compared: without case, blanks, signs, and zeros before a row of digits."""
    parts = re.findall(r"\d+|[^\W\d_]+", unicodedata.normalize("NFKC", number))
    return "".join(part.lstrip("0") if part.isdigit() else part for part in parts).casefold()


def near_key(document: Document, *, team: Team) -> str | None:
    """What two purchases share that look like one: kind, supplier and amount; None when unknown.

    Sales have none: a team bills many customers the same amount on the same day.
    """
    if document.direction is not Direction.PURCHASE or document.total is None:
        return None
    issuer = _issuer(document, team)
    if not issuer or document.issued_on is None:
        return None
    return f"{document.kind}|{issuer}|{_amount(document.total)}"


def facts_of(document: Document) -> Facts:
    """What a bookkeeper would book of a document: days, amounts, VAT, accounts, the buyer."""
    found = {
        "gross": [_amount(document.total)] if document.total else [],
        "issued_on": [document.issued_on.isoformat()] if document.issued_on else [],
    }
    if document.bill is not None:
        found |= _of_bill(document.bill, sold=document.direction is Direction.SALES)
    return {name: words for name, words in found.items() if words}


def facts_of_page(document: Document, *, sure: bool) -> Facts:
    """What is booked of a document whose figures were read from its page.

    Where they are not `sure`, only what says whether it is another document: days and rows are
    misread most easily.
    """
    found = facts_of(document) | {PAGE: ["read"]}
    if document.bill and not any(one.amount.value for one in document.bill.taxes):
        found.pop("taxes", None)  # by which category there is no VAT, each may say otherwise
    kept = found.keys() if sure else {"gross", "issued_on", "net", "tax", "accounts", PAGE}
    return {name: words for name, words in found.items() if name in kept}


def are_one(known: Facts, new: Facts) -> bool:
    """Whether two documents with the same number key are one: same amount, and nothing against it.

    The same invoice as UBL, as XML in a PDF and as JSON says the same in other bytes. One whose
    VAT, due day, customer or bank account is another is no copy of the first.
    """
    if not known.get("gross") or known["gross"] != new.get("gross"):
        return False
    of_page = PAGE in known or PAGE in new
    both = known.keys() & new.keys() - {"buyer", PAGE}
    if of_page and "accounts" in both:
        # A page prints all accounts of its supplier, a bill the one to pay to.
        if set(known["accounts"]).isdisjoint(new["accounts"]):
            return False
        both -= {"accounts"}
    if any(known[name] != new[name] for name in both):
        return False
    buyers = set(known.get("buyer", ())), set(new.get("buyer", ()))
    return not all(buyers) or not buyers[0].isdisjoint(buyers[1])


def _of_bill(bill: Bill, *, sold: bool) -> Facts:
    totals = bill.totals
    amounts = {"net": totals.net, "tax": totals.tax, "payable": totals.payable}
    taxes = [
        f"{one.tax.category} {_decimal(one.tax.percent or Decimal())} {_amount(one.amount)}"
        for one in bill.taxes
    ]
    accounts = [
        re.sub(r"\W", "", one.account.id).upper()
        for one in bill.payment_means
        if one.account is not None
    ]
    return {
        **{name: [_amount(value)] for name, value in amounts.items() if value is not None},
        "due_on": [bill.due_on.isoformat()] if bill.due_on else [],
        "taxes": sorted(taxes),
        "accounts": sorted(set(accounts)),
        "preceding": sorted({plain_number(one.id) for one in bill.preceding}),
        # Of a purchase the buyer is the team itself, by whichever of its numbers.
        "buyer": sorted(bill.buyer.keys() or _folded(bill.buyer.name)) if sold else [],
    }


def _issuer(document: Document, team: Team) -> str:
    if document.bill is None:
        if document.direction is Direction.SALES:
            return company_key(team.vat[0]) if team.vat else team.slug
        return (document.counterparty.name or "").casefold()
    seller = document.bill.seller
    keys = seller.keys()
    # The team itself may stand in its documents with any of its numbers.
    own = sorted(company_key(one) for one in team.vat)
    if keys & set(own):
        return own[0]
    return company_key(seller.vat) or min(keys, default="") or (seller.name or "").casefold()


def _folded(name: str | None) -> set[str]:
    words = re.sub(r"\W", "", name or "").casefold()
    return {words} if words else set()


def _amount(amount: Amount) -> str:
    return f"{_decimal(amount.value)} {amount.currency}"


def _decimal(value: Decimal) -> str:
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
