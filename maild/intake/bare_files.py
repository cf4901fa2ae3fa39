"""Documents without figures: files that nobody reads, called what the address's tag says.

Their number and the other side come from subject and file name, as far as those tell; what the pages of
a purchase say comes before that (`maild.intake.page_draft`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from maild.errors import DocumentError, Problem
from maild.intake.drafts import Draft, Sheet
from maild.intake.hints import hints
from maild.intake.opening import NONE_OPENED, NOTHING, Opened, Openings
from maild.intake.page_draft import as_read
from maild.intake.pairing import is_terms
from maild.model.document import Counterparty, Direction, Kind, Role
from maild.model.team import Team
from maild.reading.mail import Mail, Part, sha256_of
from maild.reading.names import safe_name, split_name
from maild.rules.book import TAGS

_PDF: Final = "application/pdf"
TAGS_IN_WORDS: Final = ", ".join(f"+{tag}" for tag in TAGS)


def bare_drafts(
    pdfs: Sequence[Part],
    others: Sequence[Part],
    *,
    subject: str | None,
    tag: str | None,
    team: Team,
    opened: Openings = NONE_OPENED,
) -> list[Draft]:
    """A document for each PDF but terms and conditions, which go along.

    Where there is no PDF, one for each photo or scan; with the tag "other", for each file.
    Raises DocumentError that names the tags when nothing says what the files are.
    """
    if not pdfs and not others:
        raise DocumentError(_no_file())
    bills = [one for one in pdfs if not is_terms(one.name)] or pdfs
    pictures = [one for one in others if opened.get(one.name, NOTHING).is_document]
    chosen = bills or pictures or (others if tag and TAGS[tag] is Kind.OTHER else [])
    if tag is None or not chosen:
        raise DocumentError(_unsaid([*pdfs, *others], tag))
    rest = [one for one in (*pdfs, *others) if one not in chosen]
    unlike = {one.sha256: one for one in chosen}
    return [
        as_read(
            _draft(one, rest, subject=subject, tag=tag, opened=opened.get(one.name, NOTHING)),
            opened.get(one.name, NOTHING).read,
            team=team,
        )
        for one in unlike.values()
    ]


def holds_document(pdfs: Sequence[Part], others: Iterable[Part], *, opened: Openings) -> bool:
    """Whether a file without figures is a document all the same: a PDF, a photo."""
    return bool(pdfs) or any(opened.get(one.name, NOTHING).is_document for one in others)


def text_draft(
    mail: Mail, files: Iterable[Part], *, tag: str | None, team: Team, opened: Opened
) -> Draft:
    """The document that a mail itself is, its text set as a PDF; `files` go along.

    Raises DocumentError when it has no text, or nothing says what it is.
    """
    if opened.made is None:
        raise DocumentError(Problem("no_text", "", opened.remark or "the mail has no text"))
    if tag is None:
        words = "the text of the mail is the document, and nothing says which kind; send it to the "
        raise DocumentError(Problem("no_tag", "", f"{words}address with a tag: {TAGS_IN_WORDS}"))
    name = f"{split_name(safe_name(mail.subject or 'mail', media_type=_PDF))[0]}.pdf"
    page = Part(name=name, media_type=_PDF, body=opened.made, declared=_PDF)
    draft = _draft(page, files, subject=mail.subject, tag=tag, opened=opened)
    # What it is, its words say: the day on which it was sent again is none of them.
    said = sha256_of((mail.html or mail.text).encode())
    return replace(as_read(draft, opened.read, team=team), content_sha256=said)


def _draft(
    part: Part, rest: Iterable[Part], *, subject: str | None, tag: str, opened: Opened
) -> Draft:
    kind = TAGS[tag]
    purchase = kind.direction is not Direction.SALES
    seen = hints(subject, split_name(part.name)[0], purchase=purchase)
    return Draft(
        kind=kind,
        direction=kind.direction,
        number=seen.number,
        issued_on=None,
        counterparty=Counterparty(name=seen.counterparty),
        total=None,
        bill=None,
        sheets=(
            *_shown(part, opened),
            *(Sheet(Role.ATTACHMENT, one.name, one.media_type, one.body) for one in rest),
        ),
        content_sha256=part.sha256,
        tag=tag,
        warnings=(f"{part.name}: {opened.remark}",) if opened.remark else (),
        hold=opened.hold,
    )


def _shown(part: Part, opened: Opened) -> tuple[Sheet, ...]:
    """What shows the document: the file itself, or the PDF that was made of a picture."""
    if opened.made is None:
        role = Role.PDF if part.media_type == _PDF else Role.ATTACHMENT
        return (Sheet(role, part.name, part.media_type, part.body),)
    page = Sheet(Role.PDF, f"{split_name(part.name)[0]}.pdf", _PDF, opened.made, made=True)
    if part.media_type == _PDF:  # the text of a mail, which is kept as the mail
        return (page,)
    return (
        page,
        Sheet(Role.ORIGINAL, part.name, part.media_type, part.body),
    )


def _no_file() -> Problem:
    return Problem(
        "no_file",
        "",
        "the mail has no file in it; attach the document as UBL (XML) or JSON, or send a PDF to "
        f"the address with a tag that says what it is: {TAGS_IN_WORDS}",
    )


def _unsaid(parts: Sequence[Part], tag: str | None) -> Problem:
    names = ", ".join(one.name for one in parts)
    if tag:
        words = f"with +{tag} a PDF, photo, UBL or JSON is expected"
        return Problem("no_document", names, words)
    return Problem(
        "no_tag",
        names,
        "came without UBL or JSON that says what it is; send it to the address with a tag: "
        f"{TAGS_IN_WORDS}",
    )
