"""Which files of a document go into one mail, as its inbox wants them, and what they are called.

Pure: it looks at what a document has and reads no bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from maild.errors import ProfileMismatch
from maild.model.delivery import Delivery
from maild.model.document import Document, File, Role
from maild.model.said import Said
from maild.model.team import FILES, Attach, Profile
from maild.outbox.message import plain_ascii
from maild.reading.names import safe_name

_LONGEST_BASE: Final = 60
_PDF: Final = "application/pdf"
# Peppol and the inboxes read both; text/xml would let a relay "repair" line ends and characters in
# bytes that must stay as issued (RFC 7303 section 9.2 makes the two equal otherwise).
_XML: Final = "application/xml"


@dataclass(frozen=True, slots=True)
class Chosen:
    """A file for the mail: `file` is None for a PDF that is still to be rendered."""

    name: str
    media_type: str
    file: File | None
    role: Role


def choose(
    document: Document, *, delivery: Delivery, profile: Profile, base: str
) -> tuple[Chosen, ...]:
    """The files of one mail, in the order PDF, UBL, attachments.

    `base` is the common name of PDF and UBL. `delivery.part` n takes the nth file of an inbox that
    wants one file a mail. Raises ProfileMismatch when the inbox cannot be given what it needs.
    """
    wanted = [one for one in FILES if one in (delivery.attach or profile.attach)]
    if profile.machine:
        wanted = [one for one in wanted if one in profile.takes]
    found = tuple(_offered(document, wanted, base=base))
    if not found and not profile.machine:
        # A person can look at whatever came; an accounting inbox would book it.
        found = tuple(_offered(document, list(FILES), base=base))
    if not found:
        names = ", ".join(one.value for one in wanted) or "nothing"
        english = (
            f"{delivery.address} (profile {profile.name}) takes {names}, and document {document.id} "
            "has none of that: cancel this delivery, or hand the document in with its UBL"
        )
        raise ProfileMismatch(Said("no_file_for_it", english, profile=profile.name, files=names))
    _check_pair(found, delivery=delivery, profile=profile)
    # A package that is too large for one mail goes in parts, whatever the inbox wants.
    in_parts = profile.one_file_a_mail or delivery.part
    return _part(found, delivery=delivery) if in_parts else found


def base_name(document: Document, *, kind: str) -> str:
    """What PDF and UBL are called without their extension: "factuur-2026-0412".

    `kind` is the word for its kind. Without a number it is the name that the file came with. ASCII
    letters, digits, dots, dashes and underscores only: those survive every mail client and
    accounting program.
    """
    came = document.file(Role.PDF) or document.file(Role.UBL)
    if document.number or not came:
        text = f"{kind.lower()} {document.number or document.id}"
    else:
        text = came.name.rpartition(".")[0] or came.name
    safe = re.sub(r"[^A-Za-z0-9._]+", "-", plain_ascii(text))[:_LONGEST_BASE].strip("-._")
    return safe or document.id


def _offered(document: Document, wanted: Sequence[Attach], *, base: str) -> Iterator[Chosen]:
    pdf, ubl = document.file(Role.PDF), document.file(Role.UBL)
    if Attach.PDF in wanted and (pdf or ubl):
        yield Chosen(f"{base}.pdf", _PDF, pdf, Role.PDF)
    if Attach.UBL in wanted and ubl:
        yield Chosen(f"{base}.xml", _XML, ubl, Role.UBL)
    if Attach.ATTACHMENTS in wanted:
        taken = {f"{base}.pdf", f"{base}.xml"}
        for file in document.files:
            if file.role in (Role.ATTACHMENT, Role.ARCHIVE):
                name = safe_name(file.name, media_type=file.media_type, taken=taken)
                taken.add(name)
                yield Chosen(name, file.media_type, file, file.role)


def _check_pair(found: tuple[Chosen, ...], *, delivery: Delivery, profile: Profile) -> None:
    types = {one.media_type for one in found}
    if profile.needs_pair and _XML in types and _PDF not in types:
        english = (
            f"{delivery.address} (profile {profile.name}) takes a UBL only together with its PDF: "
            "let the rule attach both, or cancel this delivery"
        )
        raise ProfileMismatch(Said("takes_pair", english, profile=profile.name))


def _part(found: tuple[Chosen, ...], *, delivery: Delivery) -> tuple[Chosen, ...]:
    if len(found) == 1 and delivery.part <= 1:
        return found
    if 1 <= delivery.part <= len(found):
        return (found[delivery.part - 1],)
    english = (
        f"{delivery.address} takes one file a mail, and this is mail {delivery.part} of a document "
        f"with {len(found)} files: cancel this delivery, and hand the document in again"
    )
    raise ProfileMismatch(Said("other_count", english, part=delivery.part, many=len(found)))
