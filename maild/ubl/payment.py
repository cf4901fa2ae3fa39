"""How to pay: PaymentMeans values to and from cac:PaymentMeans, and the terms.

Source: EN 16931 BG-16 to BG-19, BT-20; Peppol BIS Billing 3.0, cac:PaymentMeans, cac:PaymentTerms.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from maild.model.bill import Account, Bill, BillKind, Card, Mandate, PaymentMeans
from maild.ubl.values import Sheet
from maild.ubl.xml import Element, attribute, child, children, group, prune, put, text

# UNCL4461 "instrument not defined": for a date to pay by, where nothing says how to pay.
_NOT_DEFINED = "1"


def read_payment_means(sheet: Sheet, root: Element) -> tuple[PaymentMeans, ...]:
    """Read every way to pay, in the order of the document."""
    return tuple(_read_one(sheet, one) for one in children(root, "cac:PaymentMeans"))


def write_payment_means(root: Element, bill: Bill) -> None:
    """Write every way to pay; a quotation has room for one."""
    means = written_means(bill)
    for one in means[:1] if bill.kind is BillKind.QUOTE else means:
        _write_one(root, one)


def written_means(bill: Bill) -> tuple[PaymentMeans, ...]:
    """The ways to pay; UBL gives a credit note no due date but the one among its means of payment."""
    means = bill.payment_means
    if bill.kind is not BillKind.CREDIT_NOTE or bill.due_on is None:
        return means
    if any(one.due_on for one in means):
        return means
    first, *others = means or (PaymentMeans(code=_NOT_DEFINED),)
    return (replace(first, due_on=bill.due_on), *others)


def read_due_date(sheet: Sheet, root: Element) -> date | None:
    """When to pay (BT-9): on the invoice itself, or where credit notes and UBL 2.0 keep it."""
    if child(root, "cbc:DueDate") is not None:
        return sheet.date(root, "cbc:DueDate", term="BT-9")
    for place in ("cac:PaymentMeans", "cac:PaymentTerms"):
        for one in children(root, place):
            if child(one, "cbc:PaymentDueDate") is not None:
                return sheet.date(one, "cbc:PaymentDueDate", term="BT-9")
    return None


def read_terms(root: Element) -> str | None:
    """The payment terms (BT-20); several are joined line by line."""
    said = [
        words
        for terms in children(root, "cac:PaymentTerms")
        for note in children(terms, "cbc:Note")
        if (words := text(note))
    ]
    return "\n".join(said) or None


def write_terms(root: Element, terms: str | None) -> None:
    """Write the payment terms."""
    if terms:
        # A German cash discount ends with a line break (DE-R-018); readers take it off again.
        last = terms.rpartition("\n")[2]
        said = f"{terms}\n" if last.startswith("#") else terms
        put(group(root, "cac:PaymentTerms"), "cbc:Note", said)


def _read_one(sheet: Sheet, at: Element) -> PaymentMeans:
    code = child(at, "cbc:PaymentMeansCode")
    return PaymentMeans(
        code=text(code) or "",  # BT-81
        text=attribute(code, "name"),  # BT-82
        remittance=text(at, "cbc:PaymentID"),  # BT-83
        account=_read_account(child(at, "cac:PayeeFinancialAccount")),
        card=_read_card(child(at, "cac:CardAccount")),
        mandate=_read_mandate(child(at, "cac:PaymentMandate")),
        due_on=sheet.date(at, "cbc:PaymentDueDate", term="BT-9"),
    )


def _write_one(parent: Element, means: PaymentMeans) -> None:
    at = group(parent, "cac:PaymentMeans")
    put(at, "cbc:PaymentMeansCode", means.code or _NOT_DEFINED, name=means.text)
    put(at, "cbc:PaymentDueDate", means.due_on)
    put(at, "cbc:PaymentID", means.remittance)
    if means.card:
        card = group(at, "cac:CardAccount")
        put(card, "cbc:PrimaryAccountNumberID", means.card.number)
        put(card, "cbc:NetworkID", means.card.network)
        put(card, "cbc:HolderName", means.card.holder)
    if means.account:
        account = group(at, "cac:PayeeFinancialAccount")
        put(account, "cbc:ID", means.account.id)
        put(account, "cbc:Name", means.account.name)
        if means.account.bic:
            put(group(account, "cac:FinancialInstitutionBranch"), "cbc:ID", means.account.bic)
    if means.mandate:
        mandate = group(at, "cac:PaymentMandate")
        put(mandate, "cbc:ID", means.mandate.id)
        if means.mandate.debited_account:
            put(
                group(mandate, "cac:PayerFinancialAccount"), "cbc:ID", means.mandate.debited_account
            )
        prune(at, mandate)


def _read_account(at: Element | None) -> Account | None:
    number = text(at, "cbc:ID")
    if number is None:
        return None
    branch = child(at, "cac:FinancialInstitutionBranch")
    return Account(
        id=number,  # BT-84
        name=text(at, "cbc:Name"),  # BT-85
        # BT-86; UBL 2.0 and e-fff keep it one level deeper.
        bic=text(branch, "cbc:ID") or text(branch, "cac:FinancialInstitution/cbc:ID"),
    )


def _read_card(at: Element | None) -> Card | None:
    number = text(at, "cbc:PrimaryAccountNumberID")
    if number is None:
        return None
    return Card(
        number=number,  # BT-87
        network=text(at, "cbc:NetworkID"),
        holder=text(at, "cbc:HolderName"),  # BT-88
    )


def _read_mandate(at: Element | None) -> Mandate | None:
    found = Mandate(
        id=text(at, "cbc:ID"),  # BT-89
        debited_account=text(at, "cac:PayerFinancialAccount/cbc:ID"),  # BT-91
    )
    return None if found == Mandate() else found
