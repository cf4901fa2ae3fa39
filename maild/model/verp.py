"""The token in a return path: which delivery a report is about, in a form that nobody else can make.

`bounces+TOKEN@domain`, after VERP (D. J. Bernstein) and BATV. Pure; the key is kept by the store.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import date
from typing import Final

# Reports of servers come within a week; the software behind an inbox may take longer.
VALID_DAYS: Final = 45
_MAC: Final = 16  # characters: 80 bits, which nobody guesses at the pace of a mail server
_DAY: Final = 4  # hexadecimal digits of the day it was made; good until 2149
_FIRST_DAY: Final = date(1970, 1, 1).toordinal()


@dataclass(frozen=True, slots=True)
class Verp:
    """The return addresses that take tokens, in lower case, and the key that signs them."""

    key: bytes = field(default=b"", repr=False)
    addresses: frozenset[str] = frozenset()

    def is_meant(self, address: str | None) -> bool:
        """Whether this is a return address of ours, with or without a token, forged or not."""
        bare = (address or "").strip("<>").lower()
        found = split(bare)
        return bare in self.addresses or (found is not None and found[0] in self.addresses)

    def delivery_of(self, address: str | None, *, today: date) -> str | None:
        """The delivery that an address names; None when it is none of ours, forged or too old."""
        found = split(address or "")
        if found is None or found[0] not in self.addresses:
            return None
        return delivery_of(found[1], key=self.key, today=today)


def token(delivery: str, *, key: bytes, today: date) -> str:
    """The token of a delivery: letters and digits only, in lower case, since servers fold cases.

    With an id of ours it has 40 characters, so there is room for a name before it (RFC 5321 section
    4.5.3.1.1: 64 octets).
    """
    said = f"{delivery.removeprefix('v-')}{_number(today):0{_DAY}x}"
    return said + _mac(said, key)


def delivery_of(text: str, *, key: bytes, today: date) -> str | None:
    """The delivery that a token of ours names; None for one that is forged, damaged or too old."""
    said, mac = text.lower()[:-_MAC], text.lower()[-_MAC:]
    if not (key and said.isascii() and mac.isascii() and len(said) > _DAY):
        return None
    if not hmac.compare_digest(_mac(said, key), mac):
        return None
    age = _number(today) - int(said[-_DAY:], 16)
    # A day ahead: two machines may not agree about midnight.
    return f"v-{said[:-_DAY]}" if -1 <= age <= VALID_DAYS else None


def split(address: str) -> tuple[str, str] | None:
    """The bare return address and the token in "bounces+TOKEN@domain"; None when it has no "+"."""
    local, at, domain = address.strip("<>").rpartition("@")
    name, plus, text = local.partition("+")
    if not (at and plus and text):
        return None
    return f"{name}@{domain}".lower(), text


def joined(address: str, text: str) -> str:
    """The return path of a token: the address with it behind its local part."""
    local, _, domain = address.rpartition("@")
    return f"{local}+{text}@{domain}"


def _number(day: date) -> int:
    return day.toordinal() - _FIRST_DAY


def _mac(said: str, key: bytes) -> str:
    digest = hmac.new(key, b"maild return path " + said.encode(), hashlib.sha256).digest()
    return base64.b32encode(digest)[:_MAC].decode().lower()
