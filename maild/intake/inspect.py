"""What maild reads in a file, for a person who asks: nothing is stored, nothing is refused.

Reading is lenient here: what cannot be accepted is still shown, with its problems. A mail (.eml) is
shown by the first document in it.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any, Final

from maild.errors import DocumentError, Problem
from maild.intake import payload
from maild.model.bill import Bill
from maild.model.document import Direction
from maild.model.party import company_key
from maild.model.team import Team
from maild.reading import mime
from maild.reading.mail import Part
from maild.ubl import document as ubl
from maild.ubl.describe import describe, describe_unknown

# More than any door takes; a larger file is not a document of ours.
LARGEST: Final = 64_000_000


def inspect(name: str, content: bytes, *, team: Team | None = None) -> dict[str, Any]:
    """The object of `maild inspect --json` for one file; its kind is "unknown" when it cannot be read."""
    try:
        return _inspect(name, content, team=team)
    except DocumentError as fault:
        return describe_unknown(name, fault.problems)


def _inspect(name: str, content: bytes, *, team: Team | None) -> dict[str, Any]:
    start = content[:1024].lstrip(b"\xef\xbb\xbf \t\r\n")
    if start.startswith((b"<", b"\xff\xfe", b"\xfe\xff")):
        look = ubl.look(content)
        return describe(look, file=name, direction=direction_of(look.bill, team))
    if start.startswith((b"{", b"[")):
        bill = payload.to_bill(content)
        return describe(bill, file=name, direction=direction_of(bill, team))
    if b"%PDF-" in content[:1024]:
        raise DocumentError(
            Problem(
                "pdf_only",
                "",
                "a PDF; maild does not read figures from the page. Send its UBL along, or send it "
                "to the team's address with a tag such as +invoice",
            )
        )
    return _mail(name, content, team=team)


def _mail(name: str, content: bytes, *, team: Team | None) -> dict[str, Any]:
    """A mail, by the first document in it; its other files are listed as attachments."""
    if not _looks_like_mail(content):
        raise DocumentError(
            Problem("not_a_document", "", "neither UBL, nor our JSON document, nor a mail")
        )
    mail = mime.read(content)
    problems: list[Problem] = []
    for part in mail.parts:
        if part.media_type not in {"application/xml", "application/json"}:
            continue
        try:
            shown = _inspect(part.name, part.content, team=team)
        except DocumentError as fault:
            problems += [
                replace(one, where=f"{part.name} {one.where}".strip()) for one in fault.problems
            ]
            continue
        others = [_attachment(one) for one in mail.parts if one is not part]
        return shown | {"file": name, "attachments": [*shown["attachments"], *others]}
    return describe_unknown(
        name, problems or [Problem("no_document", "", "a mail without a UBL or JSON document")]
    ) | {"attachments": [_attachment(one) for one in mail.parts]}


def _looks_like_mail(content: bytes) -> bool:
    """Whether it starts with a header field (RFC 5322 section 2.2), as a mail does."""
    first, colon, _ = content[:1000].partition(b":")
    return bool(colon) and bool(first) and all(33 <= byte <= 126 for byte in first)


def _attachment(part: Part) -> dict[str, Any]:
    return {
        "name": part.name,
        "media_type": part.media_type,
        "size": len(part.content),
        "sha256": hashlib.sha256(part.content).hexdigest(),
    }


def direction_of(bill: Bill, team: Team | None) -> str | None:
    """Sales or purchase, by the team's own numbers in the bill; None when neither or not asked."""
    own = {company_key(one) for one in team.vat} if team else set()
    if own & bill.seller.keys():
        return Direction.SALES.value
    return Direction.PURCHASE.value if own & bill.buyer.keys() else None
