"""A document with its figures becomes an entry for Exact Online, by the team's mapping (pure).

Lines come to what the document says, to the cent: VAT is the document's own per category and rate
(BG-23), spread over its lines. Credit is negative (exact_online.md A4). Nothing is asked there; a
code that is missing is named with the key to write it under.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from maild.connectors.exact_booking import Booking, EntryLine, ItemWanted
from maild.connectors.exact_lines import Piece, Side, lines_of, pieces_of
from maild.connectors.exact_partner import DESCRIPTION, cut, partner_of
from maild.errors import ProfileMismatch
from maild.model.bill import Bill, BillKind
from maild.model.document import Direction, Document
from maild.model.exact import EU, ExactMapping, ExactSide, Group, Numbering
from maild.model.party import Party, company_key
from maild.model.said import Said
from maild.model.team import Team

YOUR_REF: Final = 30  # characters; assumed, the field lists say none
SUBJECT: Final = 200  # the same
LARGEST_NUMBER: Final = 2**31 - 1
_WORDS: Final = {
    (Direction.SALES, BillKind.INVOICE): "Invoice",
    (Direction.SALES, BillKind.CREDIT_NOTE): "Credit note",
    (Direction.PURCHASE, BillKind.INVOICE): "Purchase invoice",
    (Direction.PURCHASE, BillKind.CREDIT_NOTE): "Purchase credit note",
}


@dataclass(frozen=True, slots=True)
class _Case:
    """One document and everything that decides about it. `key` is that of its table."""

    team: Team
    bill: Bill
    mapping: ExactMapping
    side: ExactSide
    key: str
    direction: Direction

    @property
    def other(self) -> Party:
        """The customer or supplier."""
        return self.bill.buyer if self.direction is Direction.SALES else self.bill.seller


def booking_of(team: Team, document: Document) -> Booking:
    """The entry of a document. Raises ProfileMismatch, which holds its delivery, with what to do."""
    case = _case(team, document)
    bill, direction = case.bill, case.direction
    group = group_of(team, case.other)
    # Sales carry the team's own VAT wherever they go; a supplier's VAT is that of his number.
    foreign = direction is Direction.PURCHASE and group in {Group.EU, Group.OUTSIDE}
    found = pieces_of(bill, Side(case.side, case.key, group, foreign), case.mapping)
    problems = [*found.problems]
    number, said = _number(case)
    problems += said
    if problems:
        raise _held(document, problems)
    lines = lines_of(found.pieces, case.mapping, credit=bill.kind is BillKind.CREDIT_NOTE)
    word = _WORDS[direction, bill.kind]
    partner = partner_of(case.other, case.mapping)
    about = f"{word} {bill.number} {partner.name}"
    return Booking(
        purchase=direction is Direction.PURCHASE,
        journal=_journal(case),
        reference=_reference(bill.number),
        booked_on=bill.issued_on,
        total=sum((line.total for line in lines), start=Decimal(0)),
        partner=partner,
        lines=tuple(EntryLine(line.account, line.values()) for line in lines),
        values=_header(case, about, number=number),
        subject=cut(about, SUBJECT),
        document_type=case.mapping.document_types[direction is Direction.PURCHASE],
        items=_items(found.pieces, case),
    )


def group_of(team: Team, other: Party) -> Group | None:
    """Where the other side is, by its VAT number, else its address; None where neither says."""
    own = team.vat[0][:2] if team.vat else ""
    key = company_key(other.vat)
    country = key[:2] if key[:2].isalpha() else (other.address.country or "").upper()
    if not country:
        return None
    if country == own:
        return Group.DOMESTIC
    return Group.EU if country in EU else Group.OUTSIDE


def _case(team: Team, document: Document) -> _Case:
    key = f"team.{team.slug}.exact"
    bill, direction = document.bill, document.direction
    if bill is None:
        raise _held(document, ["it has no figures that could be booked; book it by hand"])
    if direction is None or (direction, bill.kind) not in _WORDS:
        raise _held(document, [f"a {bill.kind} is not booked; leave it out of the rule's `kinds`"])
    name = "sales" if direction is Direction.SALES else "purchases"
    mapping = team.exact
    side = getattr(mapping, name, None)
    if mapping is None or side is None:
        said = f"[{key}.{name}] is missing; `maild exact setup {team.slug}` proposes it"
        raise _held(document, [said])
    return _Case(team, bill, mapping, side, f"{key}.{name}", direction)


def _held(document: Document, problems: list[str]) -> ProfileMismatch:
    said = "; ".join(dict.fromkeys(problems))
    number = document.number or document.id
    english = f"{number} cannot be booked at Exact Online yet: {said}. Nothing was asked there."
    return ProfileMismatch(Said("not_bookable", english, number=number, why=said))


def _journal(case: _Case) -> str:
    if case.bill.kind is BillKind.CREDIT_NOTE and case.side.credit_notes:
        return case.side.credit_notes
    return case.side.journal


def _header(case: _Case, about: str, *, number: int | None) -> dict[str, Any]:
    bill = case.bill
    due = _due(bill)
    values: dict[str, Any] = {"Currency": bill.currency, "Description": cut(about, DESCRIPTION)}
    if due:
        values["DueDate"] = due.isoformat()
        days = (due - bill.issued_on).days
        if condition := dict(case.mapping.payment_conditions).get(days):
            values["PaymentCondition"] = condition
    remittance = next((one.remittance for one in bill.payment_means if one.remittance), None)
    if remittance:
        values["PaymentReference"] = cut(remittance, DESCRIPTION)
    if number is not None:
        values["EntryNumber"] = values["InvoiceNumber"] = number
    return values


def _due(bill: Bill) -> date | None:
    return bill.due_on or next((one.due_on for one in bill.payment_means if one.due_on), None)


def _number(case: _Case) -> tuple[int | None, list[str]]:
    """The number of the entry where the document gives it; the field takes a whole number only."""
    if case.mapping.numbering is Numbering.EXACT or case.direction is Direction.PURCHASE:
        return None, []
    digits = "".join(one for one in case.bill.number if one.isascii() and one.isdigit())
    if digits and 0 < int(digits) <= LARGEST_NUMBER:
        return int(digits), []
    key = f"team.{case.team.slug}.exact.numbering"
    return None, [f'its number makes no number of an entry; write {key} = "exact"']


def _reference(number: str) -> str:
    """What the entry is looked up by. A longer number keeps its end, which tells it from others."""
    text = " ".join(number.split())
    return text if len(text) <= YOUR_REF else f"…{text[-(YOUR_REF - 1) :]}"


def _items(pieces: tuple[Piece, ...], case: _Case) -> tuple[ItemWanted, ...]:
    if not case.mapping.make_items or case.direction is Direction.PURCHASE:
        return ()
    found: dict[str, ItemWanted] = {}
    for piece in pieces:
        code = piece.item
        if code and code not in found:
            values = {"Code": code, "Description": cut(piece.about or code, DESCRIPTION)}
            found[code] = ItemWanted(code, {**values, "IsSalesItem": True})
    return tuple(found.values())
