"""A mail becomes the documents in it: bills with their files, or a refusal that says everything.

It reads and judges nothing beyond that: who gets a document is the rules' business, and whether it
was here before is the desk's. Several documents in one mail are taken or refused whole.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from maild.errors import DocumentError, Problem
from maild.intake import pairing
from maild.intake.bare_files import TAGS_IN_WORDS, bare_drafts, holds_document, text_draft
from maild.intake.drafts import Draft, Sheet
from maild.intake.found import PDF, Found, bill_in, is_xml, joined
from maild.intake.hold import Hold
from maild.intake.opening import NONE_OPENED, NOTHING, TEXT, Openings
from maild.model.bill import Bill
from maild.model.delivery import HoldCode
from maild.model.document import Counterparty, Direction, Kind, Role, kind_of
from maild.model.money import Amount
from maild.model.party import Party, company_key
from maild.model.said import Said, placed
from maild.model.team import Team
from maild.reading.mail import Mail, Part
from maild.reading.names import safe_name, split_name
from maild.rules.book import TAGS
from maild.ubl.check import NO_DATE

# What programs put beside the files of a mail: invitations, business cards, the text in other forms,
# the Macintosh's notes about a file, the headers of a mail that came back.
_NO_FILES = frozenset(
    {"text/calendar", "application/ics", "text/vcard", "text/x-vcard", "text/directory"}
    | {"text/x-amp-html", "text/watch-html", "application/applefile", "text/rfc822-headers"}
    | {"application/pgp-encrypted", "application/ms-tnef"}
)
# Invoices of other standards: never to be passed on as a mere attachment.
_OTHER_BILLS = frozenset({"FatturaElettronica", "SCRDMCCBDACIOMessageStructure"})

# What Windows runs at a click.
_PROGRAMS = frozenset(
    {".exe", ".com", ".scr", ".pif", ".bat", ".cmd", ".msi", ".lnk", ".js", ".jse", ".vbs", ".vbe"}
    | {".wsf", ".wsh", ".hta", ".ps1", ".jar", ".cpl"}
)


@dataclass(slots=True)
class _Pile:
    """The parts of a mail, sorted, what is wrong with them, and what a person should know."""

    bills: list[Found] = field(default_factory=list)
    pdfs: list[Part] = field(default_factory=list)
    others: list[Part] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


def extract(
    mail: Mail, *, team: Team, tag: str | None, opened: Openings = NONE_OPENED
) -> tuple[Draft, ...]:
    """The documents of a mail to `team`, at least one.

    `tag` (a key of `TAGS`) says what they are where they do not say it themselves; `opened` what is
    in the files that only a child may open. Raises DocumentError with every problem of every file.
    """
    text = opened.get(TEXT)
    if text is not None and text.instead:
        files = [one for one in _files(mail) if not _is_program(one)]
        return (text_draft(mail, files, tag=tag, team=team, opened=text),)
    pile = _sorted(mail, opened)
    drafts: list[Draft] = []
    if pile.bills:
        drafts = _bills(pile, team=team, tag=tag, opened=opened)
    elif text is not None and not (
        pile.problems or holds_document(pile.pdfs, pile.others, opened=opened)
    ):
        return (text_draft(mail, pile.others, tag=tag, team=team, opened=text),)
    elif mail.problems and not pile.pdfs:
        # What could not be opened is what the mail was about.
        pile.problems += mail.problems
    elif not pile.problems:
        drafts = bare_drafts(
            pile.pdfs, pile.others, subject=mail.subject, tag=tag, team=team, opened=opened
        )
    if pile.problems:
        raise DocumentError(pile.problems)
    if text is not None:
        drafts.append(text_draft(mail, (), tag=tag, team=team, opened=text))
    remarks = (*pile.remarks, *(str(one) for one in mail.problems))
    return tuple(replace(one, warnings=(*one.warnings, *remarks)) for one in drafts)


def _sorted(mail: Mail, opened: Openings) -> _Pile:
    pile = _Pile()
    foreign: list[Part] = []
    seen: set[str] = set()
    for part in _files(mail):
        if _is_program(part):
            english = f"{part.name}: a program is not passed on"
            pile.remarks.append(Said("a_program", english, file=part.name))
            continue
        try:
            found = bill_in(part, opened.get(part.name, NOTHING))
        except DocumentError as fault:
            pile.problems += _named(part, fault)
            continue
        if found is not None:
            if found.sha256 not in seen:
                pile.bills.append(found)
            seen.add(found.sha256)
        elif part.media_type == PDF:
            pile.pdfs.append(part)
        else:
            pile.others.append(part)
            foreign += [part] if is_xml(part) else []
    _check_foreign(pile, foreign)
    return pile


def _files(mail: Mail) -> list[Part]:
    """The files that may be documents, each once: the same one is often in the forwarded mail too."""
    unlike = {part.sha256: part for part in reversed(mail.parts)}
    return [
        one
        for one in reversed(unlike.values())
        if not one.shown_inside and one.media_type not in _NO_FILES
    ]


def _is_program(part: Part) -> bool:
    return part.media_type in {part.declared, "application/octet-stream"} and (
        split_name(part.name)[1].lower() in _PROGRAMS
    )


def _check_foreign(pile: _Pile, foreign: Iterable[Part]) -> None:
    """Refuse XML that is no bill, unless it goes along with one and is no bill of another kind."""
    accompanied = bool(pile.bills or pile.pdfs)
    for part in foreign:
        root = pairing.root_name(part.readable) or "?"
        is_ubl = b"urn:oasis:names:specification:ubl:schema:xsd:" in part.readable[:8000]
        if accompanied and root not in _OTHER_BILLS and not is_ubl:
            continue
        pile.problems.append(
            Problem(
                "foreign_xml",
                part.name,
                f'the XML is a "{root}"; maild takes invoices, credit notes and quotations in UBL, '
                "and invoices and credit notes in CII (Factur-X)",
            )
        )


def _named(part: Part, fault: DocumentError) -> list[Problem]:
    return [
        replace(one, where=f"{part.name}: {one.where}" if one.where else part.name)
        for one in fault.problems
    ]


def _bills(pile: _Pile, *, team: Team, tag: str | None, opened: Openings) -> list[Draft]:
    bills = joined(pile.bills)
    alone = [one for one in bills if not one.has_pdf]
    found_pdfs = pairing.pair([(one.part, one.bill) for one in alone], pile.pdfs)
    pairs = {alone[at].sha256: pdf for at, pdf in found_pdfs.items()}
    paired = {id(part) for part in pairs.values()}
    rest = [one for one in pile.pdfs if id(one) not in paired] + pile.others
    attachments = tuple(Sheet(Role.ATTACHMENT, one.name, one.media_type, one.body) for one in rest)
    beside, odd = _beside(rest, opened)
    drafts = []
    for found in bills:
        try:
            kind, direction, warnings = _kind(found.bill, team=team, tag=tag)
        except DocumentError as fault:
            pile.problems += _named(found.part, fault)
            continue
        pdf = () if found.has_pdf else _pdf_sheet(found, pairs.get(found.sha256))
        drafts.append(
            Draft(
                kind=kind,
                direction=direction,
                number=found.bill.number or None,
                issued_on=None if found.bill.issued_on == NO_DATE else found.bill.issued_on,
                counterparty=_counterparty(found.bill, direction),
                # What is not believed is not said: a person looks at the page.
                total=None if found.hold else _total(found.bill),
                bill=None if found.hold else found.bill,
                sheets=(*found.sheets, *pdf, *attachments),
                content_sha256=found.sha256,
                tag=tag,
                warnings=(*warnings, *odd),
                hold=found.hold or beside,
            )
        )
    return drafts


def _beside(files: Iterable[Part], opened: Openings) -> tuple[Hold | None, tuple[str, ...]]:
    """What the files that go along with bills are held for, and what is odd about them.

    One that may harm is passed on by nobody unseen; one with a password only cannot be read.
    """
    holds = [(one.name, opened.get(one.name, NOTHING).hold) for one in files]
    told = tuple(placed(name, hold.reason) for name, hold in holds if hold)
    harmful = (
        Hold(hold.code, placed(name, hold.reason))
        for name, hold in holds
        if hold and hold.code is HoldCode.UNOPENED
    )
    return next(harmful, None), told


def _total(bill: Bill) -> Amount | None:
    """With VAT (BT-112); quotes of some programs say only what is payable."""
    return bill.totals.gross if bill.totals.gross is not None else bill.totals.payable


def _pdf_sheet(found: Found, pdf: Part | None) -> tuple[Sheet, ...]:
    """The document's PDF: what came beside it, else what is inside it."""
    if pdf is not None:
        return (Sheet(Role.PDF, pdf.name, "application/pdf", pdf.body),)
    inside = pairing.embedded(found.bill)
    if inside is None or inside.content is None:
        return ()
    stem, _ = split_name(found.part.name)
    name = safe_name(inside.name or f"{stem}.pdf", media_type="application/pdf")
    if not name.lower().endswith(".pdf"):
        name = f"{split_name(name)[0]}.pdf"
    return (Sheet(Role.PDF, name, "application/pdf", found.part.whole(inside.content)),)


def _kind(
    bill: Bill, *, team: Team, tag: str | None
) -> tuple[Kind, Direction | None, tuple[str, ...]]:
    """What a bill is for the team: by the team's own numbers in it, else by the tag."""
    own = {company_key(one) for one in team.vat}
    said = TAGS[tag] if tag else None
    if own & bill.seller.keys():
        direction: Direction | None = Direction.SALES
    elif own & bill.buyer.keys():
        direction = Direction.PURCHASE
    elif said is None:
        raise _not_ours(bill, team)
    else:
        direction = said.direction
    kind = kind_of(bill.kind, direction) if direction else Kind.OTHER
    warnings: tuple[str, ...] = ()
    if said is not None and said is not kind:
        english = f'the address says "+{tag}", the document itself is taken as {kind}'
        warnings = (Said("tag_says_other", english, tag=tag or "", kind=kind.value),)
    return kind, direction if kind is not Kind.OTHER else kind.direction, warnings


def _not_ours(bill: Bill, team: Team) -> DocumentError:
    return DocumentError(
        Problem(
            "not_ours",
            "BT-31, BT-48",
            f"the seller is {_who(bill.seller)}, the buyer {_who(bill.buyer)}; {team.name} has "
            f"{', '.join(team.vat) or 'no VAT number here'}; if the document is theirs all the "
            f"same, send it to their address with a tag: {TAGS_IN_WORDS}",
        )
    )


def _who(party: Party) -> str:
    number = party.vat or (party.legal_id.value if party.legal_id else None)
    number = number or (party.endpoint.value if party.endpoint else "without a number")
    return f'"{party.name or "?"}" ({number})'


def _counterparty(bill: Bill, direction: Direction | None) -> Counterparty:
    party = bill.seller if direction is not Direction.SALES else bill.buyer
    number = party.vat or (party.legal_id.value if party.legal_id else None)
    return Counterparty(name=party.name or party.trading_name, vat=number)
