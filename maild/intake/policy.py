"""What is no document, and when two are one: loops, automatic replies, and the key of a number.

Who may hand in where is the doors' business; what goes to whom is the rules'.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import timedelta
from typing import Final

from maild.errors import DocumentError
from maild.model.document import Document
from maild.model.party import company_key
from maild.model.team import Team
from maild.reading.mail import Mail

# RFC 5321 section 6.3 asks for at least 100 hops before a loop is suspected.
MAX_HOPS: Final = 100

# Kept refusals of one team and peer in a day; above it only their hash is kept, so that a program
# that retries for ever does not fill the disk.
REFUSED_PER_DAY: Final = 200
REFUSED_BYTES_PER_DAY: Final = 100_000_000
QUOTA_PERIOD: Final = timedelta(days=1)


def check_mail(mail: Mail) -> None:
    """Refuse what is no document but mail about mail. Raises DocumentError.

    `Auto-Submitted: auto-generated` is no reason: invoicing programs set it, as RFC 3834 wants.
    """
    if mail.received > MAX_HOPS:
        raise DocumentError(
            f"the mail has passed {mail.received} servers, so it goes round in a circle",
            smtp="554 5.4.6",
        )
    if mail.content_type == "multipart/report":
        raise DocumentError(
            "this is a report about another mail; this address takes documents only"
        )
    if (mail.auto_submitted or "").lower().startswith("auto-replied"):
        raise DocumentError("this is an automatic reply; this address takes documents only")


def same_number_key(document: Document, *, team: Team) -> str | None:
    """What two documents share when one may replace the other; None when that cannot be known.

    Kind, who issued it, its number without case, blanks and signs, and the year: two suppliers may
    both have a 2026-001, and one may start again each year.
    """
    if not document.number:
        return None
    issuer = _issuer(document, team)
    number = re.sub(r"[\W_]", "", unicodedata.normalize("NFKC", document.number)).casefold()
    if not issuer or not number:
        return None
    year = document.issued_on.year if document.issued_on else ""
    return f"{document.kind}|{issuer}|{number}|{year}"


def _issuer(document: Document, team: Team) -> str:
    if document.bill is None:
        if document.direction is not None and document.direction.value == "sales":
            return company_key(team.vat[0]) if team.vat else team.slug
        return (document.counterparty.name or "").casefold()
    seller = document.bill.seller
    keys = seller.keys()
    # The team itself may stand in its documents with any of its numbers.
    own = sorted(company_key(one) for one in team.vat)
    if keys & set(own):
        return own[0]
    return company_key(seller.vat) or min(keys, default="") or (seller.name or "").casefold()
