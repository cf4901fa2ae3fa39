"""The name that a provider gives to a mail when it takes it: some write a Message-ID of their own."""

from __future__ import annotations

import re
from typing import Final

# "250 2.6.0 <id@prod.outlook.com> [InternalId=...] Queued" and the like.
_NAMED: Final = re.compile(r"<([^<>\s@]{6,200}@[^<>\s@]{1,200})>")
# Amazon SES: "250 Ok 0102018c...-000000", which becomes the local part of the Message-ID.
_SES: Final = re.compile(r"\bOk ([0-9a-f]{12,32}(?:-[0-9a-f]{2,32}){2,8})\s*$", re.IGNORECASE)


def sent_as(reply: str | None) -> str | None:
    """The id in a reply to the dot, without brackets; None when it names none."""
    if reply is None or not reply.startswith("2"):
        return None
    found = _NAMED.search(reply) or _SES.search(reply)
    return found[1] if found else None
