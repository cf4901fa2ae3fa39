"""The order in which UBL wants the elements that maild reads and writes, and which of them may repeat.

A star marks what may stand more than once, an exclamation mark what must stand once. Elements that
are not named here are left alone: this is what reading and writing need, not a schema.
Source: OASIS UBL 2.1, the sequence of each type.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from maild.errors import Problem
from maild.ubl.xml import Element, document_tag, short, tag

_HEAD = (
    "UBLExtensions UBLVersionID CustomizationID ProfileID ProfileExecutionID ID CopyIndicator UUID"
)
_MONEY = "DocumentCurrencyCode TaxCurrencyCode PricingCurrencyCode PaymentCurrencyCode"
_COST = "AccountingCostCode AccountingCost LineCountNumeric BuyerReference InvoicePeriod*"
_PARTIES = (
    "Signature* AccountingSupplierParty AccountingCustomerParty PayeeParty BuyerCustomerParty "
    "SellerSupplierParty TaxRepresentativeParty Delivery*"
)
_LINE_TAIL = "Delivery* PaymentTerms*"

_SEQUENCES: Final = {
    "Invoice": f"{_HEAD} IssueDate IssueTime DueDate InvoiceTypeCode Note* TaxPointDate {_MONEY} "
    f"{_COST} OrderReference BillingReference* DespatchDocumentReference* "
    "ReceiptDocumentReference* StatementDocumentReference* OriginatorDocumentReference* "
    "ContractDocumentReference* AdditionalDocumentReference* ProjectReference* "
    f"{_PARTIES} DeliveryTerms PaymentMeans* PaymentTerms* PrepaidPayment* AllowanceCharge* "
    "TaxTotal* WithholdingTaxTotal* LegalMonetaryTotal InvoiceLine*",
    "CreditNote": f"{_HEAD} IssueDate IssueTime TaxPointDate CreditNoteTypeCode Note* {_MONEY} "
    f"{_COST} DiscrepancyResponse* OrderReference BillingReference* DespatchDocumentReference* "
    "ReceiptDocumentReference* ContractDocumentReference* AdditionalDocumentReference* "
    f"StatementDocumentReference* OriginatorDocumentReference* {_PARTIES} DeliveryTerms* "
    "PaymentMeans* PaymentTerms* AllowanceCharge* "
    "TaxTotal* LegalMonetaryTotal CreditNoteLine*",
    "Quotation": f"{_HEAD} IssueDate IssueTime Note* PricingCurrencyCode LineCountNumeric "
    "ValidityPeriod RequestForQuotationDocumentReference AdditionalDocumentReference* Contract* "
    "Signature* SellerSupplierParty BuyerCustomerParty OriginatorCustomerParty Delivery* "
    "DeliveryTerms PaymentMeans TransactionConditions AllowanceCharge* DestinationCountry "
    "TaxTotal* QuotedMonetaryTotal QuotationLine*",
    "cac:Party": "WebsiteURI LogoReferenceID EndpointID IndustryClassificationCode "
    "PartyIdentification* PartyName* Language PostalAddress PhysicalLocation PartyTaxScheme* "
    "PartyLegalEntity* Contact Person*",
    "cac:PostalAddress": "ID Postbox StreetName AdditionalStreetName BuildingName BuildingNumber "
    "CityName PostalZone CountrySubentity AddressLine* Country",
    "cac:PartyTaxScheme": "RegistrationName CompanyID TaxLevelCode TaxScheme!",
    "cac:PartyLegalEntity": "RegistrationName CompanyID CompanyLegalForm",
    "cac:Country": "IdentificationCode Name",
    "cac:Contact": "ID Name Telephone Telefax ElectronicMail Note*",
    "cac:PaymentMeans": "ID PaymentMeansCode! PaymentDueDate PaymentChannelCode InstructionID "
    "InstructionNote* PaymentID* CardAccount PayerFinancialAccount PayeeFinancialAccount "
    "CreditAccount PaymentMandate",
    "cac:AllowanceCharge": "ID ChargeIndicator! AllowanceChargeReasonCode AllowanceChargeReason* "
    "MultiplierFactorNumeric PrepaidIndicator SequenceNumeric Amount BaseAmount TaxCategory* "
    "TaxTotal",
    "cac:TaxScheme": "ID Name TaxTypeCode CurrencyCode",
    "cac:TaxTotal": "TaxAmount! RoundingAmount TaxEvidenceIndicator TaxIncludedIndicator TaxSubtotal*",
    "cac:TaxSubtotal": "TaxableAmount TaxAmount CalculationSequenceNumeric "
    "TransactionCurrencyTaxAmount Percent TaxCategory!",
    "cac:TaxCategory": "ID Name Percent TaxExemptionReasonCode TaxExemptionReason* TaxScheme!",
    "cac:InvoiceLine": "ID UUID Note* InvoicedQuantity LineExtensionAmount TaxPointDate "
    "AccountingCostCode AccountingCost PaymentPurposeCode FreeOfChargeIndicator InvoicePeriod* "
    "OrderLineReference* DespatchLineReference* ReceiptLineReference* BillingReference* "
    f"DocumentReference* PricingReference OriginatorParty {_LINE_TAIL} AllowanceCharge* "
    "TaxTotal* Item Price DeliveryTerms",
    "cac:CreditNoteLine": "ID UUID Note* CreditedQuantity LineExtensionAmount TaxPointDate "
    "AccountingCostCode AccountingCost PaymentPurposeCode FreeOfChargeIndicator InvoicePeriod* "
    "OrderLineReference* DiscrepancyResponse* DespatchLineReference* ReceiptLineReference* "
    f"BillingReference* DocumentReference* PricingReference OriginatorParty {_LINE_TAIL} "
    "TaxTotal* AllowanceCharge* Item Price DeliveryTerms*",
    "cac:LineItem": "ID SalesOrderID UUID Note* LineStatusCode Quantity LineExtensionAmount "
    "TotalTaxAmount AccountingCostCode AccountingCost Delivery* DeliveryTerms OriginatorParty "
    "AllowanceCharge* Price Item SubLineItem* TaxTotal*",
    "cac:Item": "Description* PackQuantity PackSizeNumeric CatalogueIndicator Name "
    "BuyersItemIdentification SellersItemIdentification ManufacturersItemIdentification* "
    "StandardItemIdentification CatalogueItemIdentification OriginCountry "
    "CommodityClassification* ClassifiedTaxCategory* AdditionalItemProperty*",
    "cac:Price": "PriceAmount BaseQuantity PriceChangeReason* PriceTypeCode PriceType AllowanceCharge*",
    "cac:PartyIdentification": "ID!",
    "cac:PartyName": "Name!",
    "cac:CardAccount": "PrimaryAccountNumberID! NetworkID!",
    "cac:OrderReference": "ID! SalesOrderID CopyIndicator UUID IssueDate",
    "cac:OrderLineReference": "LineID!",
    "cac:BillingReference": "InvoiceDocumentReference SelfBilledInvoiceDocumentReference "
    "CreditNoteDocumentReference",
    "cac:DocumentReference": "ID! CopyIndicator UUID IssueDate IssueTime DocumentTypeCode "
    "DocumentType DocumentDescription* Attachment",
    "cac:AdditionalItemProperty": "ID Name! NameCode TestMethod Value",
    "cac:SellersItemIdentification": "ID!",
    "cac:LegalMonetaryTotal": "LineExtensionAmount TaxExclusiveAmount TaxInclusiveAmount "
    "AllowanceTotalAmount ChargeTotalAmount PrepaidAmount PayableRoundingAmount PayableAmount",
}
_SAME: Final = {
    "cac:AdditionalDocumentReference": "cac:DocumentReference",
    "cac:InvoiceDocumentReference": "cac:DocumentReference",
    "cac:CreditNoteDocumentReference": "cac:DocumentReference",
    "cac:ContractDocumentReference": "cac:DocumentReference",
    "cac:DespatchDocumentReference": "cac:DocumentReference",
    "cac:ReceiptDocumentReference": "cac:DocumentReference",
    "cac:OriginatorDocumentReference": "cac:DocumentReference",
    "cac:BuyersItemIdentification": "cac:SellersItemIdentification",
    "cac:StandardItemIdentification": "cac:SellersItemIdentification",
    "cac:PayeeParty": "cac:Party",
    "cac:TaxRepresentativeParty": "cac:Party",
    "cac:QuotedMonetaryTotal": "cac:LegalMonetaryTotal",
    "cac:ClassifiedTaxCategory": "cac:TaxCategory",
    "cac:DeliveryAddress": "cac:PostalAddress",
    "cac:Address": "cac:PostalAddress",
}


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a child stands among its siblings."""

    rank: int
    repeats: bool
    required: bool


_UNKNOWN: Final = _Place(rank=-1, repeats=True, required=False)


def arrange(element: Element) -> None:
    """Put the children of an element that was just written into UBL's order (sorting is stable)."""
    places = _places()[element.tag]
    element[:] = sorted(element, key=lambda one: places[_local(one)].rank)


def misshapen(root: Element) -> Iterator[Problem]:
    """Find known elements that are missing, in the wrong place, or there more often than UBL allows."""
    known, required = _places(), _required()
    for parent in root.iter(*known):
        places = known[parent.tag]
        names = [_local(one) for one in parent.iterchildren()]
        for name in required[parent.tag]:
            if name not in names:
                yield _problem(parent, f"has no {name}; UBL wants one")
        yield from _misplaced(parent, names, places=places)


def _misplaced(
    parent: Element, names: Iterable[str], *, places: Mapping[str, _Place]
) -> Iterator[Problem]:
    highest, previous = -1, ""
    for name in names:
        place = places.get(name, _UNKNOWN)
        if place.rank == highest and not place.repeats:
            yield _problem(parent, f"has {name} twice; UBL has it once")
        elif 0 <= place.rank < highest:
            yield _problem(parent, f"has {name} after {previous}; UBL has it before")
        elif place.rank > highest:
            highest, previous = place.rank, name


def _problem(parent: Element, message: str) -> Problem:
    return Problem(code="shape", where=short(parent), message=f"{short(parent)} {message}")


def _local(element: Element) -> str:
    name: str = element.tag.rpartition("}")[2]
    return name


@cache
def _places() -> dict[str, dict[str, _Place]]:
    """Give, by the full name of a parent, the place of each child."""
    sequences = _SEQUENCES | {name: _SEQUENCES[same] for name, same in _SAME.items()}
    return {
        tag(name) if ":" in name else document_tag(name): {
            word.rstrip("*!"): _Place(rank, word.endswith("*"), word.endswith("!"))
            for rank, word in enumerate(words.split())
        }
        for name, words in sequences.items()
    }


@cache
def _required() -> dict[str, tuple[str, ...]]:
    """Give, by the full name of a parent, the children that it must have."""
    return {
        parent: tuple(name for name, place in places.items() if place.required)
        for parent, places in _places().items()
    }
