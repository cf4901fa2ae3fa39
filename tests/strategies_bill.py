"""Strategies for bills of every sort that EN 16931 and Peppol BIS Billing 3 allow, and for quotes.

What the rules tie together is drawn together: a category with its rate and exemption reason, a
code with the account it needs, a period of a line inside that of its document.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, TypeVar

from hypothesis import strategies as st

from maild.model.bill import (
    Account,
    AllowanceCharge,
    Attachment,
    Bill,
    BillKind,
    Card,
    Delivered,
    Item,
    Line,
    Mandate,
    Note,
    PaymentMeans,
    Period,
    Price,
    Reference,
    Tax,
    TaxSubtotal,
    Totals,
)
from maild.model.money import Amount, round_half_up
from maild.model.party import Address, Contact, Identifier, Party
from maild.ubl import sums
from maild.ubl.dialects import PEPPOL_BIS_3, PEPPOL_PROCESS
from maild.ubl.references import sniff
from tests.builders_bill import A_PDF, belgian_iban, enterprise_number, ogm, settled

Draw = Callable[[st.SearchStrategy[Any]], Any]
T = TypeVar("T")

EN_16931 = "urn:cen.eu:en16931:2017"

# A category with its rate, and what the breakdown says about it. The codes are tied to the
# categories by PEPPOL-EN16931-P0104 to P0111.
_TAXES = (
    Tax("S", Decimal(21)),
    Tax("S", Decimal(12)),
    Tax("S", Decimal(6)),
    Tax("S", Decimal("5.5")),
    Tax("Z", Decimal(0)),
    Tax("E", Decimal(0), exemption_reason="Vrijgesteld, artikel 44 WBTW"),
    Tax("AE", Decimal(0), exemption_reason="Btw verlegd", exemption_code="VATEX-EU-AE"),
    Tax("K", Decimal(0), exemption_code="VATEX-EU-IC"),
    Tax("G", Decimal(0), exemption_reason="Export outside the EU"),
)
_OUTSIDE = Tax("O", exemption_code="VATEX-EU-O")

# Sellers of these countries have no national rules at Peppol.
_SELLER_COUNTRIES = ("BE", "BE", "BE", "FR", "LU", "US")
_BUYER_COUNTRIES = ("BE", "NL", "DE", "FR", "SE", "GB")

# UNCL1001 as Peppol allows it (PEPPOL-EN16931-P0100, P0101).
_TYPE_CODES = {
    BillKind.INVOICE: ("380", "380", "393", "82", "386", "388"),
    BillKind.CREDIT_NOTE: ("381", "381", "396", "83"),
    BillKind.QUOTE: (None,),
}

words = (
    st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=12)
    .map(str.strip)
    .filter(lambda said: said and not said.startswith("#"))
)
sentences = st.lists(words, min_size=1, max_size=3).map(" ".join)
numbers = st.from_regex(r"[A-Z]{1,3}-?[0-9]{1,6}", fullmatch=True)
dates = st.dates(date(2024, 1, 1), date(2027, 12, 31))


def maybe(strategy: st.SearchStrategy[T]) -> st.SearchStrategy[T | None]:
    """Nothing as often as something."""
    return st.one_of(st.none(), strategy)


def decimals(low: int, high: int, *, places: int) -> st.SearchStrategy[Decimal]:
    """Decimals between two whole numbers with up to so many places, written in every length."""
    return st.integers(0, places).flatmap(
        lambda digits: st.integers(low * 10**digits, high * 10**digits).map(
            lambda n: Decimal(n).scaleb(-digits)
        )
    )


@dataclass(frozen=True, slots=True)
class _Frame:
    """What the parts of one bill have in common."""

    kind: BillKind
    currency: str
    taxes: Sequence[Tax]
    issued_on: date
    period: Period | None

    def amount(self, value: Decimal) -> Amount:
        return Amount(value, self.currency)

    @property
    def outside_vat(self) -> bool:
        return _OUTSIDE in self.taxes


@st.composite
def bills(draw: Draw, kinds: Sequence[BillKind] = tuple(BillKind)) -> Bill:
    """Bills of any kind, each valid under the rules of its own profile."""
    frame = _frame(draw, kinds)
    bill = Bill(
        kind=frame.kind,
        number=draw(numbers),
        issued_on=frame.issued_on,
        currency=frame.currency,
        seller=_party(draw, countries=_SELLER_COUNTRIES, vat=not frame.outside_vat),
        buyer=_party(draw, countries=_BUYER_COUNTRIES, vat=not frame.outside_vat),
        totals=Totals(),
        lines=tuple(_line(draw, frame, n) for n in range(1, draw(st.integers(1, 4)) + 1)),
        taxes=tuple(TaxSubtotal(tax, None, frame.amount(Decimal(0))) for tax in frame.taxes),
        period=frame.period,
        notes=tuple(Note(draw(sentences)) for _ in range(draw(st.integers(0, 1)))),
        attachments=tuple(_attachment(draw, n) for n in range(draw(st.integers(0, 2)))),
        allowances_charges=tuple(
            _charge(draw, frame, line=False) for _ in range(draw(st.integers(0, 3)))
        ),
        delivered=_delivered(draw, frame),
        contract_reference=draw(maybe(numbers)),
        object_id=draw(maybe(st.builds(Identifier, numbers, st.sampled_from((None, "ABT"))))),
    )
    if frame.kind is BillKind.QUOTE:
        bill = replace(
            bill,
            period=None,
            valid_until=draw(maybe(dates)),
            buyer_reference=draw(maybe(numbers)),
            payment_terms=draw(maybe(sentences)),
        )
    else:
        bill = _as_invoice(draw, frame, bill)
    return _with_payment(draw, frame, settled(bill))


def _frame(draw: Draw, kinds: Sequence[BillKind]) -> _Frame:
    outside = draw(st.integers(0, 9)) == 0
    # One group of the breakdown for each category and rate: BR-S-08 and its sisters.
    taxes = draw(st.lists(st.sampled_from(_TAXES), min_size=1, max_size=3, unique=True))
    start = draw(dates)
    period = Period(start, start + timedelta(days=draw(st.integers(0, 90))))
    return _Frame(
        kind=draw(st.sampled_from(list(kinds))),
        currency=draw(st.sampled_from(("EUR", "EUR", "EUR", "USD", "GBP", "JPY"))),
        taxes=[_OUTSIDE] if outside else taxes,
        issued_on=draw(dates),
        period=draw(st.sampled_from((None, period, Period(code="3")))),
    )


def _as_invoice(draw: Draw, frame: _Frame, bill: Bill) -> Bill:
    """Add what an invoice or credit note has and a quote does not."""
    peppol = draw(st.integers(0, 4)) > 0
    tax_currency = draw(st.sampled_from((None, "EUR"))) if frame.currency != "EUR" else None
    # PEPPOL-EN16931-R003 wants a buyer reference or an order.
    reference, order = draw(st.sampled_from(((True, False), (False, True), (True, True))))
    tax_point = draw(maybe(dates)) if frame.period is None or frame.period.code is None else None
    notes = bill.notes
    if not peppol:
        notes += (Note(draw(sentences), draw(st.sampled_from((None, "AAI", "ABL")))),)
    return replace(
        bill,
        type_code=draw(st.sampled_from(_TYPE_CODES[bill.kind])),
        customization=PEPPOL_BIS_3 if peppol else EN_16931,
        process=PEPPOL_PROCESS,
        tax_currency=tax_currency,
        tax_point_on=tax_point,
        notes=notes,
        buyer_reference=draw(sentences) if reference else None,
        order_reference=draw(numbers) if order else None,
        sales_order_reference=draw(maybe(numbers)),
        project_reference=draw(maybe(numbers)),
        receipt_reference=draw(maybe(numbers)),
        despatch_reference=draw(maybe(numbers)),
        tender_reference=draw(maybe(numbers)),
        accounting_cost=draw(maybe(words)),
        payment_terms=draw(sentences),  # BR-CO-25
        preceding=tuple(
            Reference(draw(numbers), draw(maybe(dates))) for _ in range(draw(st.integers(0, 2)))
        ),
        payee=_payee(draw) if draw(st.integers(0, 3)) == 0 else None,
        tax_representative=_representative(draw, frame),
    )


def _with_payment(draw: Draw, frame: _Frame, bill: Bill) -> Bill:
    """Add prepayment, rounding, accounting currency and the means of payment."""
    assert bill.totals.gross is not None
    gross = bill.totals.gross.value
    prepaid = draw(st.sampled_from((None, Decimal("10.00"), gross)))
    rounding = draw(st.sampled_from((None, round_half_up(gross, step=Decimal(1)) - gross)))
    known = Totals(
        prepaid=None if prepaid is None else frame.amount(prepaid),
        rounding=None if rounding is None else frame.amount(rounding),
        tax_accounting=_converted(draw, bill),
    )
    bill = settled(replace(bill, totals=known))
    means = tuple(_means(draw) for _ in range(draw(st.integers(0, 1))))
    due = draw(maybe(dates))
    if bill.kind is BillKind.QUOTE:
        return replace(bill, payment_means=means)
    if bill.kind is BillKind.CREDIT_NOTE and means:
        means = (replace(means[0], due_on=due),)
    creditor = draw(words) if any(one.mandate for one in means) else None
    keeps_due = bill.kind is BillKind.INVOICE or means
    return replace(
        bill, payment_means=means, creditor_id=creditor, due_on=due if keeps_due else None
    )


def _converted(draw: Draw, bill: Bill) -> Amount | None:
    """The VAT in the accounting currency at some rate; it keeps its sign (PEPPOL-EN16931-R055)."""
    if bill.tax_currency is None or bill.totals.tax is None:
        return None
    rate = draw(decimals(1, 20, places=2))
    return Amount(bill.totals.tax.value * rate, bill.tax_currency).rounded()


def _party(draw: Draw, *, countries: Sequence[str], vat: bool) -> Party:
    number = enterprise_number(draw(st.integers(1_000_000, 19_999_999)))
    country = draw(st.sampled_from(countries))
    is_seller = countries is _SELLER_COUNTRIES
    return Party(
        name=draw(sentences),
        trading_name=draw(maybe(sentences)),
        # UBL-SR-16: a buyer has one identifier at most.
        identifiers=tuple(draw(st.lists(_gln, max_size=2 if is_seller else 1))),
        legal_id=Identifier(number, draw(st.sampled_from(("0208", "0208", None)))),
        vat=f"BE{number}" if vat else None,
        legal_form=draw(maybe(sentences)) if is_seller else None,  # BT-33
        endpoint=draw(st.one_of(st.just(Identifier(number, "0208")), _gln)),
        address=replace(draw(addresses), country=country),
        contact=draw(maybe(_contacts)),
    )


def _gln_of(first: int) -> Identifier:
    digits = f"{first:012d}"
    total = sum(int(digit) * (3 if n % 2 else 1) for n, digit in enumerate(digits))
    return Identifier(f"{digits}{-total % 10}", "0088")


_gln = st.integers(100_000_000_000, 989_999_999_999).map(_gln_of)
_contacts = st.builds(Contact, words, maybe(words), maybe(st.just("an@acme.example")))
addresses = st.builds(
    Address,
    street=maybe(sentences),
    additional_street=maybe(sentences),
    third_line=maybe(sentences),
    city=maybe(sentences),
    postcode=maybe(words),
    subdivision=maybe(words),
    country=st.sampled_from(_BUYER_COUNTRIES),
)


def _payee(draw: Draw) -> Party:
    # BR-17: the payee is someone else than the seller.
    return Party(
        name=f"Payee {draw(words)}",
        identifiers=tuple(draw(st.lists(st.just(_gln_of(990_000_000_001)), max_size=1))),
        legal_id=draw(maybe(st.just(Identifier("0123456749", "0208")))),
    )


def _representative(draw: Draw, frame: _Frame) -> Party | None:
    if frame.outside_vat or draw(st.integers(0, 3)):
        return None
    return Party(name=draw(sentences), vat="BE0123456749", address=draw(addresses))


def _tax(draw: Draw, frame: _Frame) -> Tax:
    """A category as lines and charges have it: the reason stands in the breakdown only."""
    tax: Tax = draw(st.sampled_from(frame.taxes))
    return Tax(tax.category, tax.percent)


def _charge(draw: Draw, frame: _Frame, *, line: bool) -> AllowanceCharge:
    is_charge = draw(st.booleans())
    codes = ("FC", "ABL") if is_charge else ("95", "60")
    base = percent = None
    amount = draw(decimals(0, 50, places=2))
    if draw(st.booleans()):  # PEPPOL-EN16931-R040 to R042: base and percentage come together
        base, percent = draw(decimals(0, 500, places=2)), draw(decimals(0, 30, places=1))
        amount = round_half_up(base * percent / 100)
    reason, code = draw(st.sampled_from(((True, False), (False, True), (True, True))))
    return AllowanceCharge(
        is_charge=is_charge,
        amount=frame.amount(amount),
        base=None if base is None else frame.amount(base),
        percent=percent,
        reason=draw(sentences) if reason else None,
        reason_code=draw(st.sampled_from(codes)) if code else None,
        tax=None if line else _tax(draw, frame),
    )


def _line(draw: Draw, frame: _Frame, n: int) -> Line:
    unit = draw(st.sampled_from(("C62", "HUR", "KGM", "MTR")))
    quantity = draw(decimals(-20, 500, places=3))
    price = _price(draw, frame, unit=unit)
    charges = tuple(_charge(draw, frame, line=True) for _ in range(draw(st.integers(0, 2))))
    invoice = frame.kind is not BillKind.QUOTE
    return Line(
        id=str(n),
        quantity=quantity,
        unit=unit,
        net=sums.line_net(quantity, price, charges=charges),
        item=_item(draw),
        price=price,
        tax=_tax(draw, frame),
        note=draw(maybe(sentences)),
        object_id=draw(maybe(st.builds(Identifier, numbers, st.just("ABT")))) if invoice else None,
        order_line=draw(maybe(numbers)) if invoice else None,
        accounting_cost=draw(maybe(words)),
        period=_line_period(draw, frame) if invoice else None,
        allowances_charges=charges,
    )


def _line_period(draw: Draw, frame: _Frame) -> Period | None:
    # PEPPOL-EN16931-R110, R111: inside the period of the document.
    whole = frame.period
    choices = [None, Period(start=frame.issued_on)]
    if whole is not None and whole.start is not None:
        choices = [None, Period(whole.start, whole.end), Period(end=whole.end)]
    chosen: Period | None = draw(st.sampled_from(choices))
    return chosen


def _price(draw: Draw, frame: _Frame, *, unit: str) -> Price:
    net = draw(decimals(0, 2000, places=4))
    base = draw(st.sampled_from((None, None, Decimal(1), Decimal(12), Decimal(100))))
    discount = draw(maybe(decimals(0, 20, places=2)))
    return Price(
        net=frame.amount(net),
        base_quantity=base,
        base_unit=None if base is None else draw(st.sampled_from((None, unit))),
        discount=None if discount is None else frame.amount(discount),
        gross=None if discount is None else frame.amount(net + discount),
    )


def _item(draw: Draw) -> Item:
    return Item(
        name=draw(sentences),
        description=draw(maybe(sentences)),
        seller_id=draw(maybe(words)),
        buyer_id=draw(maybe(words)),
        standard_id=draw(maybe(_gln.map(lambda one: Identifier(one.value, "0160")))),
        classifications=tuple(
            draw(st.lists(st.builds(Identifier, numbers, st.just("STI")), max_size=2))
        ),
        origin_country=draw(maybe(st.sampled_from(("BE", "CN")))),
        attributes=tuple(draw(st.lists(st.tuples(words, words), max_size=2))),
    )


def _delivered(draw: Draw, frame: _Frame) -> Delivered | None:
    # BR-IC-11, BR-IC-12: a supply inside the EU says when and in which country.
    intra = any(tax.category == "K" for tax in frame.taxes)
    if not intra and draw(st.booleans()):
        return None
    found = Delivered(
        name=draw(maybe(sentences)),
        location_id=draw(maybe(_gln)),
        on=draw(dates) if intra else draw(maybe(dates)),
        address=draw(addresses) if intra else draw(maybe(addresses)),
    )
    return None if found == Delivered() else found


def _means(draw: Draw) -> PaymentMeans:
    remittance = draw(st.one_of(st.none(), words, st.integers(1, 9_999_999_999).map(ogm)))
    account = Account(
        belgian_iban(draw(st.integers(0, 999_999))),
        draw(maybe(sentences)),
        draw(maybe(st.just("KREDBEBB"))),
    )
    code = draw(st.sampled_from(("30", "58", "48", "59", "49", "1", "97")))
    means = PaymentMeans(code=code, text=draw(maybe(words)), remittance=remittance)
    if code in {"30", "58"}:
        return replace(means, account=account)
    if code in {"59", "49"}:  # PEPPOL-EN16931-R061
        mandate = Mandate(draw(numbers), draw(maybe(st.just(account.id))))
        return replace(means, mandate=mandate)
    if code == "48":
        return replace(means, card=Card("1234", "VISA", draw(maybe(sentences))))
    return means


def _attachment(draw: Draw, n: int) -> Attachment:
    what = draw(st.sampled_from(("pdf", "csv", "link", "bare")))
    one = Attachment(id=f"{draw(words)}{n}", description=draw(maybe(sentences)))
    if what == "pdf":
        return replace(one, content=A_PDF, name="a.pdf", media_type="application/pdf")
    if what == "csv":
        # Bytes that prove to be a PDF or an image would be read back as that.
        content = (
            draw(st.binary(max_size=60).filter(lambda data: sniff(data + b";") is None)) + b";"
        )
        return replace(one, content=content, name=f"{draw(words)}.csv", media_type="text/csv")
    return replace(one, uri="https://files.example/1") if what == "link" else one
