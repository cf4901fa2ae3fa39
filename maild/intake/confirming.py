"""A person confirms the figures of a page: checked, remembered for its supplier, and the document goes on.

Only what he confirmed, and what is proven, is passed on as figures. What waits for another reason is
decided in `maild.intake.review`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Final

from maild.errors import NotFound, Unreadable, UserError
from maild.intake import review
from maild.intake.describing import describe
from maild.intake.familiar import numbered
from maild.intake.figures import pages_of
from maild.intake.mail_text import text_below
from maild.intake.page_draft import side_of
from maild.intake.paper_bill import DERIVED, bill_of, derived_ubl
from maild.intake.said import Fault, WrongFigures, as_json, taken
from maild.intake.settling import call_off, go_on, of_page
from maild.model.bill import Bill
from maild.model.document import Direction, Document, File, Role, kind_of
from maild.model.figures import Value
from maild.model.paper import Paper, paper_of
from maild.model.supplier import Sign, Supplier
from maild.model.team import Team
from maild.reading.names import split_name
from maild.reading.pages import signs
from maild.reading.sandbox import Sandbox
from maild.store import blobs, documents, readings, suppliers
from maild.store.blobs import BlobStore, Staged
from maild.store.database import Database, Tx
from maild.store.readings import Settled

_PERSON: Final = "person"


@dataclass(frozen=True, slots=True)
class Confirmed:
    """What a person confirmed, ready to be written."""

    team: Team
    document: str
    paper: Paper
    bill: Bill
    values: Mapping[str, Value]
    supplier: Supplier
    ubl: tuple[File, Staged] | None
    always: review.Always
    now: datetime


@dataclass(frozen=True, slots=True)
class Confirming:
    """Takes a person's word for the figures of pages."""

    db: Database
    blobs: BlobStore
    sandbox: Sandbox = field(repr=False)
    now: Callable[[], datetime]

    async def waits(self, document: str) -> bool:
        """Whether a document waits for its figures."""
        return await self.db.read(partial(is_waiting, document=document))

    async def confirm(
        self,
        document: Document,
        team: Team,
        *,
        said: Mapping[str, str],
        always: review.Always = "once",
        by: str = _PERSON,
    ) -> None:
        """Take what was read, with what a person said instead, and let the document go on.

        Raises UserError with every problem, and where an account is new and was not named.
        """
        reading = await self.db.read(partial(readings.of_document, document=document.id))
        if reading is None:
            raise NotFound(f"{document.id} has no figures that were read from a page")
        values = taken(reading.figures, said)
        paper = paper_of(values)
        bill = bill_of(paper, team)
        if bill is None:
            raise UserError(f"{document.id}: its number, date, currency or total is missing")
        if "iban" not in said:
            await self._check_account(paper, team, printed=reading.figures["iban"]["value"] or ())
        looks = await self._signs(document, team, values)
        now = self.now()
        one = Confirmed(
            team=team,
            document=document.id,
            paper=paper,
            bill=bill,
            values=values,
            supplier=_supplier(paper, looks, team=team, document=document.id, by=by, now=now),
            ubl=await self._derived(document, bill),
            always=always,
            now=now,
        )
        await self.db.write(partial(_write, one))

    async def pass_on(
        self, document: Document, team: Team, *, always: review.Always = "once"
    ) -> None:
        """Let a document go as the mere file that it is: no figure of it is claimed."""
        await self.db.write(
            partial(_as_file, document=document.id, team=team, always=always, now=self.now())
        )

    async def _check_account(self, paper: Paper, team: Team, *, printed: Sequence[str]) -> None:
        """A new account of a known supplier is confirmed by name, never by the way."""
        known = await self.db.read(partial(suppliers.find, team=team.slug, key=paper.key))
        strange = [one for one in printed if known and one not in known.accounts]
        if strange and known:
            who = known.name or known.key
            shown = ", ".join(strange)
            words = f"the account {shown} was never one of {who} at {team.slug}"
            raise WrongFigures(
                [Fault("iban", "account", shown, words)],
                hint="ask the supplier by a number that you know already; when it is right, name it: "
                f"--set iban={','.join(printed)}",
            )

    async def _signs(
        self, document: Document, team: Team, values: Mapping[str, Value]
    ) -> tuple[Sign, ...]:
        """How the figures look on the page; nothing where it cannot be read: they are believed still."""
        pdf = document.file(Role.PDF)
        if pdf is None:
            return ()
        said = {key: one for key, one in values.items() if isinstance(one, str)}
        try:
            content, below = await self.blobs.read(pdf.sha256), text_below(document)
            pages = await pages_of(self.sandbox, content, team=team, below=below)
            return await signs(self.sandbox, pages, said)
        except Unreadable:
            return ()

    async def _derived(self, document: Document, bill: Bill) -> tuple[File, Staged] | None:
        content = derived_ubl(bill)
        if content is None or document.file(Role.UBL) is not None:
            return None
        staged = await self.blobs.stage(content)
        pdf = document.file(Role.PDF)
        name = f"{split_name(pdf.name)[0] if pdf else document.id}{DERIVED}"
        return File(
            Role.UBL, name, "application/xml", staged.size, staged.sha256, made=True
        ), staged


def is_waiting(tx: Tx, document: str) -> bool:
    """Whether a document waits for its figures, or for its account."""
    reading = readings.of_document(tx, document)
    return reading is not None and reading.state is Settled.WAITING


def _supplier(
    paper: Paper,
    signs: tuple[Sign, ...],
    *,
    team: Team,
    document: str,
    by: str,
    now: datetime,
) -> Supplier:
    return Supplier(
        team=team.slug,
        key=paper.key,
        name=paper.seller,
        currency=paper.currency,
        accounts=frozenset(paper.accounts),
        signs=signs,
        confirmed_at=now,
        confirmed_by=by,
        document=document,
    )


def _write(one: Confirmed, tx: Tx) -> None:
    waiting = _still(tx, one.document)
    document = replace(
        waiting,
        kind=kind_of(one.bill.kind, Direction.PURCHASE),
        number=one.bill.number,
        issued_on=one.bill.issued_on,
        counterparty=side_of(one.paper, one.bill),
        total=one.bill.totals.gross,
        bill=one.bill,
    )
    if one.always != "once":
        review.learn(tx, waiting, always=one.always, now=one.now)
    suppliers.learn(tx, one.supplier)
    twin, earlier = numbered(tx, document, team=one.team)
    if twin is not None:
        _join(tx, waiting, twin=twin, now=one.now)
        return
    if one.ubl is not None:
        blobs.keep(tx, one.ubl[1])
    review.decided(tx, document, verdict="confirmed", now=one.now)
    go_on(
        tx,
        one.team,
        replace(document, review="confirmed"),
        state=Settled.CONFIRMED,
        now=one.now,
        said=as_json(one.values),
        files=(one.ubl[0],) if one.ubl else (),
        earlier=earlier,
        supplier=one.supplier.key,
    )


def _join(tx: Tx, waiting: Document, *, twin: Document, now: datetime) -> None:
    """The page is a document that is there already: it goes nowhere, and its arrival is that one's."""
    for arrival in documents.arrivals_of(tx, waiting.id):
        documents.repeat_arrival(
            tx, twin.id, arrival, detail="a person confirmed that it is the same document: it came"
        )
    pdf = waiting.file(Role.PDF)
    if pdf is not None and twin.file(Role.PDF) is None:
        documents.add_file(tx, twin.id, pdf)
    reason = f"it is the same as {describe(twin)}, which is there already"
    readings.settle(tx, waiting.id, state=Settled.CONFIRMED)
    call_off(tx, waiting.id, now=now, reason=reason)
    review.decided(tx, waiting, verdict="rejected", now=now, detail=reason)


def _as_file(tx: Tx, *, document: str, team: Team, always: review.Always, now: datetime) -> None:
    waiting = _still(tx, document)
    if always != "once":
        review.learn(tx, waiting, always=always, now=now)
    readings.settle(tx, document, state=Settled.FILE)
    review.let_all_go(tx, of_page(tx, document), team=team, now=now)
    detail = "passed on as a file: no figure of it is claimed"
    review.decided(tx, waiting, verdict="confirmed", now=now, detail=detail)


def _still(tx: Tx, document: str) -> Document:
    """The document, if it waits still: two people may decide at once."""
    found = documents.get(tx, document)
    if not is_waiting(tx, document):
        raise review.nothing(found)
    return found
