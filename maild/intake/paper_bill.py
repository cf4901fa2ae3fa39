"""A page's figures as a bill, and that as a UBL of our own: derived, and marked so.

Pure. The supplier issued a page and no UBL, so what is written here says in its note that it was made
of the page, and claims EN 16931 and no network. Why no VAT is due is a judgement (reverse charge,
exemption, export) that no figure proves: a page without VAT gets one only where it prints that its supplier
is exempt, or a person said so.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Final

from maild.model.bill import (
    Account,
    Bill,
    Item,
    Line,
    Note,
    PaymentMeans,
    Price,
    Tax,
    TaxSubtotal,
    Totals,
)
from maild.model.money import Amount
from maild.model.paper import Paper
from maild.model.party import Address, Identifier, Party, company_key
from maild.model.team import Team
from maild.ubl.convert import as_ubl

DERIVED: Final = "-derived.xml"  # how the file of a derived UBL ends
_NOTE: Final = (
    "Derived from the page of the supplier's PDF {number}; this file was not issued by the supplier. "
    "Afgeleid van de PDF van de leverancier, niet door hem uitgegeven. "
    "Dérivé du PDF du fournisseur, non émis par lui."
)
_TERMS: Final = "PDF"
_TRANSFER: Final = "30"  # UNCL4461
_STANDARD, _EXEMPT = "S", "E"  # UNCL5305
_PIECE: Final = "C62"
_ENTERPRISE: Final = "0208"
_COUNTRIES: Final = {"EL": "GR"}


def bill_of(paper: Paper, team: Team) -> Bill | None:
    """The bill that a page is; None when its number, date, currency or gross is not sure."""
    if not (paper.number and paper.issued_on and paper.currency) or paper.gross is None:
        return None
    bill = Bill(
        kind=paper.kind,
        number=paper.number,
        issued_on=paper.issued_on,
        currency=paper.currency,
        seller=_seller(paper),
        buyer=_buyer(team),
        totals=_totals(paper),
        due_on=paper.due_on,
        notes=(Note(_NOTE.format(number=paper.number)),),
        payment_means=tuple(_means(paper)),
        payment_terms=None if paper.due_on else _TERMS,
    )
    rows = tuple(_rows(paper))
    return replace(bill, taxes=rows, lines=tuple(_lines(rows, paper))) if rows else bill


def derived_ubl(bill: Bill) -> bytes | None:
    """The UBL of a page's bill; None when it lacks what EN 16931 needs."""
    return as_ubl(bill) if bill.taxes and bill.seller.name else None


def _totals(paper: Paper) -> Totals:
    net, tax, gross = (_amount(one, paper) for one in (paper.net, paper.tax, paper.gross))
    due = _amount(paper.due, paper) or gross
    prepaid = gross - due if gross and due and gross != due else None
    return Totals(lines=net, net=net, tax=tax, gross=gross, prepaid=prepaid, payable=due)


def _rows(paper: Paper) -> Iterator[TaxSubtotal]:
    """A row for each rate, when all rows are taxed and add up to the totals, or one that is exempt."""
    net = _amount(paper.net, paper)
    if paper.exemption and net and paper.tax == 0 and paper.net == paper.gross:
        tax = Tax(_EXEMPT, Decimal(0), exemption_reason=paper.exemption)
        yield TaxSubtotal(tax, net, Amount.zero(net.currency))
        return
    told = [(Decimal(one.rate), _cents(one.base), _cents(one.vat)) for one in paper.rates]
    bases = sum((base for _, base, _ in told if base is not None), Decimal(0))
    vats = sum((vat for _, _, vat in told if vat is not None), Decimal(0))
    whole = all(rate > 0 and base is not None and vat is not None for rate, base, vat in told)
    sums = (abs(paper.net or Decimal(0)), abs(paper.tax or Decimal(0)))
    if not whole or (bases, vats) != sums:
        return
    for rate, base, vat in told:
        if base is not None and vat is not None and paper.currency:
            tax = Tax(_STANDARD, rate)
            yield TaxSubtotal(tax, Amount(base, paper.currency), Amount(vat, paper.currency))


def _lines(rows: tuple[TaxSubtotal, ...], paper: Paper) -> Iterator[Line]:
    """A line for each rate: the lines of the page are not read."""
    for n, row in enumerate(rows, 1):
        name = f"{paper.number} ({row.tax.percent:f} %)"
        price = Price(row.base) if row.base else None
        tax = replace(row.tax, exemption_reason=None)  # it stands in the breakdown only (BT-120)
        yield Line(str(n), Decimal(1), _PIECE, row.base, Item(name), price, tax)


def _seller(paper: Paper) -> Party:
    key = company_key(paper.vat) or company_key(paper.enterprise)
    country = key[:2] if key[:2].isalpha() else (paper.accounts[0][:2] if paper.accounts else None)
    legal = Identifier(key[2:], _ENTERPRISE) if key.startswith("BE") else None
    return Party(
        name=paper.seller,
        vat=paper.vat,
        legal_id=legal,
        address=Address(country=_COUNTRIES.get(country or "", country)),
    )


def _buyer(team: Team) -> Party:
    vat = team.vat[0] if team.vat else None
    key = company_key(vat)
    return Party(name=team.name, vat=key or None, address=Address(country=key[:2] or None))


def _means(paper: Paper) -> Iterator[PaymentMeans]:
    for one in paper.accounts[:3]:
        yield PaymentMeans(_TRANSFER, remittance=paper.communication, account=Account(one))


def _amount(value: Decimal | None, paper: Paper) -> Amount | None:
    """Without its sign on a credit note, as UBL has it; below zero it is nothing of an invoice's."""
    if value is None or paper.currency is None:
        return None
    return Amount(abs(value), paper.currency)


def _cents(text: str | None) -> Decimal | None:
    return None if text is None else abs(Decimal(text))
