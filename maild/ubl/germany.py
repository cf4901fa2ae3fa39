"""What Peppol BIS Billing 3 asks of bills between two Germans: the DE-R rules, XRechnung's heirs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from maild.errors import Problem
from maild.model.bill import Bill, PaymentMeans
from maild.model.party import Address, Contact
from maild.ubl.payment import written_means

# DE-R-018: a cash discount stands in the payment terms on a line of its own.
_DISCOUNT: Final = re.compile(
    r"#SKONTO#TAGE=[0-9]+#PROZENT=[0-9]+\.[0-9]{2}(#BASISBETRAG=-?[0-9]+\.[0-9]{2})?#", re.ASCII
)

_TRANSFERS: Final = frozenset({"30", "58"})
_CARDS: Final = frozenset({"48", "54", "55"})
_DEBIT: Final = "59"


def german(bill: Bill) -> Iterator[Problem]:
    """Name what the rules of Germany miss in the bill of a German seller."""
    if bill.buyer.address.country != "DE":
        return
    yield from _absent(bill)
    if any(one.tax.percent is None for one in bill.taxes):
        yield Problem("DE-R-014", "BT-119", "say the rate of every VAT category")
    for said in (bill.payment_terms or "").splitlines():
        if said.strip().startswith("#") and not _DISCOUNT.fullmatch(said.strip()):
            wanted = f'"{said.strip()[:60]}" is no discount; write #SKONTO#TAGE=14#PROZENT=2.00#'
            yield Problem("DE-R-018", "BT-20", wanted)
    names = [one.name for one in bill.attachments if one.content is not None and one.name]
    if len(names) > len(set(names)):
        yield Problem("DE-R-022", "BT-125", "two attachments have one name; rename one")
    for means in written_means(bill):
        yield from _means(bill, means)


def _absent(bill: Bill) -> Iterator[Problem]:
    """Name the terms that a bill may leave out elsewhere."""
    seller, buyer = bill.seller, bill.buyer
    contact = seller.contact or Contact()
    asked: list[tuple[str, str, str, object]] = [
        ("DE-R-001", "BG-16", "how to pay", written_means(bill)),
        ("DE-R-003", "BT-37", "the city of the seller", seller.address.city),
        ("DE-R-004", "BT-38", "the postcode of the seller", seller.address.postcode),
        ("DE-R-005", "BT-41", "the contact of the seller", contact.name),
        ("DE-R-006", "BT-42", "the telephone of the seller's contact", contact.phone),
        ("DE-R-007", "BT-43", "the e-mail address of the seller's contact", contact.email),
        ("DE-R-008", "BT-52", "the city of the buyer", buyer.address.city),
        ("DE-R-009", "BT-53", "the postcode of the buyer", buyer.address.postcode),
        ("DE-R-015", "BT-10", "the buyer's reference", bill.buyer_reference),
    ]
    place = bill.delivered.address if bill.delivered else None
    if place and place != Address():
        asked += [
            ("DE-R-010", "BT-77", "the city of the delivery, or no place at all", place.city),
            ("DE-R-011", "BT-78", "the postcode of the delivery", place.postcode),
        ]
    for rule, term, words, there in asked:
        if not there:
            yield Problem(rule, term, f"inside Germany, say {words}")


def _means(bill: Bill, means: PaymentMeans) -> Iterator[Problem]:
    """A means of payment has the group that its code names, and no other."""
    account, card, mandate = means.account, means.card, means.mandate
    if means.code in _TRANSFERS and (card or mandate or not account):
        yield Problem("DE-R-023-2", "BG-17", "a transfer has an account, and no card or mandate")
    if means.code in _CARDS and (account or mandate or not card):
        yield Problem("DE-R-024-1", "BG-18", "payment by card has a card, and no other means")
    if means.code == _DEBIT and (account or card or not mandate):
        yield Problem("DE-R-025-2", "BG-19", "direct debit has a mandate, and no other means")
    if mandate and not bill.creditor_id:
        yield Problem("DE-R-030", "BT-90", "direct debit needs the creditor identifier")
    if mandate and not mandate.debited_account:
        yield Problem("DE-R-031", "BT-91", "direct debit needs the account to debit")
