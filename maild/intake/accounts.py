"""An account on a bill that its known supplier never had: how invoices are forged, whatever their form.

Functions of a transaction. What is known of a supplier comes from pages that people confirmed, and from
bills of his that they let through.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime

from maild.intake.hold import Hold
from maild.model.delivery import HoldCode
from maild.model.document import Direction, Document
from maild.model.party import company_key
from maild.model.said import Said
from maild.model.supplier import Supplier
from maild.store import suppliers, twins
from maild.store.database import Tx


def doubt(tx: Tx, document: Document) -> Hold | None:
    """Why a bought document that is no mere page must be looked at for its account."""
    if document.direction is not Direction.PURCHASE or document.bill is None:
        return None
    supplier = _supplier(tx, document)
    if supplier is None:
        return None
    named = (one.account.id for one in document.bill.payment_means if one.account is not None)
    plain = (re.sub(r"\W", "", one).upper() for one in named)
    strange = [one for one in dict.fromkeys(plain) if one and one not in supplier.accounts]
    return Hold(HoldCode.NEW_ACCOUNT, warning(strange, supplier)) if strange else None


def learn(tx: Tx, document: Document, *, now: datetime, by: str) -> None:
    """A person let a bill through: the accounts on it are its supplier's."""
    supplier = _supplier(tx, document)
    accounts = frozenset(twins.facts(tx, document.id).get("accounts", ()))
    if supplier is None or not accounts:
        return
    fresh = Supplier(
        key=supplier.key,
        name=None,
        currency=None,
        accounts=accounts,
        signs=(),
        team=document.team,
        confirmed_at=now,
        confirmed_by=by,
        document=document.id,
    )
    suppliers.learn(tx, fresh)


def warning(strange: Iterable[str], supplier: Supplier) -> str:
    """What is said of accounts that a supplier never had."""
    who = supplier.name or supplier.key
    shown = ", ".join(map(_grouped, strange))
    used = ", ".join(map(_grouped, sorted(supplier.accounts)[:3]))
    english = (
        f"the account {shown} was never one of {who} here (known: {used or 'none'}); ask the supplier by a "
        "number that you know already before you pay; look at it under maild review"
    )
    if not used:
        return Said("strange_account", english, account=shown, name=who)
    return Said("other_account", english, account=shown, name=who, used=used)


def _supplier(tx: Tx, document: Document) -> Supplier | None:
    key = company_key(document.counterparty.vat)
    return suppliers.find(tx, document.team, key) if key else None


def _grouped(iban: str) -> str:
    return re.sub(r"(.{4})(?=.)", r"\1 ", iban)
