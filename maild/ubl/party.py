"""Sellers, buyers and the others: Party values to and from cac:Party.

Source: EN 16931 BG-4 to BG-12; Peppol BIS Billing 3.0, cac:AccountingSupplierParty and neighbours.
"""

from __future__ import annotations

from maild.model.party import Address, Contact, Identifier, Party
from maild.ubl.values import identifier
from maild.ubl.xml import Element, child, children, group, prune, put, text

# The scheme that UBL gives the bank's creditor identifier (BT-90) among a party's other identifiers.
SEPA = "SEPA"

# Any scheme but VAT says that a number is a local tax registration (BT-32).
_LOCAL_TAX = "TAX"


def read_party(party: Element | None) -> Party:
    """Read a cac:Party: seller or buyer, or a payee or tax representative with the parts they have."""
    legal = child(party, "cac:PartyLegalEntity")
    registered = text(legal, "cbc:RegistrationName")
    called = text(party, "cac:PartyName/cbc:Name")
    return Party(
        # Payees (BT-59) and tax representatives (BT-62) have only cac:PartyName, as do sellers in UBL 2.0.
        name=registered or called,
        trading_name=called if registered else None,
        identifiers=tuple(
            found
            for one in children(party, "cac:PartyIdentification")
            if (found := identifier(one, "cbc:ID")) and found.scheme != SEPA
        ),
        legal_id=identifier(legal, "cbc:CompanyID"),
        vat=_tax_number(party, vat=True),
        tax_registration=_tax_number(party, vat=False),
        legal_form=text(legal, "cbc:CompanyLegalForm"),
        endpoint=identifier(party, "cbc:EndpointID"),
        address=read_address(child(party, "cac:PostalAddress")),
        contact=_read_contact(child(party, "cac:Contact")),
    )


def write_party(
    parent: Element, name: str, party: Party, *, creditor_id: str | None = None
) -> None:
    """Write a seller or buyer below `parent`, under the given element name."""
    at = group(parent, name)
    _put_identifier(at, "cbc:EndpointID", party.endpoint)
    _write_identifiers(at, party, creditor_id=creditor_id)
    if party.trading_name:
        put(group(at, "cac:PartyName"), "cbc:Name", party.trading_name)
    write_address(at, "cac:PostalAddress", party.address)
    _write_tax_number(at, party.vat, scheme="VAT")
    _write_tax_number(at, party.tax_registration, scheme=_LOCAL_TAX)
    legal = group(at, "cac:PartyLegalEntity")
    put(legal, "cbc:RegistrationName", party.name)
    _put_identifier(legal, "cbc:CompanyID", party.legal_id)
    put(legal, "cbc:CompanyLegalForm", party.legal_form)
    prune(at, legal)
    _write_contact(at, party.contact)


def write_payee(parent: Element, party: Party, *, creditor_id: str | None) -> None:
    """Write the payee (BG-10), who has a name, identifiers and a legal registration and no more."""
    at = group(parent, "cac:PayeeParty")
    _write_identifiers(at, party, creditor_id=creditor_id)
    if party.name:
        put(group(at, "cac:PartyName"), "cbc:Name", party.name)  # BT-59
    if party.legal_id:
        _put_identifier(group(at, "cac:PartyLegalEntity"), "cbc:CompanyID", party.legal_id)  # BT-61


def write_representative(parent: Element, party: Party) -> None:
    """Write the seller's tax representative (BG-11), who has a name, an address and a VAT number."""
    at = group(parent, "cac:TaxRepresentativeParty")
    if party.name:
        put(group(at, "cac:PartyName"), "cbc:Name", party.name)  # BT-62
    write_address(at, "cac:PostalAddress", party.address)  # BG-12
    _write_tax_number(at, party.vat, scheme="VAT")  # BT-63


def read_creditor_id(*parties: Element | None) -> str | None:
    """The bank's creditor identifier (BT-90), which UBL keeps among a payee's or seller's identifiers."""
    for party in parties:
        for one in children(party, "cac:PartyIdentification"):
            found = identifier(one, "cbc:ID")
            if found and found.scheme == SEPA:
                return found.value
    return None


def read_address(at: Element | None) -> Address:
    """Read a postal address; absent ones give an empty Address."""
    street = text(at, "cbc:StreetName")
    number = text(at, "cbc:BuildingNumber")  # UBL 2.0 and e-fff write the house number apart
    return Address(
        street=f"{street} {number}" if street and number else street,  # BT-35
        additional_street=text(at, "cbc:AdditionalStreetName"),  # BT-36
        third_line=text(at, "cac:AddressLine/cbc:Line"),  # BT-162
        city=text(at, "cbc:CityName"),  # BT-37
        postcode=text(at, "cbc:PostalZone"),  # BT-38
        subdivision=text(at, "cbc:CountrySubentity"),  # BT-39
        country=text(at, "cac:Country/cbc:IdentificationCode"),  # BT-40
    )


def write_address(parent: Element, name: str, address: Address) -> None:
    """Write a postal address under the given element name; an empty one is not written."""
    at = group(parent, name)
    put(at, "cbc:StreetName", address.street)
    put(at, "cbc:AdditionalStreetName", address.additional_street)
    put(at, "cbc:CityName", address.city)
    put(at, "cbc:PostalZone", address.postcode)
    put(at, "cbc:CountrySubentity", address.subdivision)
    if address.third_line:
        put(group(at, "cac:AddressLine"), "cbc:Line", address.third_line)
    if address.country:
        put(group(at, "cac:Country"), "cbc:IdentificationCode", address.country)
    prune(parent, at)


def _read_contact(at: Element | None) -> Contact | None:
    found = Contact(
        name=text(at, "cbc:Name"),  # BT-41
        phone=text(at, "cbc:Telephone"),  # BT-42
        email=text(at, "cbc:ElectronicMail"),  # BT-43
    )
    return None if found == Contact() else found


def _write_contact(parent: Element, contact: Contact | None) -> None:
    if contact is None:
        return
    at = group(parent, "cac:Contact")
    put(at, "cbc:Name", contact.name)
    put(at, "cbc:Telephone", contact.phone)
    put(at, "cbc:ElectronicMail", contact.email)
    prune(parent, at)


def _tax_number(party: Element | None, *, vat: bool) -> str | None:
    """The VAT number (BT-31), or else the local tax registration (BT-32); TaxScheme tells which."""
    for one in children(party, "cac:PartyTaxScheme"):
        scheme = (text(one, "cac:TaxScheme/cbc:ID") or "").upper()
        number = text(one, "cbc:CompanyID")
        if number and (scheme == "VAT") is vat:
            return number
    return None


def _write_tax_number(parent: Element, number: str | None, *, scheme: str) -> None:
    if number:
        at = group(parent, "cac:PartyTaxScheme")
        put(at, "cbc:CompanyID", number)
        put(group(at, "cac:TaxScheme"), "cbc:ID", scheme)


def _write_identifiers(parent: Element, party: Party, *, creditor_id: str | None) -> None:
    for one in party.identifiers:
        _put_identifier(group(parent, "cac:PartyIdentification"), "cbc:ID", one)
    if creditor_id:
        put(group(parent, "cac:PartyIdentification"), "cbc:ID", creditor_id, schemeID=SEPA)


def _put_identifier(parent: Element, name: str, value: Identifier | None) -> None:
    if value:
        put(parent, name, value.value, schemeID=value.scheme)
