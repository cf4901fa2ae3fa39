"""The other side of a bill as a relation of Exact Online (crm/Accounts), pure.

Lengths are assumed, since the field lists say none; texts are cut, numbers never.
"""

from __future__ import annotations

import re
from typing import Any, Final

from maild.connectors.exact_booking import Partner
from maild.model.exact import ExactMapping
from maild.model.party import Party, company_key

NAME: Final = 50
DESCRIPTION: Final = 60
_ADDRESS: Final = 60
_VAT: Final = re.compile(r"[A-Z]{2}[0-9A-Z]{2,13}")


def partner_of(party: Party, mapping: ExactMapping) -> Partner:
    """By what a customer or supplier is found there, and what a new one gets."""
    name = party.name or party.trading_name or "?"
    vat = company_key(party.vat)
    vat = vat if _VAT.fullmatch(vat) else ""
    enterprise = enterprise_of(party)
    keys = party.keys()
    code = next((code for key, code in mapping.codes if key in keys), "")
    return Partner(
        name=cut(name, NAME),
        vat=vat,
        enterprise=enterprise,
        code=code,
        values=_values(party, name, vat=vat, enterprise=enterprise),
    )


def enterprise_of(party: Party) -> str:
    """The digits of the enterprise number (KBO, KVK), from the legal id or a Belgian VAT number."""
    for key in sorted(party.keys()):
        if match := re.fullmatch(r"BE(\d{10})|KVK(\d{8})", key):
            return match[1] or match[2]
    return ""


def cut(text: str, length: int) -> str:
    """Plain text on one line, at most so long."""
    plain = " ".join(text.split())
    return plain if len(plain) <= length else f"{plain[: length - 1].rstrip()}…"


def _values(party: Party, name: str, *, vat: str, enterprise: str) -> dict[str, Any]:
    address, contact = party.address, party.contact
    said = {
        "Name": cut(name, NAME),
        "VATNumber": vat,
        "ChamberOfCommerce": enterprise,
        "AddressLine1": cut(address.street or "", _ADDRESS),
        "AddressLine2": cut(address.additional_street or "", _ADDRESS),
        "AddressLine3": cut(address.third_line or "", _ADDRESS),
        "Postcode": cut(address.postcode or "", 20),
        "City": cut(address.city or "", 30),
        "Country": (address.country or vat[:2]).upper()[:2],
        "Email": (contact and contact.email) or "",
        "Phone": cut((contact and contact.phone) or "", 25),
    }
    return {key: value for key, value in said.items() if value}
