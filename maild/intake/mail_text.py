"""A mail that is itself the document: when its text counts, and the PDF that is made of it.

Some shops and services send no file: the invoice is the text of the mail. Only where a team or a
mailbox rule says so; the mail is kept as it came.
"""

from __future__ import annotations

import json
from email.utils import parsedate_to_datetime
from typing import Final, Literal, TypeAlias

from maild.children import Limits
from maild.errors import Unreadable
from maild.model.document import Document, Role
from maild.model.team import Team
from maild.reading.mail import Mail
from maild.reading.sandbox import Sandbox

# What of a mail is the document: the files in it, its text, both; or its text when no file is one.
Take: TypeAlias = Literal["attachments", "mail", "both", "either"]

_JOB: Final = "maild.render.mail_page:pdf"
# The typesetter reserves about 1 GB of address space and uses a tenth of it (rendering.md section 2).
_LIMITS: Final = Limits(cpu=10.0, wall=30.0, memory=3 << 30)
# Points: the margin of the page and, below it, the lines that tell whose mail it was.
_MARGIN: Final = 57.0
_HEAD: Final = 90.0
_LONGEST: Final = 180  # characters of such a line
_NOTE: Final = "Made by maild from the text of a mail; the mail is kept as it came"

# The mail's own subject, sender and day are none of the document's: it was maybe passed on since.
TEXT_BELOW: Final = _MARGIN + _HEAD


def take_of(asked: Take, team: Team) -> Take:
    """What is taken: as the door's rule asks, else as the team does."""
    return "either" if asked == "attachments" and team.mail_text else asked


def text_below(document: Document) -> float:
    """Below which height, in points, the first page of a document is its own; 0 for all but mails.

    A PDF that maild made is that of a picture, which is kept beside it, or of the text of a mail.
    """
    pdf = document.file(Role.PDF)
    of_mail = pdf is not None and pdf.made and document.file(Role.ORIGINAL) is None
    return TEXT_BELOW if of_mail else 0.0


async def as_pdf(sandbox: Sandbox, mail: Mail) -> bytes:
    """The text of a mail as a PDF. Raises Unreadable when there is none that can be set."""
    said = [("Subject", mail.subject), ("From", mail.sender), ("Date", mail.date)]
    order = {
        "rows": [[name, _cut(value)] for name, value in said if value] or [["From", "?"]],
        "head": _HEAD,
        "html": mail.html,
        "text": mail.text,
        "day": _day(mail.date),
        "note": _NOTE,
    }
    made = await sandbox.run(_JOB, json.dumps(order).encode(), limits=_LIMITS)
    if not made.startswith(b"%PDF-"):
        raise Unreadable("the process that set the text gave no answer that makes sense")
    return made


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _day(said: str | None) -> str | None:
    """The day of the mail, for the date of the file: the clock must not enter its bytes."""
    try:
        day = parsedate_to_datetime(said or "").date()
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    return day.isoformat() if day.year >= 1970 else None
