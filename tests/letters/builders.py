"""Documents, teams and deliveries to write letters about: sensible defaults, keywords over them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from maild.model.bill import Bill, BillKind, Item, Line, Price, Reference, Tax, TaxSubtotal, Totals
from maild.model.delivery import Delivery, Letter, Purpose, State
from maild.model.document import Counterparty, Direction, Document, File, Kind, Role
from maild.model.money import Amount
from maild.model.party import Address, Party
from maild.model.team import Attach, Recipient, Team
from maild.rules.profiles import PROFILES

NOW = datetime(2026, 11, 24, 8, 12, 30, tzinfo=UTC)
UBL = File(Role.UBL, "in.xml", "text/xml", 900, "1" * 64)
PDF = File(Role.PDF, "Scan 12.pdf", "application/pdf", 900, "2" * 64)
TIMESHEET = File(Role.ATTACHMENT, "Uren «märz».csv", "text/csv", 90, "3" * 64)

_BILL_KINDS = {
    Kind.INVOICE: BillKind.INVOICE,
    Kind.PURCHASE_INVOICE: BillKind.INVOICE,
    Kind.CREDIT_NOTE: BillKind.CREDIT_NOTE,
    Kind.PURCHASE_CREDIT_NOTE: BillKind.CREDIT_NOTE,
    Kind.QUOTE: BillKind.QUOTE,
}


def eur(value: str) -> Amount:
    return Amount(Decimal(value), "EUR")


def a_team(**changes: Any) -> Team:
    team = Team(
        slug="acme",
        name="Acme BV",
        vat=("BE0123456749",),
        language="nl",
        addresses=("acme@post.example",),
        sender="Acme BV <facturen@acme.example>",
        recipients=(
            a_recipient(),
            a_recipient(name="books", address="Acme.Verkoop@Inbox.Example", profile="yuki"),
        ),
    )
    return replace(team, **changes)


def a_recipient(*, profile: str = "mailbox", **changes: Any) -> Recipient:
    recipient = Recipient(
        name="accountant", via="relay", address="an@kantoor.example", profile=PROFILES[profile]
    )
    return replace(recipient, **changes)


def a_bill(kind: Kind = Kind.INVOICE, **changes: Any) -> Bill:
    sold = kind.direction is Direction.SALES
    us, them = Party(name="Acme BV", vat="BE0123456749"), Party(name="Bakkerij Peeters & Zonen")
    home = Address(country="BE")
    vat = Tax("S", Decimal(21))
    bill = Bill(
        kind=_BILL_KINDS[kind],
        number="2026-0412",
        issued_on=date(2026, 3, 1),
        currency="EUR",
        seller=replace(us if sold else them, address=home),
        buyer=replace(them if sold else us, address=home),
        totals=Totals(
            lines=eur("1020.25"),
            net=eur("1020.25"),
            tax=eur("214.25"),
            gross=eur("1234.50"),
            payable=eur("1234.50"),
        ),
        lines=(
            Line("1", Decimal(1), "C62", eur("1020.25"), Item("Werk"), Price(eur("1020.25")), vat),
        ),
        taxes=(TaxSubtotal(vat, eur("1020.25"), eur("214.25")),),
        due_on=date(2026, 3, 31),
        buyer_reference="PO 7",
        valid_until=date(2026, 4, 30) if kind is Kind.QUOTE else None,
        preceding=(Reference("2026-0399"),) if _BILL_KINDS[kind] is BillKind.CREDIT_NOTE else (),
    )
    return replace(bill, **changes)


def a_document(kind: Kind = Kind.INVOICE, **changes: Any) -> Document:
    document = Document(
        id="d-01jdq8z6k3v2m4x7h9ab",
        team="acme",
        kind=kind,
        number="2026-0412",
        issued_on=date(2026, 3, 1),
        counterparty=Counterparty("Bakkerij Peeters & Zonen"),
        total=eur("1234.50"),
        files=(UBL, PDF),
        arrival="a-01jdq8z6k3v2m4x7h9ab",
        accepted_at=NOW,
        content_sha256="0" * 64,
        direction=kind.direction,
        bill=a_bill(kind) if kind in _BILL_KINDS else None,
    )
    if kind not in _BILL_KINDS:
        document = replace(document, total=None, issued_on=None, files=(PDF,))
    return replace(document, **changes)


def a_delivery(**changes: Any) -> Delivery:
    delivery = Delivery(
        id="v-01jdq8z6k3v2m4x7h9ab",
        team="acme",
        purpose=Purpose.DOCUMENT,
        document="d-01jdq8z6k3v2m4x7h9ab",
        recipient="accountant",
        address="an@kantoor.example",
        via="relay",
        profile="mailbox",
        attach=(Attach.PDF, Attach.UBL, Attach.ATTACHMENTS),
        state=State.SENDING,
        not_before=NOW,
        created_at=NOW,
        message_id="<v-01jdq8z6k3v2m4x7h9ab@acme.example>",
    )
    return replace(delivery, **changes)


def a_notice(**changes: Any) -> Delivery:
    notice = a_delivery(
        purpose=Purpose.NOTICE,
        document=None,
        recipient=None,
        address="baas@acme.example",
        attach=(),
        letter=Letter("Niet afgeleverd", "Kijk het adres na.\n"),
    )
    return replace(notice, **changes)


def to_books(**changes: Any) -> Delivery:
    machine = a_delivery(
        recipient="books",
        address="Acme.Verkoop@Inbox.Example",
        profile="yuki",
        attach=(Attach.PDF, Attach.UBL),
    )
    return replace(machine, **changes)
