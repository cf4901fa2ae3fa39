"""What addresses and VAT numbers of a configuration must look like, in words of people.

Shape and check digits only: nobody is asked whether the mailbox or the company exists.
"""

from __future__ import annotations

import re
from email.utils import parseaddr
from typing import Final

from stdnum.eu import vat as eu_vat
from stdnum.exceptions import ValidationError

from maild.errors import KeyProblem
from maild.model.party import company_key
from maild.model.said import Said

# RFC 5321 section 4.5.3.1.3: a path is at most 256 octets with its angle brackets.
LONGEST_ADDRESS: Final = 254

# RFC 5321 section 4.1.2 dot-string and domain, with the letters of RFC 6531. Quoted local parts
# are left out on purpose: no accounting inbox has one, and every program reads them differently.
_ATOM: Final = r"[^\s\x00-\x20\x7f@<>()\[\]\\,;:\".]+"
_LABEL: Final = r"[^\W_](?:[\w-]*[^\W_])?"
_ADDRESS: Final = re.compile(rf"{_ATOM}(?:\.{_ATOM})*@{_LABEL}(?:\.{_LABEL})*")

# RFC 5322 section 3.2.3: what a display name may not hold without quotes.
_SPECIALS: Final = re.compile(r'[()<>\[\]:;@\\,."]')


def address_problem(text: str) -> str | None:
    """What is wrong with a mail address, or None."""
    if len(text.encode()) > LONGEST_ADDRESS:
        short = f"{text[:40]}..."
        english = f'"{short}" is longer than any mail address may be ({LONGEST_ADDRESS} bytes)'
        return Said("address_long", english, address=short, most=LONGEST_ADDRESS)
    if not _ADDRESS.fullmatch(text):
        english = f'"{text}" is no mail address; write one such as "an@kantoor.example"'
        return Said("no_address", english, address=text)
    return None


def sender_problem(text: str) -> str | None:
    """What is wrong with a `from` such as "Acme BV <facturen@acme.example>", or None."""
    match = re.fullmatch(r"[^<>]*<([^<>]*)>|([^<>]*)", text)
    address = (match[1] or match[2] or "") if match else ""
    if not match or address_problem(address):
        return f'"{text}" has no mail address; write "Acme BV <facturen@acme.example>"'
    if parseaddr(text)[1] != address:
        return f"{text!r}: put the name in quotes of its own, as in '\"Acme, Sales\" <{address}>'"
    return None


def mailbox(name: str, address: str) -> str:
    """A name and an address as a From has them; the name is quoted where it must be."""
    if _SPECIALS.search(name):
        escaped = re.sub(r'(["\\])', r"\\\1", name)
        return f'"{escaped}" <{address}>'
    return f"{name} <{address}>"


def vat_problem(text: str) -> KeyProblem | None:
    """What is to be said of a VAT number, without a key; None when it is right.

    A Belgian number with wrong check digits is an error, since maild compares it with what stands
    in documents. Other countries' numbers get a warning: their rules change, and a number that only
    looks wrong must not keep a company from its documents.
    """
    number = company_key(text)
    if re.fullmatch(r"BE[0-9]{10}", number) and text.strip().upper().startswith("BE"):
        right = 97 - int(number[2:10]) % 97
        if int(number[10:]) == right:
            return None
        return KeyProblem(
            "",
            f'"{text}" has a wrong check digit: it ends in {number[10:]}, where {right:02} would be '
            "right; compare it with the company's papers",
        )
    if not re.search(r"[0-9]", number):
        return KeyProblem("", f'"{text}" is no VAT number; write one such as "BE0123456749"')
    if number.startswith("BE") and text.strip().upper().startswith("BE"):
        return KeyProblem("", f'"{text}" is no Belgian VAT number; it has ten digits after BE')
    try:
        eu_vat.validate(number)
    except ValidationError:
        return KeyProblem(
            "", f'"{text}" does not look like a VAT number of its country; compare it', "warning"
        )
    return None
