"""What maild reads in a file, for a person who asks: nothing is stored, nothing is refused.

Reading is lenient here: what cannot be accepted is still shown, with its problems. Mails are looked
into by `maild.intake.inspect_mail`, which asks here about each file, PDFs by `inspect_pdf`.
"""

from __future__ import annotations

from typing import Any, Final

from maild.errors import DocumentError, Problem
from maild.intake import pairing, payload
from maild.model.bill import Bill
from maild.model.document import Direction
from maild.model.party import company_key
from maild.model.team import Team
from maild.reading.names import type_of
from maild.reading.picture import PICTURES
from maild.ubl import document as ubl
from maild.ubl.cii import document as cii
from maild.ubl.describe import describe
from maild.ubl.document import Look

# More than any door takes; a larger file is not a document of ours.
LARGEST: Final = 64_000_000


PICTURE_ONLY: Final = Problem(
    "picture_only",
    "",
    "a photo or scan; maild makes a PDF of it when it is sent to the team's address with a tag such "
    "as +purchase",
)


def inspect(name: str, content: bytes, *, team: Team | None = None) -> dict[str, Any]:
    """The object of `maild inspect --json` for one file that is no mail.

    Raises DocumentError when it is no document of ours.
    """
    return shown(read(content), name=name, team=team)


def read(content: bytes) -> Look | Bill:
    """What a file says, as far as it can be read. Raises DocumentError when it is none of ours."""
    start = content[:1024].lstrip(b"\xef\xbb\xbf \t\r\n")
    if start.startswith((b"<", b"\xff\xfe", b"\xfe\xff")):
        is_cii = pairing.root_name(content) in cii.ROOTS
        return cii.look(content) if is_cii else ubl.look(content)
    if start.startswith((b"{", b"[")):
        return payload.to_bill(content)
    if type_of(content) in PICTURES:
        raise DocumentError(PICTURE_ONLY)
    raise DocumentError(
        Problem(
            "not_a_document", "", "neither UBL, nor CII, nor our JSON document, a PDF or a mail"
        )
    )


def shown(seen: Look | Bill, *, name: str, team: Team | None) -> dict[str, Any]:
    """The object for what was read."""
    return describe(seen, file=name, direction=direction_of(bill_of(seen), team))


def bill_of(seen: Look | Bill) -> Bill:
    """The bill in it."""
    return seen if isinstance(seen, Bill) else seen.bill


def direction_of(bill: Bill, team: Team | None) -> str | None:
    """Sales or purchase, by the team's own numbers in the bill; None when neither or not asked."""
    own = {company_key(one) for one in team.vat} if team else set()
    if own & bill.seller.keys():
        return Direction.SALES.value
    return Direction.PURCHASE.value if own & bill.buyer.keys() else None
