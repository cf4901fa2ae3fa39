"""The lines of a bill: Line values to and from InvoiceLine, CreditNoteLine and QuotationLine.

Source: EN 16931 BG-25 to BG-32; Peppol BIS Billing 3.0, cac:InvoiceLine; UBL 2.1 cac:LineItem for quotes.
"""

from __future__ import annotations

from maild.model.bill import BillKind, Item, Line, Period, Price
from maild.model.money import Amount
from maild.model.party import Identifier
from maild.ubl.charges import put_amount, read_charges, read_tax, write_charges, write_tax
from maild.ubl.shape import arrange
from maild.ubl.values import Sheet, identifier
from maild.ubl.xml import Element, attribute, child, children, group, prune, put, short, text

# UBL names the quantity of a line after its document.
_QUANTITIES = {
    BillKind.INVOICE: "cbc:InvoicedQuantity",
    BillKind.CREDIT_NOTE: "cbc:CreditedQuantity",
    BillKind.QUOTE: "cbc:Quantity",
}
_LINES = {
    BillKind.INVOICE: "cac:InvoiceLine",
    BillKind.CREDIT_NOTE: "cac:CreditNoteLine",
    BillKind.QUOTE: "cac:QuotationLine",
}


def read_lines(sheet: Sheet, root: Element) -> tuple[Line, ...]:
    """Read all lines; places in problems count from 1, since ids repeat in bad documents.

    Every UBL document names its lines after itself: InvoiceLine, QuotationLine, OrderLine.
    """
    return tuple(
        _read_line(sheet, _line_item(one), where=f"line {n}")
        for n, one in enumerate(children(root, f"cac:{short(root)}Line"), start=1)
    )


def _read_line(sheet: Sheet, at: Element, *, where: str) -> Line:
    """Read one line, whatever of it is there."""
    item = child(at, "cac:Item")
    quantities = (child(at, name) for name in _QUANTITIES.values())
    quantity = next((one for one in quantities if one is not None), None)
    return Line(
        id=text(at, "cbc:ID") or "",  # BT-126
        quantity=sheet.decimal(quantity, "", term=f"{where} BT-129"),
        unit=attribute(quantity, "unitCode"),  # BT-130
        net=sheet.amount(at, "cbc:LineExtensionAmount", term=f"{where} BT-131"),
        item=_read_item(item),
        price=_read_price(sheet, child(at, "cac:Price"), where=where),
        tax=read_tax(sheet, child(item, "cac:ClassifiedTaxCategory"), where=f"{where} BT-152"),
        note=text(at, "cbc:Note"),  # BT-127
        object_id=identifier(at, "cac:DocumentReference/cbc:ID"),  # BT-128
        order_line=text(at, "cac:OrderLineReference/cbc:LineID"),  # BT-132
        accounting_cost=text(at, "cbc:AccountingCost"),  # BT-133
        period=read_period(sheet, child(at, "cac:InvoicePeriod"), terms=_terms(where)),
        allowances_charges=read_charges(sheet, at, line=where),
    )


def write_line(root: Element, line: Line, *, kind: BillKind) -> None:
    """Write one line below the document's root."""
    at = group(root, _LINES[kind])
    if kind is BillKind.QUOTE:
        put(at, "cbc:ID", line.id)
        at = group(at, "cac:LineItem")
    put(at, "cbc:ID", line.id)
    put(at, "cbc:Note", line.note)
    put(at, _QUANTITIES[kind], line.quantity, unitCode=line.unit)
    put_amount(at, "cbc:LineExtensionAmount", line.net)
    put(at, "cbc:AccountingCost", line.accounting_cost)
    if kind is not BillKind.QUOTE:  # a cac:LineItem has no place for these
        write_period(at, line.period)
        _write_references(at, line)
    write_charges(at, line.allowances_charges)
    _write_item(at, line)
    _write_price(at, line.price)
    arrange(at)


def read_period(sheet: Sheet, at: Element | None, *, terms: tuple[str, str]) -> Period | None:
    """Read a period (BG-14, BG-26); None when it says nothing. `terms` name its start and end."""
    found = Period(
        start=sheet.date(at, "cbc:StartDate", term=terms[0]),
        end=sheet.date(at, "cbc:EndDate", term=terms[1]),
        code=text(at, "cbc:DescriptionCode"),  # BT-8
    )
    return None if found == Period() else found


def write_period(parent: Element, period: Period | None) -> None:
    """Write a period as cac:InvoicePeriod."""
    if period is None:
        return
    at = group(parent, "cac:InvoicePeriod")
    put(at, "cbc:StartDate", period.start)
    put(at, "cbc:EndDate", period.end)
    put(at, "cbc:DescriptionCode", period.code)
    prune(parent, at)


def _terms(where: str) -> tuple[str, str]:
    return f"{where} BT-134", f"{where} BT-135"


def _line_item(line: Element) -> Element:
    """What holds the figures: the line itself, or in a quotation its cac:LineItem."""
    item = child(line, "cac:LineItem")
    return line if item is None else item


def _write_references(at: Element, line: Line) -> None:
    if line.order_line:
        put(group(at, "cac:OrderLineReference"), "cbc:LineID", line.order_line)
    if line.object_id:
        reference = group(at, "cac:DocumentReference")
        put(reference, "cbc:ID", line.object_id.value, schemeID=line.object_id.scheme)
        put(reference, "cbc:DocumentTypeCode", "130")  # the code of an invoiced object, BT-128


def _read_item(at: Element | None) -> Item:
    return Item(
        name=text(at, "cbc:Name") or "",  # BT-153
        description=text(at, "cbc:Description"),  # BT-154
        seller_id=text(at, "cac:SellersItemIdentification/cbc:ID"),  # BT-155
        buyer_id=text(at, "cac:BuyersItemIdentification/cbc:ID"),  # BT-156
        standard_id=identifier(at, "cac:StandardItemIdentification/cbc:ID"),  # BT-157
        classifications=tuple(
            Identifier(code, attribute(child(one, "cbc:ItemClassificationCode"), "listID"))
            for one in children(at, "cac:CommodityClassification")
            if (code := text(one, "cbc:ItemClassificationCode"))  # BT-158
        ),
        origin_country=text(at, "cac:OriginCountry/cbc:IdentificationCode"),  # BT-159
        attributes=tuple(
            (text(one, "cbc:Name") or "", text(one, "cbc:Value") or "")  # BT-160, BT-161
            for one in children(at, "cac:AdditionalItemProperty")
        ),
    )


def _write_item(parent: Element, line: Line) -> None:
    item = line.item
    at = group(parent, "cac:Item")
    put(at, "cbc:Description", item.description)
    put(at, "cbc:Name", item.name)
    for name, value in (
        ("cac:BuyersItemIdentification", item.buyer_id),
        ("cac:SellersItemIdentification", item.seller_id),
    ):
        if value:
            put(group(at, name), "cbc:ID", value)
    if item.standard_id:
        standard = group(at, "cac:StandardItemIdentification")
        put(standard, "cbc:ID", item.standard_id.value, schemeID=item.standard_id.scheme)
    if item.origin_country:
        put(group(at, "cac:OriginCountry"), "cbc:IdentificationCode", item.origin_country)
    for one in item.classifications:
        code = group(at, "cac:CommodityClassification")
        put(code, "cbc:ItemClassificationCode", one.value, listID=one.scheme)
    if line.tax:
        write_tax(at, "cac:ClassifiedTaxCategory", line.tax)
    for name, value in item.attributes:
        pair = group(at, "cac:AdditionalItemProperty")
        put(pair, "cbc:Name", name)
        put(pair, "cbc:Value", value)


def _read_price(sheet: Sheet, at: Element | None, *, where: str) -> Price | None:
    net = sheet.amount(at, "cbc:PriceAmount", term=f"{where} BT-146")
    if net is None:
        return None
    base = child(at, "cbc:BaseQuantity")
    discount = child(at, "cac:AllowanceCharge")
    return Price(
        net=net,
        base_quantity=sheet.decimal(base, "", term=f"{where} BT-149"),
        base_unit=attribute(base, "unitCode"),  # BT-150
        discount=sheet.amount(discount, "cbc:Amount", term=f"{where} BT-147"),
        gross=sheet.amount(discount, "cbc:BaseAmount", term=f"{where} BT-148"),
    )


def _write_price(parent: Element, price: Price | None) -> None:
    if price is None:
        return
    at = group(parent, "cac:Price")
    put_amount(at, "cbc:PriceAmount", price.net)
    put(at, "cbc:BaseQuantity", price.base_quantity, unitCode=price.base_unit)
    discount = price.discount
    if discount is None and price.gross is not None:
        discount = Amount(price.gross.value - price.net.value, price.net.currency)
    if discount is not None:
        reduction = group(at, "cac:AllowanceCharge")
        put(reduction, "cbc:ChargeIndicator", "false")
        put_amount(reduction, "cbc:Amount", discount)
        put_amount(reduction, "cbc:BaseAmount", price.gross)
