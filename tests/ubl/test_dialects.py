"""Dialects that the corpus lacks, and what each is recognised by."""

from __future__ import annotations

import base64
from decimal import Decimal

import pytest

from maild.model.bill import BillKind
from maild.ubl.dialects import PEPPOL_BIS_3, detect
from maild.ubl.document import look, read
from tests.builders_bill import A_PDF, belgian_iban, eur, ogm

# An invoice as Belgian programs of the e-fff days write it: UBL 2.0, no EN 16931, the PDF inside,
# house numbers apart, the BIC one level deeper, no currency of the document, no legal entities.
E_FFF = f"""<?xml version="1.0" encoding="UTF-8"?>
<Invoice xmlns="urn:oasis:names:specification:ubl:schema:xsd:Invoice-2"
 xmlns:b="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"
 xmlns:a="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2">
 <b:UBLVersionID>2.0</b:UBLVersionID><b:CustomizationID>1.0</b:CustomizationID>
 <b:ProfileID>E-FFF.BE BILLING 1.0</b:ProfileID>
 <b:ID>VF-118</b:ID><b:IssueDate>2026-01-15</b:IssueDate>
 <b:InvoiceTypeCode>380</b:InvoiceTypeCode>
 <a:AdditionalDocumentReference><b:ID>VF-118.pdf</b:ID>
  <b:DocumentType>CommercialInvoice</b:DocumentType>
  <a:Attachment><b:EmbeddedDocumentBinaryObject mimeCode="application/octet-stream"
   >{base64.encodebytes(A_PDF).decode()}</b:EmbeddedDocumentBinaryObject></a:Attachment>
 </a:AdditionalDocumentReference>
 <a:AccountingSupplierParty><a:Party>
  <a:PartyName><b:Name>Garage Gamma</b:Name></a:PartyName>
  <a:PostalAddress><b:StreetName>Dorpstraat</b:StreetName><b:BuildingNumber>7</b:BuildingNumber>
   <b:CityName>Aalst</b:CityName><b:PostalZone>9300</b:PostalZone>
   <a:Country><b:IdentificationCode>BE</b:IdentificationCode></a:Country></a:PostalAddress>
  <a:PartyTaxScheme><b:CompanyID>BE0123456749</b:CompanyID>
   <a:TaxScheme><b:ID>VAT</b:ID></a:TaxScheme></a:PartyTaxScheme>
 </a:Party></a:AccountingSupplierParty>
 <a:AccountingCustomerParty><a:Party>
  <a:PartyName><b:Name>Delta BV</b:Name></a:PartyName>
 </a:Party></a:AccountingCustomerParty>
 <a:PaymentMeans><b:PaymentMeansCode>1</b:PaymentMeansCode>
  <b:PaymentDueDate>2026-02-14</b:PaymentDueDate><b:PaymentID>{ogm(118)}</b:PaymentID>
  <a:PayeeFinancialAccount><b:ID>{belgian_iban(7)}</b:ID><a:FinancialInstitutionBranch>
   <a:FinancialInstitution><b:ID>KREDBEBB</b:ID></a:FinancialInstitution>
  </a:FinancialInstitutionBranch></a:PayeeFinancialAccount></a:PaymentMeans>
 <a:TaxTotal><b:TaxAmount currencyID="EUR">21.00</b:TaxAmount><a:TaxSubtotal>
  <b:TaxableAmount currencyID="EUR">100.00</b:TaxableAmount>
  <b:TaxAmount currencyID="EUR">21.00</b:TaxAmount><b:Percent>21</b:Percent>
  <a:TaxCategory><b:ID>S</b:ID><b:Name>03</b:Name>
   <a:TaxScheme><b:ID>VAT</b:ID></a:TaxScheme></a:TaxCategory></a:TaxSubtotal></a:TaxTotal>
 <a:LegalMonetaryTotal><b:LineExtensionAmount currencyID="EUR">100.00</b:LineExtensionAmount>
  <b:TaxExclusiveAmount currencyID="EUR">100.00</b:TaxExclusiveAmount>
  <b:TaxInclusiveAmount currencyID="EUR">121.00</b:TaxInclusiveAmount>
  <b:PayableAmount currencyID="EUR">121.00</b:PayableAmount></a:LegalMonetaryTotal>
 <a:InvoiceLine><b:ID>1</b:ID><b:InvoicedQuantity unitCode="NAR">1</b:InvoicedQuantity>
  <b:LineExtensionAmount currencyID="EUR">100.00</b:LineExtensionAmount>
  <a:Item><b:Name>Onderhoud</b:Name></a:Item></a:InvoiceLine>
</Invoice>""".encode()


def test_an_e_fff_invoice_is_accepted_with_its_pdf() -> None:
    assert look(E_FFF).dialect.name == "e-fff"
    bill = read(E_FFF)
    assert bill.kind is BillKind.INVOICE
    assert (bill.seller.name, bill.seller.vat) == ("Garage Gamma", "BE0123456749")
    assert bill.seller.address.street == "Dorpstraat 7"
    assert (bill.currency, bill.totals.payable) == ("EUR", eur("121.00"))
    assert bill.due_on is not None
    assert bill.due_on.isoformat() == "2026-02-14"
    assert bill.taxes[0].tax.percent == Decimal(21)
    [means] = bill.payment_means
    assert means.account is not None
    assert (means.account.id, means.account.bic) == (belgian_iban(7), "KREDBEBB")
    [pdf] = bill.attachments
    assert (pdf.content, pdf.media_type) == (A_PDF, "application/pdf")
    assert pdf.type_code == "CommercialInvoice"


@pytest.mark.parametrize(
    ("customization", "profile", "name"),
    [
        (PEPPOL_BIS_3, None, "peppol-bis-3"),
        ("urn:cen.eu:en16931:2017", None, "en16931"),
        ("urn:cen.eu:en16931:2017#conformant#urn:UBL.BE:1.0.0.20180214", None, "ubl-be"),
        ("urn:cen.eu:en16931:2017#compliant#urn:fdc:nen.nl:nlcius:v1.0", None, "nlcius"),
        (
            "urn:cen.eu:en16931:2017#compliant#urn:xeinkauf.de:kosit:xrechnung_3.0",
            None,
            "xrechnung",
        ),
        ("1.0", "e-fff", "e-fff"),
        (None, None, "ubl"),
        ("OIOUBL-2.1", None, "ubl"),
    ],
)
def test_a_dialect_is_what_the_document_calls_itself(
    customization: str | None, profile: str | None, name: str
) -> None:
    assert detect(customization, profile).name == name
