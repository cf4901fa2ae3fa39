"""A purchase that is only a page, as the document that its page makes of it.

Pure. What is sure of it is claimed; what is not stays a candidate, and the document waits.
"""

from __future__ import annotations

from dataclasses import replace

from maild.intake.drafts import Draft, Sheet
from maild.intake.page_reading import Read
from maild.intake.paper_bill import DERIVED, bill_of, derived_ubl
from maild.model.bill import Bill
from maild.model.document import Counterparty, Direction, Role, kind_of
from maild.model.paper import Paper
from maild.model.said import Said
from maild.model.team import Team
from maild.reading.names import split_name

DERIVED_WORDS = Said(
    "derived",
    "its UBL was derived from the figures of its page: the supplier issued none, and it says so",
)


def as_read(draft: Draft, read: Read | None, *, team: Team) -> Draft:
    """The draft of a file with what its pages say; the same draft where nobody read them."""
    if read is None:
        return draft
    draft = replace(draft, kind=kind_of(read.paper.kind, Direction.PURCHASE), read=read)
    bill = None if read.hold else bill_of(read.paper, team)
    if bill is None:
        guess = read.guess
        return replace(
            draft,
            number=guess.number or draft.number,
            counterparty=Counterparty(guess.seller or draft.counterparty.name, read.paper.vat),
            hold=draft.hold or read.hold,
        )
    made = derived_ubl(bill)
    name = f"{split_name(draft.sheets[0].name)[0]}{DERIVED}"
    ubl = (Sheet(Role.UBL, name, "application/xml", made, made=True),) if made else ()
    return replace(
        draft,
        number=bill.number,
        issued_on=bill.issued_on,
        counterparty=side_of(read.paper, bill),
        total=bill.totals.gross,
        bill=bill,
        sheets=(*draft.sheets, *ubl),
        warnings=(*draft.warnings, DERIVED_WORDS) if made else draft.warnings,
    )


def side_of(paper: Paper, bill: Bill) -> Counterparty:
    """The supplier, as far as he is sure."""
    number = bill.seller.legal_id.value if bill.seller.legal_id else None
    return Counterparty(bill.seller.name, paper.vat or number)
