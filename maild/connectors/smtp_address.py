"""Whether an address may stand in a command of ours (RFC 5321 section 4.1.2). Pure; it looks nothing up."""

from __future__ import annotations

import re

from maild.errors import Refused

# An address that may stand between < and >: no control characters, no spaces, no brackets, so that
# nothing can be smuggled into the command (RFC 5321 section 4.1.2; mail.md 3.2, fourth point).
LONGEST_ADDRESS = 254  # octets; RFC 5321 section 4.5.3.1.3 less the two brackets
LONGEST_LOCAL_PART = 64  # octets; RFC 5321 section 4.5.3.1.1
# What nearly every address is, told at once: short, ASCII, one "@".
_PLAIN = re.compile(r"[!-;=?A-~]{1,64}@[!-;=?A-~]{1,64}")


def check_address(address: str, code: str) -> None:
    """Raise Refused, with `code` before its words, for an address that no command may carry."""
    if _PLAIN.fullmatch(address):
        return
    local, at, domain = address.rpartition("@")
    wrong = (
        not (local and at and domain)
        or any(char in "<>" or char.isspace() or not char.isprintable() for char in address)
        or len(local.encode("utf-8", "replace")) > LONGEST_LOCAL_PART
        or len(address.encode("utf-8", "replace")) > LONGEST_ADDRESS
    )
    if wrong:
        raise Refused(
            f"{code} {address[:LONGEST_ADDRESS]!r} is no address that mail can be sent to"
        )
