"""Sellers, buyers and the others in CII.

Source: EN 16931 BG-4 to BG-12; EN 16931-3-3 (CII), ram:SellerTradeParty and its neighbours.
"""

from __future__ import annotations

from maild.model.bill import Delivered
from maild.model.party import Address, Contact, Identifier, Party
from maild.ubl.cii.nodes import child, children, day, identifier, text
from maild.ubl.values import Sheet
from maild.ubl.xml import Element

# UNTDID 1153: a VAT number, and a number of the local tax office.
_VAT, _LOCAL_TAX = "VA", "FC"


def read_party(at: Element | None) -> Party:
    """Read a trade party, whatever of it is there."""
    legal = child(at, "SpecifiedLegalOrganization")
    return Party(
        name=text(at, "Name"),  # BT-27, BT-44
        trading_name=text(legal, "TradingBusinessName"),  # BT-28, BT-45
        identifiers=_identifiers(at),  # BT-29, BT-46
        legal_id=identifier(legal, "ID"),  # BT-30, BT-47
        vat=_tax_number(at, _VAT),  # BT-31, BT-48
        tax_registration=_tax_number(at, _LOCAL_TAX),  # BT-32
        legal_form=text(at, "Description"),  # BT-33
        endpoint=identifier(at, "URIUniversalCommunication/URIID"),  # BT-34, BT-49
        address=read_address(child(at, "PostalTradeAddress")),
        contact=_read_contact(child(at, "DefinedTradeContact")),
    )


def read_maybe(at: Element | None) -> Party | None:
    """Read a party that need not be there: a payee, a tax representative."""
    return None if at is None else read_party(at)


def read_address(at: Element | None) -> Address:
    """Read a postal address; absent ones give an empty Address."""
    return Address(
        street=text(at, "LineOne"),  # BT-35
        additional_street=text(at, "LineTwo"),  # BT-36
        third_line=text(at, "LineThree"),  # BT-162
        city=text(at, "CityName"),  # BT-37
        postcode=text(at, "PostcodeCode"),  # BT-38
        subdivision=text(at, "CountrySubDivisionName"),  # BT-39
        country=text(at, "CountryID"),  # BT-40
    )


def read_delivered(sheet: Sheet, at: Element | None) -> Delivered | None:
    """Where and when the goods arrived (BG-13), below the header's trade delivery."""
    place = child(at, "ShipToTradeParty")
    address = read_address(child(place, "PostalTradeAddress"))
    path = "ActualDeliverySupplyChainEvent/OccurrenceDateTime"
    found = Delivered(
        name=text(place, "Name"),  # BT-70
        location_id=identifier(place, "GlobalID") or identifier(place, "ID"),  # BT-71
        on=day(sheet, at, path, term="BT-72"),
        address=None if address == Address() else address,  # BG-15
    )
    return None if found == Delivered() else found


def _identifiers(at: Element | None) -> tuple[Identifier, ...]:
    """Those with a scheme, which are known to more than the two parties, before the seller's own."""
    found = (*children(at, "GlobalID"), *children(at, "ID"))
    return tuple(
        Identifier(one.text.strip(), (one.get("schemeID") or "").strip() or None)
        for one in found
        if one.text and one.text.strip()
    )


def _tax_number(at: Element | None, scheme: str) -> str | None:
    for one in children(at, "SpecifiedTaxRegistration"):
        found = identifier(one, "ID")
        if found and (found.scheme or _VAT).upper() == scheme:
            return found.value
    return None


def _read_contact(at: Element | None) -> Contact | None:
    phone = child(at, "TelephoneUniversalCommunication")
    found = Contact(
        name=text(at, "PersonName") or text(at, "DepartmentName"),  # BT-41
        phone=text(phone, "CompleteNumber"),  # BT-42
        email=text(at, "EmailURIUniversalCommunication/URIID|CompleteNumber"),  # BT-43
    )
    return None if found == Contact() else found
