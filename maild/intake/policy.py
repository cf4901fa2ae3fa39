"""What is no document but mail about mail, and how much of what was refused is kept.

Who may hand in is the business of the doors and of `maild.intake.senders`; what goes to whom, the
rules'.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from maild.errors import Unwanted
from maild.reading.mail import Mail

# RFC 5321 section 6.3 asks for at least 100 hops before a loop is suspected.
MAX_HOPS: Final = 100

# Kept refusals of one team and peer in a day; above it only their hash is kept, so that a program
# that retries for ever does not fill the disk.
REFUSED_PER_DAY: Final = 200
REFUSED_BYTES_PER_DAY: Final = 100_000_000
QUOTA_PERIOD: Final = timedelta(days=1)


def check_mail(mail: Mail) -> None:
    """Refuse what is no document but mail about mail. Raises Unwanted.

    `Auto-Submitted: auto-generated` is no reason: invoicing programs set it, as RFC 3834 wants.
    """
    if mail.received > MAX_HOPS:
        raise Unwanted(
            f"the mail has passed {mail.received} servers, so it goes round in a circle",
            smtp="554 5.4.6",
        )
    if mail.content_type == "multipart/report":
        raise Unwanted("this is a report about another mail; this address takes documents only")
    if (mail.auto_submitted or "").lower().startswith("auto-replied"):
        raise Unwanted("this is an automatic reply; this address takes documents only")
