"""What Peppol BIS Billing 3 asks of Danish sellers: the DK-R rules."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain
from typing import Final

from maild.errors import Problem
from maild.model.bill import AllowanceCharge, Bill, BillKind, PaymentMeans
from maild.ubl.payment import written_means

_REGISTER: Final = "0184"  # CVR
_MEANS: Final = frozenset({"1", "10", "31", "42", "48", "49", "50", "58", "59", "93", "97"})

# DK-R-008 to DK-R-011: the text of a giro or FIK form begins with the kind of its card.
_GIRO: Final = re.compile(r"01#.*|(04|15)#.{16}", re.DOTALL)
_FIK: Final = re.compile(r"73#.*|(71|75)#.{15,16}", re.DOTALL)

# UNSPSC, whose version UBL would say and a Bill does not keep (DK-R-003).
_UNSPSC: Final = "TST"


def danish(bill: Bill) -> Iterator[Problem]:
    """Name what the rules of Denmark miss in the bill of a Danish seller."""
    legal = bill.seller.legal_id
    if not legal or legal.scheme != _REGISTER:
        said = "say the CVR number of the seller (legal_id, with legal_id_scheme 0184)"
        yield Problem("DK-R-014" if legal else "DK-R-002", "BT-30", said)
    if bill.buyer.address.country == "DK":
        yield from _domestic(bill)


def _domestic(bill: Bill) -> Iterator[Problem]:
    payable, legal = bill.totals.payable, bill.buyer.legal_id
    if bill.kind is BillKind.CREDIT_NOTE and payable and payable.value < 0:
        yield Problem("DK-R-016", "BT-115", "a Danish credit note is not below nought")
    if legal and legal.scheme != _REGISTER:
        said = f'"{legal.value}" should be a CVR number (legal_id_scheme 0184)'
        yield Problem("DK-R-017", "BT-47", said)
    for term, party in (("BT-29", bill.seller), ("BT-46", bill.buyer)):
        if any(not one.scheme for one in party.identifiers):
            yield Problem("DK-R-013", term, "say the scheme of every identifier")
    if any(one.scheme == _UNSPSC for line in bill.lines for one in line.item.classifications):
        yield Problem("DK-R-003", "BT-158", "UNSPSC codes need their version, which is not kept")
    for one in chain(bill.allowances_charges, *(line.allowances_charges for line in bill.lines)):
        yield from _duty(one)
    if bill.kind is BillKind.INVOICE:
        for means in written_means(bill):
            yield from _means(means)


def _duty(one: AllowanceCharge) -> Iterator[Problem]:
    """DK-R-004: the code of duties other than VAT comes with which one."""
    reason = one.reason or ""
    inside = "#" in reason and not reason.startswith("#") and not reason.endswith("#")
    if one.reason_code == "ZZZ" and not (re.fullmatch(r"\d{4}", reason, re.ASCII) or inside):
        said = "reason code ZZZ is a duty in Denmark; its reason has four digits or a # inside"
        yield Problem("DK-R-004", "BT-104", said)


def _means(means: PaymentMeans) -> Iterator[Problem]:
    account, said = means.account, means.remittance or ""
    number = account.id if account else ""
    if means.code not in _MEANS:
        yield Problem("DK-R-005", "BT-81", f'"{means.code}" is no means of payment in Denmark')
    if means.code in {"31", "42"} and not (account and account.bic):
        yield Problem("DK-R-006", "BT-86", f"means {means.code} needs account and registration")
    if means.code == "49" and not (means.mandate and means.mandate.debited_account):
        yield Problem("DK-R-007", "BT-91", "direct debit needs the account to debit")
    if means.code == "50" and not (
        _GIRO.fullmatch(said) and re.fullmatch(r"[0-9]{7,8}", number, re.ASCII)
    ):
        wanted = "giro needs a reference such as 01# and an account of seven or eight digits"
        yield Problem("DK-R-008", "BT-83", wanted)
    if means.code == "93" and not (_FIK.fullmatch(said) and len(number) == 8):
        wanted = "FIK needs a reference such as 71# and an account of eight digits"
        yield Problem("DK-R-010", "BT-83", wanted)
