"""What Peppol asks beyond EN 16931, in every country: ours and the judge of its rules say the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from maild.model.bill import (
    Account,
    AllowanceCharge,
    Bill,
    BillKind,
    Card,
    Delivered,
    Mandate,
    PaymentMeans,
    Period,
    Price,
    Reference,
    Tax,
    TaxSubtotal,
    Totals,
)
from maild.model.money import Amount
from maild.model.party import Address, Contact, Identifier, Party
from maild.ubl import codes
from maild.ubl.document import read, write
from maild.ubl.needs import needs
from maild.ubl.numbers import FORMS
from maild.ubl.peppol import can_be_peppol
from tests.builders_bill import (
    a_bill,
    a_credit_note,
    a_line,
    a_party,
    a_pdf_attachment,
    belgian_iban,
    eur,
    settled,
)
from tests.ubl.official import peppol_failures

T = TypeVar("T")
GLN, WRONG_GLN = "5412345000013", "5412345000010"
HOME = Address(street="Kaai 1", city="Stad", postcode="1000")
CONTACT = Contact("An", "+49 30 123456", "an@acme.example")
SKONTO = "#SKONTO#TAGE=7#PROZENT=2.00#"

# A number of every scheme that has a form: one that is right, one that is not.
NUMBERS = {
    "0007": ("5567321707", "5567321708"),
    "0088": (GLN, WRONG_GLN),
    "0096": ("1234567890", "123456789"),
    "0106": ("12345678", "1234567"),
    "0151": ("51824753556", "51824753557"),
    "0184": ("DK12345674", "DK1234567"),
    "0190": ("00000001234567890000", "1234"),
    "0192": ("974760673", "974760674"),
    "0198": ("DK12345674", "12345674"),
    "0208": ("0123456749", "0123456740"),
    "0217": ("123456789012", "12345678901"),
    "9944": ("NL123456789B12", "NL123456789"),
}
# Warnings in Peppol 3.0.21; they are fatal from November 2026.
DUTCH = {"0106", "0190", "0217", "9944"}

VAT_NUMBERS = {
    "BE": "BE0123456749",
    "NL": "NL123456789B12",
    "DE": "DE123456788",
    "DK": "DK12345674",
    "SE": "SE556732170701",
    "IS": "IS12345",
    "IT": "IT00743110157",
    "NO": "NO974760673MVA",
}


def _in(country: str, **changed: Any) -> Party:
    """A company of a country with everything that its rules ask, but for what is overridden."""
    registers = {"NL": "0106", "DK": "0184", "SE": "0007", "IS": "0196", "NO": "0192", "BE": "0208"}
    scheme = registers.get(country)
    number = NUMBERS.get(scheme or "", ("1234567890", ""))[0]
    return a_party(
        **{
            "legal_id": Identifier(number, scheme),
            "vat": VAT_NUMBERS[country],
            "address": replace(HOME, country=country),
            "contact": CONTACT,
            **changed,
        }
    )


def _between(origin: str, destination: str, **changed: Any) -> Bill:
    """A bill of a seller in one country to a buyer in another."""
    tax = Tax("S", Decimal(25))  # a rate that Sweden has too
    defaults = {"seller": _in(origin), "buyer": _in(destination), "lines": (a_line(tax=tax),)}
    return a_bill(**(defaults | changed))


def _exempted(category: str, code: str) -> Bill:
    tax = Tax(category, None if category == "O" else Decimal(0))
    bill = a_bill(lines=(a_line(tax=tax),))
    row = TaxSubtotal(replace(tax, exemption_code=code), None, eur(0))
    return settled(replace(bill, taxes=(row,)))


def _charged(**said: Any) -> Bill:
    charge = AllowanceCharge(False, eur(1), reason="x", tax=a_line().tax, **said)
    return a_bill(allowances_charges=(charge,))


def _dollars(**changed: Any) -> Bill:
    """A bill with its VAT in a second currency too."""
    known = Totals(tax_accounting=Amount(Decimal(-5), "USD"))
    bill = replace(a_bill(), tax_currency="USD")
    return replace(settled(replace(bill, totals=known)), **changed)


MARCH = Period(date(2026, 3, 1), date(2026, 3, 31))


@pytest.mark.parametrize(
    ("bill", "rule"),
    [
        (a_bill(process="urn:elsewhere"), "PEPPOL-EN16931-R007"),
        (a_bill(seller=a_party(endpoint=Identifier("a@b.example", "EM"))), "PEPPOL-EN16931-CL008"),
        (a_bill(buyer=a_party(endpoint=Identifier("1", "0037"))), "PEPPOL-EN16931-CL008"),
        (
            a_bill(seller=a_party(identifiers=(Identifier(WRONG_GLN, "0088"),))),
            "PEPPOL-COMMON-R040",
        ),
        (a_bill(payee=Party("X", legal_id=Identifier("1", "0208"))), "PEPPOL-COMMON-R043"),
        (_charged(percent=Decimal(10)), "PEPPOL-EN16931-R041"),
        (_charged(base=eur(10)), "PEPPOL-EN16931-R042"),
        (_charged(base=eur(10), percent=Decimal(11)), "PEPPOL-EN16931-R040"),
        (_dollars(), "PEPPOL-EN16931-R055"),
        (_dollars(tax_currency=None), "PEPPOL-EN16931-R054"),
        (replace(a_bill(), tax_currency="EUR"), "PEPPOL-EN16931-R005"),
        (a_bill(period=Period(code="5")), "PEPPOL-EN16931-CL006"),
        (
            a_bill(period=MARCH, lines=(a_line(period=Period(start=date(2026, 2, 28))),)),
            "PEPPOL-EN16931-R110",
        ),
        (
            a_bill(period=MARCH, lines=(a_line(period=Period(end=date(2026, 4, 1))),)),
            "PEPPOL-EN16931-R111",
        ),
        (
            a_bill(lines=(a_line(net=eur(0), price=Price(eur(80), base_quantity=Decimal(0))),)),
            "PEPPOL-EN16931-R121",
        ),
        (
            a_bill(lines=(a_line(price=Price(eur(80), Decimal(1), base_unit="C62")),)),
            "PEPPOL-EN16931-R130",
        ),
        (_exempted("E", "VATEX-EU-G"), "PEPPOL-EN16931-P0104"),
        (_exempted("E", "VATEX-EU-O"), "PEPPOL-EN16931-P0105"),
        (_exempted("E", "VATEX-EU-IC"), "PEPPOL-EN16931-P0106"),
        (_exempted("E", "VATEX-EU-AE"), "PEPPOL-EN16931-P0107"),
        (_exempted("AE", "VATEX-EU-D"), "PEPPOL-EN16931-P0108"),
        (_exempted("AE", "VATEX-EU-F"), "PEPPOL-EN16931-P0109"),
        (_exempted("AE", "VATEX-EU-I"), "PEPPOL-EN16931-P0110"),
        (_exempted("AE", "vatex-eu-j"), "PEPPOL-EN16931-P0111"),
        # Each country's own.
        (_between("NL", "BE", seller=_in("NL", address=Address(country="NL"))), "NL-R-002"),
        (_between("NL", "BE", seller=_in("NL", legal_id=Identifier("1", None))), "NL-R-003"),
        (_between("NL", "NL", buyer=_in("NL", address=Address(country="NL"))), "NL-R-004"),
        (_between("NL", "NL", buyer=_in("NL", legal_id=Identifier("1", None))), "NL-R-005"),
        (_between("NL", "BE", payment_means=()), "NL-R-007"),
        (_between("NL", "NL", payment_means=(PaymentMeans("10"),)), "NL-R-008"),
        (_between("NL", "BE", lines=(a_line(order_line="1"),)), "NL-R-009"),
        (
            a_credit_note(seller=_in("NL"), buyer=_in("NL"), preceding=(), payment_means=()),
            "NL-R-001",
        ),
        (
            # A due date of a credit note is written with a means of payment that the Dutch do not know.
            a_credit_note(seller=_in("NL"), buyer=_in("NL"), payment_means=()),
            "NL-R-008",
        ),
        (_between("DE", "DE", payment_means=()), "DE-R-001"),
        (_between("DE", "DE", seller=_in("DE", contact=Contact("An", None, "a@b.de"))), "DE-R-006"),
        (_between("DE", "DE", buyer=_in("DE", address=Address(country="DE"))), "DE-R-008"),
        (_between("DE", "DE", buyer_reference=None, order_reference="7"), "DE-R-015"),
        (_between("DE", "DE", payment_terms="#SKONTO#TAGE=7#"), "DE-R-018"),
        (_between("DE", "DE", delivered=Delivered(address=Address(country="DE"))), "DE-R-010"),
        (
            _between("DE", "DE", attachments=(a_pdf_attachment(), a_pdf_attachment(id="2"))),
            "DE-R-022",
        ),
        (
            _between("DE", "DE", payment_means=(PaymentMeans("59", mandate=Mandate("M", "DE1")),)),
            "DE-R-030",
        ),
        (_between("DK", "BE", seller=_in("DK", legal_id=None)), "DK-R-002"),
        (_between("DK", "BE", seller=_in("DK", legal_id=Identifier("1", None))), "DK-R-014"),
        (
            _between("DK", "DK", payment_means=(PaymentMeans("30", account=Account("1")),)),
            "DK-R-005",
        ),
        (
            _between("DK", "DK", payment_means=(PaymentMeans("42", account=Account("1")),)),
            "DK-R-006",
        ),
        (
            _between("DK", "DK", payment_means=(PaymentMeans("50", account=Account("1")),)),
            "DK-R-008",
        ),
        (
            _between("DK", "DK", payment_means=(PaymentMeans("93", account=Account("1")),)),
            "DK-R-010",
        ),
        (_between("DK", "DK", buyer=_in("DK", legal_id=Identifier("1", None))), "DK-R-017"),
        (_between("SE", "BE", seller=_in("SE", vat="SE5567321707")), "SE-R-001"),
        (_between("SE", "BE", seller=_in("SE", tax_registration="ja")), "SE-R-005"),
        (_between("SE", "BE", lines=(a_line(),)), "SE-R-006"),
        (_between("SE", "BE", seller=_in("SE", legal_id=Identifier("5567321708"))), "SE-R-013"),
        (_between("IS", "BE", seller=_in("IS", legal_id=None)), "IS-R-002"),
        (_between("IS", "BE", seller=_in("IS", address=Address(country="IS"))), "IS-R-003"),
        (_between("IS", "IS", buyer=_in("IS", legal_id=None)), "IS-R-004"),
        (
            _between("IS", "BE", payment_means=(PaymentMeans("42", account=Account("1")),)),
            "IS-R-007",
        ),
        (_between("IT", "BE", seller=_in("IT", tax_registration="x")), "IT-R-001"),
        (_between("IT", "BE", seller=_in("IT", address=Address(country="IT"))), "IT-R-002"),
        (_between("NO", "BE", seller=_in("NO", vat="NO974760674MVA")), "NO-R-001"),
    ],
)
def test_what_peppol_misses_is_named_by_the_same_rule(bill: Bill, rule: str) -> None:
    assert rule in {one.split()[0] for one in peppol_failures(write(bill))}
    assert rule in {one.code for one in needs(bill)}


@pytest.mark.parametrize("scheme", sorted(FORMS))
def test_a_number_must_be_what_its_scheme_says(scheme: str) -> None:
    # 9944 is a scheme of addresses only.
    place = "legal_id" if scheme in codes.REGISTERS else "endpoint"
    numbers: list[dict[str, Any]] = [{place: Identifier(one, scheme)} for one in NUMBERS[scheme]]
    right, wrong = (a_bill(buyer=a_party(**number)) for number in numbers)
    assert list(needs(right)) == []
    assert peppol_failures(write(right)) == []
    assert [one.code for one in needs(wrong)] == [FORMS[scheme].rule]
    if scheme not in DUTCH:
        assert {one.split()[0] for one in peppol_failures(write(wrong))} >= {FORMS[scheme].rule}


@pytest.mark.parametrize("buyer", ["home", "BE"])
@pytest.mark.parametrize("country", sorted(VAT_NUMBERS))
def test_a_whole_bill_of_every_country_keeps_its_rules(country: str, buyer: str) -> None:
    means = PaymentMeans("58" if country != "DK" else "10", account=Account(belgian_iban(42)))
    bill = _between(
        country, country if buyer == "home" else buyer, payment_means=(means,), payment_terms=SKONTO
    )
    assert list(needs(bill)) == []
    assert peppol_failures(write(bill)) == []
    assert read(write(bill)) == bill


def test_a_corrected_invoice_is_for_germans_only() -> None:
    inside, outside = _between("DE", "DE", type_code="384"), _between("DE", "BE", type_code="384")
    assert list(needs(inside)) == []
    assert peppol_failures(write(inside)) == []
    assert [one.code for one in needs(outside)] == ["BR-CL-01"]


def test_a_bill_that_says_no_profile_is_held_to_that_which_is_written() -> None:
    bill = a_bill(customization=None, process=None, buyer=a_party(endpoint=None))
    assert [one.code for one in needs(bill)] == ["PEPPOL-EN16931-R010"]


def test_greek_sellers_and_addresses_of_mail_do_not_make_a_peppol_bill() -> None:
    mail = a_party(endpoint=Identifier("an@acme.example", "EM"))
    greek = a_party(vat="EL094259216", address=Address(country="GR"))
    assert can_be_peppol(a_party(), a_party())
    assert not can_be_peppol(a_party(), mail)
    assert not can_be_peppol(greek, a_party())
    assert can_be_peppol(a_party(), greek)


def _mostly(usual: T, *odd: T) -> st.SearchStrategy[T]:
    """The usual value six times of seven, or one of the odd ones."""
    return st.integers(0, 6).flatmap(
        lambda n: st.sampled_from(odd) if n == 0 and odd else st.just(usual)
    )


@st.composite
def odd_bills(draw: Callable[[st.SearchStrategy[Any]], Any]) -> Bill:
    """Bills of any country to any country, right but for something here and there."""
    seller, buyer = (draw(st.sampled_from(sorted(VAT_NUMBERS))) for _ in range(2))
    kind = draw(st.sampled_from((BillKind.INVOICE, BillKind.CREDIT_NOTE)))
    means = PaymentMeans(
        code=draw(_mostly("58", *sorted(codes.PAYMENT_MEANS - {"ZZZ"}))),
        remittance=draw(_mostly(None, "71#123456789012345", "01#", "x")),
        account=draw(_mostly(Account(belgian_iban(1)), None, Account("12345678", bic="B"))),
        card=draw(_mostly(None, Card("1234"))),
        mandate=draw(_mostly(None, Mandate("M"), Mandate("M", belgian_iban(2)))),
    )
    credit = kind is BillKind.CREDIT_NOTE
    return _between(
        seller,
        draw(st.sampled_from((seller, buyer))),
        kind=kind,
        type_code=draw(_mostly("381" if credit else "380", *sorted(codes.TYPE_CODES[kind]))),
        seller=draw(_parties(seller)),
        buyer=draw(_parties(draw(st.sampled_from((seller, buyer))))),
        payment_means=draw(_mostly((means,), ())),
        due_on=None if credit else date(2026, 4, 1),
        creditor_id=draw(_mostly(None, "BE1")),
        preceding=draw(_mostly((Reference("1"),), ())),
        payment_terms=draw(_mostly(None, SKONTO, "#x", f"{SKONTO}\n{SKONTO}")),
        attachments=draw(_mostly((), (a_pdf_attachment(), a_pdf_attachment(id="2")))),
        order_reference=draw(_mostly(None, "7")),
        lines=(a_line(tax=Tax("S", draw(_mostly(Decimal(25), Decimal(21))))),),
    )


@st.composite
def _parties(draw: Callable[[st.SearchStrategy[Any]], Any], country: str) -> Party:
    usual = _in(country)
    schemes = [scheme for scheme in NUMBERS if scheme not in DUTCH]
    numbers = [Identifier(value, scheme) for scheme in schemes for value in NUMBERS[scheme]]
    addresses = [Identifier("1", scheme) for scheme in sorted(codes.EAS - FORMS.keys())]
    return replace(
        usual,
        endpoint=draw(_mostly(usual.endpoint, *numbers, *addresses)),
        legal_id=draw(_mostly(usual.legal_id, Identifier("77", None), Identifier(GLN, "0088"))),
        identifiers=draw(_mostly((), (Identifier(GLN, "0088"),), (Identifier(WRONG_GLN, "0088"),))),
        address=draw(_mostly(usual.address, Address(country=country), replace(HOME, country="SE"))),
        contact=draw(_mostly(CONTACT, None, Contact("An"))),
        vat=draw(_mostly(usual.vat, "NO974760674MVA", "SE12")),
        tax_registration=draw(_mostly(None, "Godkänd för F-skatt", "ABC")),
    )


@settings(
    max_examples=400,
    phases=(Phase.explicit, Phase.generate, Phase.shrink),
    suppress_health_check=list(HealthCheck),
)
@example(bill=a_bill())
@given(bill=odd_bills())
def test_a_bill_needs_something_just_when_the_judge_finds_something(bill: Bill) -> None:
    found = peppol_failures(write(bill))
    assert bool(list(needs(bill))) == bool(found), (found, list(needs(bill)))
