"""How a bill is paid: accounts, references with their check digits, and the text behind the QR code.

It claims a structured reference only when its check digits hold, and gives a QR code only when the
bank would get a payment that is right.
"""

from __future__ import annotations

from decimal import Decimal

from stdnum import iban, iso11649
from stdnum.be import ogm_vcs

from maild.model.bill import Bill, BillKind, PaymentMeans
from maild.render.figures import Figures
from maild.render.plain import one_line
from maild.render.words import Words
from maild.ubl.check_digits import is_iban

Row = tuple[str, str]

# UNCL4461: who moves the money.
_DEBIT = frozenset({"49", "59"})
_CARD = frozenset({"48", "54", "55"})
_CASH = frozenset({"10"})
_TRANSFER = frozenset({"1", "30", "31", "42", "57", "58", "ZZZ"})
# EPC069-12 version 2: at most 999,999,999.99 euro, 70 characters of name, 140 of text, 331 bytes.
_MOST_EURO = Decimal("999999999.99")
_MOST_NAME, _MOST_TEXT, _MOST_BYTES = 70, 140, 331


def payment_panel(bill: Bill, *, words: Words, figures: Figures) -> dict[str, object] | None:
    """What the payment panel says: sentences, rows, and the QR payload; None on a quote."""
    if bill.kind is BillKind.QUOTE:
        return None
    rows: list[Row] = []
    payable = bill.totals.payable
    if bill.kind is BillKind.CREDIT_NOTE:
        return {"sentences": [words.sentences["credited"]], "rows": rows, "qr": None}
    if payable is not None and payable.value <= 0:
        key = "settled" if payable.value == 0 else "credited"
        return {"sentences": [words.sentences[key]], "rows": rows, "qr": None}
    sentences = [_how(bill, words=words, figures=figures)]
    for means in bill.payment_means:
        rows += _means_rows(bill, means, words=words)
    # What to write on the transfer comes after where to: the order in which people fill it in.
    rows += _reference_rows(bill, words=words)
    payload = epc_payload(bill)
    if payload:
        sentences.append(words.sentences["pay_scan"])
    sentences = [one for one in sentences if one]
    rows = list(dict.fromkeys(rows))
    return {"sentences": sentences, "rows": rows, "qr": payload} if sentences or rows else None


def reference(text: str) -> tuple[str, str]:
    """A remittance text with the label it may bear: "structured", "creditor_reference", "remittance".

    A Belgian structured communication is shown as +++123/4567/89012+++ (domain.md 3.4), an ISO 11649
    reference in groups of four; anything whose check digits fail stays as it was written.
    """
    shown = one_line(text, limit=_MOST_TEXT)
    if ogm_vcs.is_valid(shown):
        return "structured", f"+++{ogm_vcs.format(ogm_vcs.compact(shown))}+++"
    if iso11649.is_valid(shown):
        return "creditor_reference", iso11649.format(shown)
    return "remittance", shown


def epc_payload(bill: Bill) -> str | None:
    """The text of the EPC QR code (SEPA credit transfer), or None where none may be shown.

    A code needs euro, a positive amount, a transfer and a valid IBAN. Only an ISO 11649 reference
    goes into the structured field, as EPC069-12 has it; a Belgian communication goes into the text,
    since no source says that bank apps take it elsewhere (domain.md 3.4).
    """
    payable = bill.totals.payable
    means = _transfer(bill)
    if means is None or means.account is None or payable is None or payable.currency != "EUR":
        return None
    amount = payable.rounded().value
    if bill.kind is not BillKind.INVOICE or not 0 < amount <= _MOST_EURO:
        return None
    payee = bill.payee or bill.seller
    name = one_line(means.account.name or payee.name or bill.seller.name).replace("\u200b", "")
    kind, text = reference(means.remittance or bill.number)
    structured = iso11649.compact(text) if kind == "creditor_reference" else ""
    unstructured = "" if structured else text.replace("\u200b", "")[:_MOST_TEXT]
    bic = one_line(means.account.bic).replace(" ", "").upper()
    fields = (
        *("BCD", "002", "1", "SCT", bic if len(bic) in (8, 11) else "", name[:_MOST_NAME]),
        *(iban.compact(means.account.id), f"EUR{amount:.2f}", "", structured, unstructured),
    )
    payload = "\n".join(fields).rstrip("\n")
    return payload if name and len(payload.encode()) <= _MOST_BYTES else None


def account_text(account: str) -> str:
    """An account number as people read it: an IBAN in groups of four, anything else as written."""
    label = "IBAN\u00a0" if is_iban(account) else ""
    return label + _grouped(account).replace(" ", "\u00a0")


def _grouped(account: str | None) -> str:
    """An IBAN in groups of four; anything else as written."""
    return iban.format(account) if account and is_iban(account) else one_line(account, limit=40)


def _transfer(bill: Bill) -> PaymentMeans | None:
    """The first means that is a transfer to a valid IBAN, unless someone else moves the money."""
    if any(means.code in _DEBIT | _CARD | _CASH for means in bill.payment_means):
        return None
    for means in bill.payment_means:
        if means.account and means.code in _TRANSFER and is_iban(means.account.id):
            return means
    return None


def _how(bill: Bill, *, words: Words, figures: Figures) -> str:
    """The sentence that asks for the money, or says that nothing needs to be done."""
    codes = {means.code for means in bill.payment_means}
    due = figures.day(bill.due_on) if bill.due_on else ""
    said = words.sentences
    if codes & _DEBIT:
        return said["debit_on"].format(date=due) if due else said["debit"]
    if codes & _CARD:
        return said["card"]
    if codes & _CASH:
        return said["cash"]
    if bill.totals.payable is None:
        return ""
    amount = figures.money(bill.totals.payable)
    if due:
        return said["pay_by"].format(amount=amount, date=due)
    return said["pay"].format(amount=amount)


def _means_rows(bill: Bill, means: PaymentMeans, *, words: Words) -> list[Row]:
    """The rows of one way to pay (BG-16 to BG-19)."""
    found: list[tuple[str, str | None]] = []
    if account := means.account:
        key = "account" if is_iban(account.id) else "other_account"
        found += [(key, _grouped(account.id)), ("bic", account.bic)]
        holder = one_line(account.name)
        found.append(("holder", None if holder == one_line(bill.seller.name) else holder))
    if card := means.card:
        found += [("card", " ".join(part for part in (card.network, card.number) if part))]
    if mandate := means.mandate:
        found += [("mandate", mandate.id), ("debited_account", _grouped(mandate.debited_account))]
        found.append(("creditor", bill.creditor_id))
    return [(words.labels[key], one_line(text)) for key, text in found if text and one_line(text)]


def _reference_rows(bill: Bill, *, words: Words) -> list[Row]:
    """What the payer writes on the transfer (BT-83)."""
    found = (reference(means.remittance) for means in bill.payment_means if means.remittance)
    return [(words.labels[key], text) for key, text in found if text]
