"""The parties on a page: names, addresses, numbers, and how to reach them."""

from __future__ import annotations

from maild.model.bill import Bill
from maild.model.party import Address, Party
from maild.render.figures import Figures
from maild.render.payment import account_text
from maild.render.plain import one_line
from maild.render.words import Words


def seller(bill: Bill, *, said: Words, shown: Figures) -> dict[str, object]:
    """Who issues the bill (BG-4), for the letterhead and the footer."""
    party, contact = bill.seller, bill.seller.contact
    name = one_line(party.name or party.trading_name, limit=120)
    reach = [contact.phone, contact.email] if contact else []
    accounts = dict.fromkeys(one.account.id for one in bill.payment_means if one.account)
    return {
        "name": name,
        "short": one_line(name, limit=60),
        "mark": one_line(party.trading_name, limit=60) or name,
        "address": _address(party.address, shown=shown, abroad=_abroad(bill)),
        "ids": _party_ids(party, said=said),
        "reach": [text for one in reach if (text := one_line(one, limit=80))],
        "legal_lines": [text for text in (one_line(party.legal_form, limit=160),) if text],
        "accounts": [account_text(one) for one in list(accounts)[:1]],
    }


def buyer(bill: Bill, *, said: Words, shown: Figures) -> dict[str, object]:
    """Who gets the bill (BG-7), for the window of the envelope."""
    party, abroad = bill.buyer, _abroad(bill)
    attention = one_line(party.contact.name, limit=80) if party.contact else ""
    name = one_line(party.name or party.trading_name, limit=160)
    return {
        "name": name,
        "attention": f"{said.labels['attention']} {attention}"
        if attention and attention.lower() != name.lower()
        else "",
        "address": _address(party.address, shown=shown, abroad=abroad),
        "ids": _party_ids(party, said=said),
    }


def other_parties(bill: Bill, *, said: Words, shown: Figures) -> list[dict[str, object]]:
    """Other parties: where it was delivered, who is paid, who answers for the VAT."""
    cards = []
    if bill.delivered and (bill.delivered.name or bill.delivered.address):
        place = bill.delivered.address or Address()
        lines = _address(place, shown=shown, abroad=True)
        name = one_line(bill.delivered.name, limit=120)
        cards.append(("delivery", [line for line in (name, *lines) if line]))
    for key, party in (("payee", bill.payee), ("tax_representative", bill.tax_representative)):
        if party is not None:
            lines = _address(party.address, shown=shown, abroad=False)
            ids = _party_ids(party, said=said)
            cards.append((key, [one_line(party.name, limit=120), *lines, *ids]))
    return [{"title": said.labels[key], "lines": lines} for key, lines in cards if lines]


def _party_ids(party: Party, *, said: Words) -> list[str]:
    """The VAT number, and the company number where that is not the same digits."""
    vat = one_line(party.vat or party.tax_registration, limit=40)
    found = [f"{said.labels['vat_number']} {vat}"] if vat else []
    company = one_line(party.legal_id.value, limit=40) if party.legal_id else ""
    digits = "".join(char for char in company if char.isdigit())
    if company and (not digits or digits not in "".join(char for char in vat if char.isdigit())):
        found.append(f"{said.labels['company_number']} {company}")
    # A number is not torn from its label at a line's end.
    return [text.replace(" ", "\u00a0") for text in found]


def _address(address: Address, *, shown: Figures, abroad: bool) -> list[str]:
    """The lines of an address as an envelope has them; the country only where it says something."""
    town = " ".join(part for part in (address.postcode, address.city) if part)
    parts = (address.street, address.additional_street, address.third_line, town)
    country = shown.country(address.country) if abroad else None
    lines = (one_line(part, limit=100) for part in (*parts, address.subdivision, country))
    return [line for line in lines if line]


def _abroad(bill: Bill) -> bool:
    """Whether seller and buyer live in different countries, so that the country is part of the address."""
    seller, buyer = bill.seller.address.country, bill.buyer.address.country
    return bool(seller and buyer and seller != buyer)
