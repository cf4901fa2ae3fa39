"""Purchases that are only a page: read, compared with what is known of the supplier, and settled or not.

A document whose number, date, supplier and totals are proven goes on by itself; the others wait for a
person with their candidates. Nothing is stored here. Source: purchase_reading.md A3.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final

from maild.errors import Unreadable
from maild.intake.accounts import warning
from maild.intake.figures import pages_of
from maild.intake.hold import Hold
from maild.model.bill import BillKind
from maild.model.delivery import HoldCode
from maild.model.document import Kind
from maild.model.figures import KEYS, Field, Figures, Verdict
from maild.model.paper import NEEDED, Paper, likely, proven, supplier_key
from maild.model.said import Said, all_of
from maild.model.supplier import Supplier
from maild.model.team import Team
from maild.reading.mail import Body
from maild.reading.pages import recalled
from maild.reading.sandbox import Sandbox
from maild.rules.book import TAGS
from maild.store import suppliers
from maild.store.database import Database, Tx

NOTHING: Final[Figures] = dict.fromkeys(KEYS, Field())
_DECIDE: Final = Said("see_review", "look at it under maild review")
_BOUGHT: Final = {
    Kind.PURCHASE_INVOICE: BillKind.INVOICE,
    Kind.PURCHASE_CREDIT_NOTE: BillKind.CREDIT_NOTE,
}
_MOST: Final = 30  # pages of one mail that are read; each may take half a second


@dataclass(frozen=True, slots=True)
class Read:
    """What a page says. `paper` has what is sure of it; `hold` is why a person must look, if he must.

    `supplier` is what is known of who made it.
    """

    figures: Figures = field(repr=False)
    paper: Paper
    supplier: Supplier | None = None
    hold: Hold | None = None

    @property
    def guess(self) -> Paper:
        """What it says if everything was read right."""
        return likely(self.figures)


@dataclass(frozen=True, slots=True)
class PageReader:
    """Reads pages in the sandbox, beside the memory of a team."""

    sandbox: Sandbox = field(repr=False)
    db: Database = field(repr=False)

    async def read(self, content: Body, *, team: Team, kind: BillKind, below: float = 0.0) -> Read:
        """What a PDF's pages say to a team; `kind` is what its sender calls it. Never raises over it.

        What stands above `below` points on the first page is left out.
        """
        try:
            pages = await pages_of(self.sandbox, content, team=team, below=below)
        except Unreadable as fault:
            return unread(_unreadable(fault), kind)
        known = await self.db.read(partial(supplier_of, team=team.slug, figures=pages.figures))
        try:
            figures = await recalled(self.sandbox, pages, known) if known else pages.figures
        except Unreadable as fault:
            return unread(_unreadable(fault), kind)
        return settled(figures, known, kind=kind, has_text=pages.has_text)


def bought(tag: str | None) -> BillKind | None:
    """What a tag says that somebody bought; None for anything else, whose pages nobody reads."""
    return _BOUGHT.get(TAGS[tag]) if tag else None


def supplier_of(tx: Tx, *, team: str, figures: Figures) -> Supplier | None:
    """What a team knows of the supplier of a page: by his number, else by an account of his."""
    vat, enterprise, ibans = (
        figures[key] for key in ("supplier_vat", "supplier_enterprise_no", "iban")
    )
    accounts = tuple(map(str, ibans.value or ()))
    for one in (vat, enterprise):
        if isinstance(one.value, str) and one.verdict is not Verdict.UNPROVEN:
            return suppliers.find(tx, team, supplier_key(one.value, None, ()))
    return suppliers.with_account(tx, team, accounts) if accounts else None


def settled(
    figures: Figures, supplier: Supplier | None, *, kind: BillKind, has_text: bool = True
) -> Read:
    """Whether figures are sure that were compared with the supplier's memory. Pure."""
    figures = dict(figures)
    if figures["doc_type"].page is None and figures["doc_type"].value != BillKind.CREDIT_NOTE:
        # Where the page does not say what it is, its sender's word counts.
        figures["doc_type"] = Field(kind.value, Verdict.LIKELY)
    paper = replace(proven(figures), kind=BillKind(str(figures["doc_type"].value)))
    strange = unseen(figures, supplier)
    if strange and supplier:
        return Read(
            figures, paper, supplier, Hold(HoldCode.NEW_ACCOUNT, warning(strange, supplier))
        )
    unsure = [key for key in NEEDED if figures[key].verdict is not Verdict.PROVEN]
    if not _is_known(figures, supplier):
        unsure.append("supplier_vat")
    if not has_text:
        english = "its pages have no text that maild can read"
        return Read(figures, paper, supplier, _hold(Said("pages_without_text", english)))
    if unsure:
        return Read(figures, paper, supplier, _hold(_doubts(figures, unsure)))
    if kind is not paper.kind:
        english = f"it came as {_called(kind)} and calls itself {_called(paper.kind)}"
        said = Said("calls_itself", english, kind=kind.value, found=paper.kind.value)
        return Read(figures, paper, supplier, _hold(said))
    return Read(figures, paper, supplier)


def unread(words: str, kind: BillKind) -> Read:
    """A page of which nothing is known, and why."""
    return Read(NOTHING, Paper(kind), hold=_hold(words))


def unseen(figures: Figures, supplier: Supplier | None) -> tuple[str, ...]:
    """The accounts on a page that its supplier never had, by what people confirmed of him."""
    if supplier is None:
        return ()
    return tuple(
        one for one in map(str, figures["iban"].value or ()) if one not in supplier.accounts
    )


def too_many(kind: BillKind) -> Read:
    """What is not read since its mail has too many."""
    english = f"its mail has more than {_MOST} PDFs, and so many are read of one mail"
    return unread(Said("many_pdfs", english, most=_MOST), kind)


def within(names: Iterable[str]) -> frozenset[str]:
    """The first so many, which are read."""
    return frozenset([*names][:_MOST])


def plain(key: str) -> str:
    """A key of the figures as words: "invoice number"."""
    return key.replace("_", " ").replace("vat", "VAT").replace("iban", "account")


def _is_known(figures: Figures, supplier: Supplier | None) -> bool:
    """Whether it is sure who made it: by a proven number, or an account that is his alone."""
    if figures["supplier_vat"].verdict is Verdict.PROVEN:
        return True
    if figures["supplier_vat"].value or supplier is None:
        return False
    return figures["iban"].verdict is Verdict.PROVEN


def _hold(words: str) -> Hold:
    return Hold(HoldCode.FIGURES, all_of([words, _DECIDE]))


def _unreadable(fault: Unreadable) -> str:
    return Said("pages_unread", f"its pages cannot be read: {fault}", why=str(fault))


def _doubts(figures: Figures, unsure: Iterable[str]) -> str:
    told = []
    for key in unsure:
        one = figures[key]
        if isinstance(one.value, str):
            english = f"{plain(key)} ({one.value})"
            told.append(Said("figure_unsure", english, field=key, value=one.value))
        else:
            told.append(Said("figure_none", f"{plain(key)} (none found)", field=key))
    return Said("not_proven", f"not proven by its page: {', '.join(told)}", values=told)


def _called(kind: BillKind) -> str:
    return f"{'a' if kind is BillKind.CREDIT_NOTE else 'an'} {kind.replace('_', ' ')}"
