"""The lines of a bill in CII.

Source: EN 16931 BG-25 to BG-32; EN 16931-3-3 (CII), ram:IncludedSupplyChainTradeLineItem.
"""

from __future__ import annotations

from maild.model.bill import Item, Line, Period, Price
from maild.model.party import Identifier
from maild.ubl.cii.nodes import amount, child, children, day, identifier, number, text
from maild.ubl.cii.taxes import read_charges, read_tax
from maild.ubl.values import Sheet
from maild.ubl.xml import Element, attribute
from maild.ubl.xml import text as own_text

# The second name of each is ZUGFeRD 1.0's.
_AGREEMENT = "SpecifiedLineTradeAgreement|SpecifiedSupplyChainTradeAgreement"
_DELIVERY = "SpecifiedLineTradeDelivery|SpecifiedSupplyChainTradeDelivery"
_SETTLEMENT = "SpecifiedLineTradeSettlement|SpecifiedSupplyChainTradeSettlement"
_SUM = "SpecifiedTradeSettlementLineMonetarySummation|SpecifiedTradeSettlementMonetarySummation"

# ZUGFeRD 2.x EXTENDED, BT-X-8: a line that adds up others, a line for information.
_UNCOUNTED = frozenset({"GROUP", "INFORMATION"})

# UNTDID 1001: what an additional reference must be to name the invoiced object, BT-128.
_INVOICED_OBJECT = "130"


def read_lines(sheet: Sheet, transaction: Element | None) -> tuple[Line, ...]:
    """Read all lines that charge something; places in problems count from 1.

    EXTENDED also has lines of mere text, lines that add up others, and lines for information.
    """
    items = children(transaction, "IncludedSupplyChainTradeLineItem")
    return tuple(
        _read_line(sheet, one, where=f"line {n}")
        for n, one in enumerate(items, start=1)
        if _charges(one)
    )


def read_period(sheet: Sheet, at: Element | None, *, terms: tuple[str, str]) -> Period | None:
    """Read a billing period (BG-14, BG-26); `terms` name its start and end."""
    found = Period(
        start=day(sheet, at, "StartDateTime", term=terms[0]),
        end=day(sheet, at, "EndDateTime", term=terms[1]),
    )
    return None if found == Period() else found


def _read_line(sheet: Sheet, at: Element, *, where: str) -> Line:
    """Read one line, whatever of it is there."""
    head = child(at, "AssociatedDocumentLineDocument")
    agreement, settlement = child(at, _AGREEMENT), child(at, _SETTLEMENT)
    delivery = child(at, _DELIVERY)
    period = child(settlement, "BillingSpecifiedPeriod")
    return Line(
        id=text(head, "LineID") or "",  # BT-126
        quantity=number(sheet, delivery, "BilledQuantity", term=f"{where} BT-129"),
        unit=attribute(child(delivery, "BilledQuantity"), "unitCode"),  # BT-130
        net=amount(sheet, settlement, f"{_SUM}/LineTotalAmount", term=f"{where} BT-131"),
        item=_read_item(child(at, "SpecifiedTradeProduct")),
        price=_read_price(sheet, agreement, where=where),
        tax=read_tax(sheet, child(settlement, "ApplicableTradeTax"), term=f"{where} BT-152"),
        note=text(head, "IncludedNote/Content"),  # BT-127
        object_id=_object_id(settlement),  # BT-128
        order_line=text(agreement, "BuyerOrderReferencedDocument/LineID"),  # BT-132
        accounting_cost=text(settlement, "ReceivableSpecifiedTradeAccountingAccount/ID"),  # BT-133
        period=read_period(sheet, period, terms=(f"{where} BT-134", f"{where} BT-135")),
        allowances_charges=read_charges(sheet, settlement, line=where),
    )


def _charges(at: Element) -> bool:
    """Whether a line counts: it has a sum of its own and is not marked as one that does not."""
    status = text(at, "AssociatedDocumentLineDocument/LineStatusReasonCode")
    if status in _UNCOUNTED:
        return False
    named = text(at, "SpecifiedTradeProduct/Name") is not None
    return named or child(at, f"{_SETTLEMENT}/{_SUM}/LineTotalAmount") is not None


def _read_item(at: Element | None) -> Item:
    return Item(
        name=text(at, "Name") or "",  # BT-153
        description=text(at, "Description"),  # BT-154
        seller_id=text(at, "SellerAssignedID"),  # BT-155
        buyer_id=text(at, "BuyerAssignedID"),  # BT-156
        standard_id=identifier(at, "GlobalID"),  # BT-157
        classifications=tuple(
            Identifier(code, attribute(child(one, "ClassCode"), "listID"))
            for one in children(at, "DesignatedProductClassification")
            if (code := own_text(child(one, "ClassCode")))  # BT-158
        ),
        origin_country=text(at, "OriginTradeCountry/ID"),  # BT-159
        attributes=tuple(
            (text(one, "Description") or "", text(one, "Value") or "")  # BT-160, BT-161
            for one in children(at, "ApplicableProductCharacteristic")
        ),
    )


def _read_price(sheet: Sheet, at: Element | None, *, where: str) -> Price | None:
    net, gross = child(at, "NetPriceProductTradePrice"), child(at, "GrossPriceProductTradePrice")
    price = amount(sheet, net, "ChargeAmount", term=f"{where} BT-146")
    if price is None:
        return None
    # D16B allows the base quantity on either price; they mean the same (EN 16931-3-3, BT-149).
    base = net if child(net, "BasisQuantity") is not None else gross
    reductions = list(children(gross, "AppliedTradeAllowanceCharge"))
    single = reductions[0] if len(reductions) == 1 else None
    return Price(
        net=price,
        base_quantity=number(sheet, base, "BasisQuantity", term=f"{where} BT-149"),
        base_unit=attribute(child(base, "BasisQuantity"), "unitCode"),  # BT-150
        discount=amount(sheet, single, "ActualAmount", term=f"{where} BT-147"),
        gross=amount(sheet, gross, "ChargeAmount", term=f"{where} BT-148"),
    )


def _object_id(settlement: Element | None) -> Identifier | None:
    for one in children(settlement, "AdditionalReferencedDocument"):
        number_ = text(one, "IssuerAssignedID")
        if number_ and text(one, "TypeCode") == _INVOICED_OBJECT:
            return Identifier(number_, text(one, "ReferenceTypeCode"))
    return None
