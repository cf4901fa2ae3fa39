"""CII: every sample of the corpus as its fields say, each business term at its place, hostile XML."""

from __future__ import annotations

import io
import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pikepdf
import pytest

from maild.errors import Incomplete, Unreadable
from maild.model.bill import BillKind, Mandate, Note, Reference
from maild.model.money import Amount
from maild.model.party import Identifier
from maild.ubl.cii.document import look, read
from maild.ubl.convert import as_ubl
from maild.ubl.document import Look
from maild.ubl.document import read as read_ubl
from tests.builders_cii import EN16931, a_cii
from tests.ubl.official import CenRules


def _samples(shared: Path) -> list[tuple[dict[str, Any], Look]]:
    folder, found = shared / "corpus/hybrid-pdf", []
    for line in (folder / "expected.jsonl").read_text().splitlines():
        one = json.loads(line)
        if one["has_xml"]:
            with pikepdf.open(io.BytesIO((folder / one["file"]).read_bytes())) as document:
                content = document.attachments[one["xml_name"]].get_file().read_bytes()
            found.append((one, look(content, name=one["xml_name"])))
    return found


def _fields(seen: Look) -> dict[str, Any]:
    bill, totals = seen.bill, seen.bill.totals
    amounts = {"net": totals.net, "tax": totals.tax, "gross": totals.gross}
    amounts["payable"] = totals.payable
    return {
        "profile": bill.customization,
        "id": bill.number,
        "type_code": bill.type_code,
        "issue_date": f"{bill.issued_on:%Y%m%d}",
        "currency": bill.currency,
        "seller_name": bill.seller.name,
        "seller_vat": bill.seller.vat,
        "buyer_name": bill.buyer.name,
        "iban": next((one.account.id for one in bill.payment_means if one.account), None),
        "lines": len(bill.lines),
        **{name: f"{one.value:f}" for name, one in amounts.items() if one is not None},
    }


def test_every_sample_of_the_corpus_gives_its_fields(shared: Path) -> None:
    samples = [(one, seen) for one, seen in _samples(shared) if len(one["fields"]) > 1]
    wrong = {
        one["file"]: {
            key: got.get(key) for key, value in one["fields"].items() if got.get(key) != value
        }
        for one, seen in samples
        if (got := _fields(seen))
        and any(got.get(key) != value for key, value in one["fields"].items())
    }
    assert len(samples) == 29
    assert not wrong


def test_zugferd_1_is_read_as_its_successors_are(shared: Path) -> None:
    seen = {
        one["file"]: got for one, got in _samples(shared) if got.root == "CrossIndustryDocument"
    }
    basic = seen["zugferd-1-zugferd-1p0-basic-einfach.pdf"]
    fields = _fields(basic)
    assert (fields["id"], fields["gross"], fields["iban"]) == (
        "471102",
        "235.62",
        "DE08700901001234567890",
    )
    assert (fields["seller_vat"], fields["lines"]) == ("DE123456789", 1)
    assert not basic.problems
    assert all(one.dialect.name == "zugferd" for one in seen.values())
    assert len(seen) == 4


def test_no_sound_sample_is_refused(shared: Path) -> None:
    faulty = {
        one["file"]: [p.code for p in seen.problems if not p.code.startswith("warning.")]
        for one, seen in _samples(shared)
    }
    # Two samples of ZUGFeRD 1.0 contradict themselves: a sum that is a cent off, and one without sense.
    assert {file: codes for file, codes in faulty.items() if codes} == {
        "zugferd-1-zugferd-1p0-comfort-kraftfahrversicherung-bruttopreise.pdf": ["BR-CO-10"],
        "zugferd-1-zugferd-1p0-extended-rechnungskorrektur.pdf": ["BR-CO-11", "BR-CO-16"],
    }


def test_what_is_made_of_a_sample_keeps_the_official_rules(
    shared: Path, cen_rules: CenRules
) -> None:
    made = [(one["file"], seen.bill, as_ubl(seen.bill)) for one, seen in _samples(shared)]
    broken = {file: found for file, _, ubl in made if ubl and (found := cen_rules.broken(ubl))}
    assert not broken
    for _, bill, ubl in made:
        if ubl is not None:
            again = read_ubl(ubl)
            assert again.totals == bill.totals
            assert again.taxes == bill.taxes
            assert [one.net for one in again.lines] == [one.net for one in bill.lines]
            assert (again.number, again.seller.vat) == (bill.number, bill.seller.vat)
    # The others lack lines, or contradict rules that a UBL of ours must keep.
    assert sum(1 for *_, ubl in made if ubl) >= 18


def test_each_term_of_the_head_is_read_at_its_place() -> None:
    bill = look(
        a_cii(
            head="<ram:IncludedNote><ram:Content>Thanks</ram:Content>"
            "<ram:SubjectCode>AAI</ram:SubjectCode></ram:IncludedNote>",
            agreement=_FULL_AGREEMENT,
            delivery=_FULL_DELIVERY,
            settlement=_FULL_SETTLEMENT,
        )
    ).bill
    assert bill.notes == (Note("Thanks", "AAI"),)
    assert (bill.buyer_reference, bill.order_reference, bill.sales_order_reference) == (
        None,
        "O",
        "S",
    )
    assert (bill.contract_reference, bill.project_reference) == ("C", "P")
    assert (bill.tender_reference, bill.object_id) == ("T", Identifier("M", "AWD"))
    assert (bill.despatch_reference, bill.receipt_reference) == ("D", "R")
    assert bill.attachments[0].content == b"hi"
    assert bill.attachments[0].name == "a.txt"
    assert bill.delivered is not None
    assert bill.delivered.on == date(2026, 1, 2)
    assert bill.delivered.location_id == Identifier("5412345000013", "0088")
    assert bill.payment_means[0].code == "59"
    assert bill.payment_means[0].remittance == "+++090/9337/55493+++"
    assert bill.payment_means[0].account is not None
    assert bill.payment_means[0].account.bic == "KREDBEBB"
    assert bill.payment_means[0].mandate == Mandate("MD-1", "BE00")
    assert bill.creditor_id == "CR-1"
    assert (bill.due_on, bill.payment_terms) == (date(2026, 2, 4), "30 days\n2 % in 8 days")
    assert bill.preceding == (Reference("2025-9", date(2025, 12, 1)),)
    assert bill.period is not None
    assert bill.period.end == date(2026, 1, 31)
    assert bill.payee is not None
    assert bill.payee.name == "Factor"
    charge, shipping = bill.allowances_charges
    assert (charge.is_charge, charge.amount) == (False, Amount(Decimal("5.00"), "EUR"))
    assert (shipping.is_charge, shipping.reason) == (True, "Freight")


_FULL_AGREEMENT = (
    "<ram:SellerOrderReferencedDocument><ram:IssuerAssignedID>S</ram:IssuerAssignedID>"
    "</ram:SellerOrderReferencedDocument><ram:BuyerOrderReferencedDocument>"
    "<ram:IssuerAssignedID>O</ram:IssuerAssignedID></ram:BuyerOrderReferencedDocument>"
    "<ram:ContractReferencedDocument><ram:IssuerAssignedID>C</ram:IssuerAssignedID>"
    "</ram:ContractReferencedDocument><ram:SpecifiedProcuringProject><ram:ID>P</ram:ID>"
    "</ram:SpecifiedProcuringProject><ram:AdditionalReferencedDocument><ram:IssuerAssignedID>T"
    "</ram:IssuerAssignedID><ram:TypeCode>50</ram:TypeCode></ram:AdditionalReferencedDocument>"
    "<ram:AdditionalReferencedDocument><ram:IssuerAssignedID>M</ram:IssuerAssignedID><ram:TypeCode>"
    "130</ram:TypeCode><ram:ReferenceTypeCode>AWD</ram:ReferenceTypeCode>"
    "</ram:AdditionalReferencedDocument><ram:AdditionalReferencedDocument><ram:IssuerAssignedID>A"
    "</ram:IssuerAssignedID><ram:TypeCode>916</ram:TypeCode><ram:AttachmentBinaryObject "
    'mimeCode="text/plain" filename="a.txt">aGk=</ram:AttachmentBinaryObject>'
    "</ram:AdditionalReferencedDocument>"
)
_FULL_DELIVERY = (
    '<ram:ShipToTradeParty><ram:GlobalID schemeID="0088">5412345000013</ram:GlobalID>'
    "</ram:ShipToTradeParty><ram:ActualDeliverySupplyChainEvent><ram:OccurrenceDateTime>"
    '<udt:DateTimeString format="102">20260102</udt:DateTimeString></ram:OccurrenceDateTime>'
    "</ram:ActualDeliverySupplyChainEvent><ram:DespatchAdviceReferencedDocument>"
    "<ram:IssuerAssignedID>D</ram:IssuerAssignedID></ram:DespatchAdviceReferencedDocument>"
    "<ram:ReceivingAdviceReferencedDocument><ram:IssuerAssignedID>R</ram:IssuerAssignedID>"
    "</ram:ReceivingAdviceReferencedDocument>"
)
_FULL_SETTLEMENT = (
    "<ram:CreditorReferenceID>CR-1</ram:CreditorReferenceID>"
    "<ram:PaymentReference>+++090/9337/55493+++</ram:PaymentReference>"
    "<ram:PayeeTradeParty><ram:Name>Factor</ram:Name></ram:PayeeTradeParty>"
    "<ram:SpecifiedTradeSettlementPaymentMeans><ram:TypeCode>59</ram:TypeCode>"
    "<ram:PayerPartyDebtorFinancialAccount><ram:IBANID>BE00</ram:IBANID>"
    "</ram:PayerPartyDebtorFinancialAccount><ram:PayeePartyCreditorFinancialAccount>"
    "<ram:IBANID>BE68539007547034</ram:IBANID></ram:PayeePartyCreditorFinancialAccount>"
    "<ram:PayeeSpecifiedCreditorFinancialInstitution><ram:BICID>KREDBEBB</ram:BICID>"
    "</ram:PayeeSpecifiedCreditorFinancialInstitution></ram:SpecifiedTradeSettlementPaymentMeans>"
    "<ram:BillingSpecifiedPeriod><ram:EndDateTime>"
    '<udt:DateTimeString format="102">20260131</udt:DateTimeString></ram:EndDateTime>'
    "</ram:BillingSpecifiedPeriod>"
    "<ram:SpecifiedTradeAllowanceCharge><ram:ChargeIndicator><udt:Indicator>false</udt:Indicator>"
    "</ram:ChargeIndicator><ram:ActualAmount>5.00</ram:ActualAmount>"
    "</ram:SpecifiedTradeAllowanceCharge><ram:SpecifiedLogisticsServiceCharge><ram:Description>"
    "Freight</ram:Description><ram:AppliedAmount>7.00</ram:AppliedAmount>"
    "</ram:SpecifiedLogisticsServiceCharge>"
    "<ram:SpecifiedTradePaymentTerms><ram:Description>30 days</ram:Description><ram:DueDateDateTime>"
    '<udt:DateTimeString format="102">20260204</udt:DateTimeString></ram:DueDateDateTime>'
    "<ram:DirectDebitMandateID>MD-1</ram:DirectDebitMandateID></ram:SpecifiedTradePaymentTerms>"
    "<ram:SpecifiedTradePaymentTerms><ram:Description>2 % in 8 days</ram:Description>"
    '<ram:DueDateDateTime><udt:DateTimeString format="102">20260113</udt:DateTimeString>'
    "</ram:DueDateDateTime></ram:SpecifiedTradePaymentTerms>"
    "<ram:InvoiceReferencedDocument><ram:IssuerAssignedID>2025-9</ram:IssuerAssignedID>"
    '<ram:FormattedIssueDateTime><qdt:DateTimeString format="102">20251201</qdt:DateTimeString>'
    "</ram:FormattedIssueDateTime></ram:InvoiceReferencedDocument>"
)


@pytest.mark.parametrize(
    ("guideline", "name", "dialect"),
    [
        (EN16931, "factur-x.xml", "factur-x"),
        (EN16931, "zugferd-invoice.xml", "zugferd"),
        (EN16931, "", "cii"),
        ("urn:factur-x.eu:1p0:minimum", "", "factur-x"),
        (f"{EN16931}#compliant#urn:zugferd.de:2p0:basic", "", "zugferd"),
        (
            f"{EN16931}#compliant#urn:xeinkauf.de:kosit:xrechnung_3.0",
            "factur-x.xml",
            "xrechnung-cii",
        ),
    ],
)
def test_a_dialect_is_told_by_its_guideline_then_by_its_name(
    guideline: str, name: str, dialect: str
) -> None:
    assert look(a_cii(guideline=guideline), name=name).dialect.name == dialect


def test_a_credit_note_is_told_by_its_type_code() -> None:
    assert look(a_cii(type_code="381")).kind is BillKind.CREDIT_NOTE
    assert look(a_cii(type_code="384")).kind is BillKind.INVOICE
    assert look(a_cii(type_code="380")).kind is BillKind.INVOICE


def test_sums_that_do_not_add_up_are_refused_and_still_shown() -> None:
    content = a_cii(gross="120.00")
    with pytest.raises(Incomplete, match=r"BT-112.*120\.00 is not the total"):
        read(content)
    assert look(content).bill.number == "2026-001"


@pytest.mark.parametrize(
    "issued", ["2026-01-05", "20260105", "202601051200", "2026-01-05T00:00:00Z"]
)
def test_dates_are_read_in_each_form_that_is_in_use(issued: str) -> None:
    assert look(a_cii(issued=issued)).bill.issued_on == date(2026, 1, 5)


@pytest.mark.parametrize("issued", ["20260231", "5 January", "2026", "00000000"])
def test_a_date_that_is_none_is_named(issued: str) -> None:
    problems = look(a_cii(issued=issued)).problems
    assert [(one.code, one.where) for one in problems] == [("format.date", "BT-2")]


@pytest.mark.parametrize("declared", ["utf8", "windows-1252x", "UTF-16"])
def test_a_wrong_name_of_the_encoding_does_no_harm(declared: str) -> None:
    content = a_cii().replace(b'encoding="UTF-8"', f'encoding="{declared}"'.encode())
    assert look(content).bill.seller.name == "Acme BV"


@pytest.mark.parametrize(
    "content",
    [
        b"<a/>",
        b"",
        b"<!DOCTYPE a [<!ENTITY x 'y'>]>" + a_cii().partition(b"?>")[2],
        a_cii()[:400],
        a_cii().replace(b"urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100", b"urn:x"),
        b"<CrossIndustryInvoice/>",
    ],
    ids=["other", "empty", "doctype", "cut", "other namespace", "no namespace"],
)
def test_what_is_no_cii_is_refused_in_words(content: bytes) -> None:
    with pytest.raises(Unreadable):
        look(content)
