"""Who sells, who buys: parties with their addresses and identifiers, and how identifiers compare.

Source: EN 16931 BG-4 to BG-12. Not a register: nothing here asks VIES or the KBO.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Identifier:
    """A value with the scheme that gives it meaning, such as an EAS or ISO 6523 code ("0208")."""

    value: str
    scheme: str | None = None


@dataclass(frozen=True, slots=True)
class Address:
    """A postal address (BG-5, BG-8, BG-12, BG-15). `country` is an ISO 3166-1 alpha-2 code."""

    street: str | None = None  # BT-35, BT-50
    additional_street: str | None = None  # BT-36, BT-51
    third_line: str | None = None  # BT-162, BT-163
    city: str | None = None  # BT-37, BT-52
    postcode: str | None = None  # BT-38, BT-53
    subdivision: str | None = None  # BT-39, BT-54
    country: str | None = None  # BT-40, BT-55


@dataclass(frozen=True, slots=True)
class Contact:
    """A person or department (BG-6, BG-9)."""

    name: str | None = None  # BT-41, BT-56
    phone: str | None = None  # BT-42, BT-57
    email: str | None = None  # BT-43, BT-58


@dataclass(frozen=True, slots=True)
class Party:
    """A seller (BG-4), buyer (BG-7), payee (BG-10) or tax representative (BG-11)."""

    name: str | None = None  # BT-27, BT-44: registered name
    trading_name: str | None = None  # BT-28, BT-45
    identifiers: tuple[Identifier, ...] = ()  # BT-29, BT-46
    legal_id: Identifier | None = None  # BT-30, BT-47
    vat: str | None = None  # BT-31, BT-48, as written
    tax_registration: str | None = None  # BT-32
    legal_form: str | None = None  # BT-33
    endpoint: Identifier | None = None  # BT-34, BT-49: the electronic address
    address: Address = field(default_factory=Address)
    contact: Contact | None = None

    def keys(self) -> frozenset[str]:
        """Every identifier by which this party is known, normalised (see `company_key`)."""
        found = {company_key(self.vat)} if self.vat else set()
        if self.legal_id:
            found.add(company_key(self.legal_id.value, scheme=self.legal_id.scheme))
        if self.endpoint:
            found.add(company_key(self.endpoint.value, scheme=self.endpoint.scheme))
        found.update(company_key(one.value, scheme=one.scheme) for one in self.identifiers)
        return frozenset(key for key in found if key)


# EAS and ISO 6523 schemes whose values are a VAT number or an enterprise number that maild can
# compare with a VAT number: 0208 is the Belgian enterprise number, 9925 the Belgian, 9944 the
# Dutch VAT number (domain.md 3.1, 3.2).
_SCHEME_COUNTRY = {"0208": "BE", "9925": "BE", "9944": "NL", "0106": "KVK"}


def company_key(value: str | None, *, scheme: str | None = None) -> str:
    """Normalise a VAT number, enterprise number or endpoint so that equal companies compare equal.

    "BE 0123.456.749", "0123456749" with scheme 0208 and "BE0123456749" with scheme 9925 all give
    "BE0123456749". A bare ten-digit number that starts with 0 or 1 is taken as a Belgian enterprise
    number; the old nine-digit form gets its leading zero. Empty when there is nothing to compare.
    """
    text = re.sub(r"[^0-9A-Za-z]", "", value or "").upper()
    if not text:
        return ""
    country = _SCHEME_COUNTRY.get(scheme or "", "")
    if country == "KVK":
        return f"KVK{text}"
    if country and not text.startswith(country):
        text = country + text
    elif scheme is None and re.fullmatch(r"[01]\d{9}", text):
        text = "BE" + text
    elif scheme is not None and not country and text.isdigit():
        # A GLN or another register's number is compared within its own scheme only.
        return f"{scheme}:{text}"
    if re.fullmatch(r"BE\d{9}", text):
        text = "BE0" + text[2:]
    return text
