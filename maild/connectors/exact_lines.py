"""What a bill charges, piece by piece, and the lines of an entry that come to the same (pure).

A piece is a line of the bill, an allowance or charge of the whole, or a rounding. VAT is not worked
out again: the document's own amount per category and rate is spread over its pieces, so that an
entry is never a cent away from the paper.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import ROUND_DOWN, Decimal
from typing import Any, Final

from maild.connectors.exact_partner import DESCRIPTION, cut
from maild.model.bill import Bill, Line, Tax, TaxSubtotal
from maild.model.exact import (
    CATEGORIES,
    ExactMapping,
    ExactSide,
    Group,
    Grouping,
    VatKey,
    chosen,
    matched,
)
from maild.model.money import CENT, Amount, round_half_up

# More than this is no rounding, but figures that do not belong together.
LARGEST_ROUNDING: Final = Decimal("1.00")
_ZERO: Final = Decimal(0)


@dataclass(frozen=True, slots=True)
class Piece:
    """An amount without VAT and its VAT, both as the bill says, and where they are booked."""

    net: Decimal
    tax: Tax | None
    about: str
    item: str = ""  # its number, as the seller has it
    names: tuple[str, ...] = ()  # what patterns of items are held against
    account: str = ""
    vat_code: str = ""
    cost_center: str = ""
    vat: Decimal = _ZERO

    @property
    def total(self) -> Decimal:
        """What it adds to the entry."""
        return self.net + self.vat

    def values(self) -> dict[str, Any]:
        """The properties of its line, but for the account. Amounts travel as text, exact."""
        said: dict[str, Any] = {"AmountFC": f"{self.net:.2f}", "Description": self.about}
        if self.vat_code:
            said["VATCode"] = self.vat_code
        if self.vat or not self.vat_code or (self.tax and self.tax.percent):
            # At no rate the code decides: one of a reverse charge works out what it claims.
            said["VATAmountFC"] = f"{self.vat:.2f}"
        if self.cost_center:
            said["CostCenter"] = self.cost_center
        return said


@dataclass(frozen=True, slots=True)
class Pieces:
    """What was found, and what keeps it from being booked, in words with the key to write."""

    pieces: tuple[Piece, ...]
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Side:
    """Sales or purchases of one document: how they are booked, and where the other side is.

    `key` is the table of `how`. `foreign_vat`: VAT on the paper is that of another country, so only a
    key that names the country group may take it: nobody claims Dutch VAT back in a Belgian return.
    """

    how: ExactSide
    key: str
    group: Group | None
    foreign_vat: bool = False

    def vat_code(self, case: VatKey) -> str:
        """The VAT code of a case; empty where the mapping has none."""
        pairs = self.how.vat
        if self.foreign_vat and case.percent:
            pairs = tuple(one for one in pairs if one[0].group)
        return chosen(pairs, case) or ""


def pieces_of(bill: Bill, side: Side, mapping: ExactMapping) -> Pieces:
    """Everything that a bill charges, with its codes."""
    found = _plain(bill)
    plain = [piece for piece in found if piece.net] or found[:1]
    plain, problems = _taxed(bill, plain)
    coded = [_coded(piece, bill, side) for piece in plain]
    problems += _missing(coded, side)
    difference = _whole(bill) - sum((piece.total for piece in coded), start=_ZERO)
    if difference and abs(difference) <= LARGEST_ROUNDING:
        coded.append(Piece(difference, None, "Rounding", account=mapping.rounding_account))
        if not mapping.rounding_account:
            table = side.key.rpartition(".")[0]
            problems.append(
                f"it is rounded by {difference:.2f}: write {table}.rounding_account, the G/L account"
                " of differences"
            )
    elif difference:
        problems.append(f"its lines and VAT are {difference:.2f} away from its total")
    if not coded:
        problems.append("it has no amounts")
    return Pieces(tuple(coded), tuple(problems))


def lines_of(pieces: Iterable[Piece], mapping: ExactMapping, *, credit: bool) -> list[Piece]:
    """The lines of the entry: grouped as the mapping wants, credit below zero."""
    found: dict[object, Piece] = {}
    for number, piece in enumerate(pieces):
        place = (piece.account, piece.vat_code, piece.cost_center)
        key = place if mapping.lines is Grouping.GROUPED else number
        if (before := found.get(key)) is None:
            found[key] = piece
        else:
            about = cut(f"{before.about.removesuffix(' …')} …", DESCRIPTION)
            found[key] = replace(
                before, net=before.net + piece.net, vat=before.vat + piece.vat, about=about
            )
    sign = -1 if credit else 1
    return [replace(one, net=sign * one.net, vat=sign * one.vat) for one in found.values()]


def _plain(bill: Bill) -> list[Piece]:
    """The pieces of the bill without VAT; of a bill without lines one for each rate."""
    found = [
        Piece(
            _cents(line.net.value),
            line.tax,
            _about(line),
            item=line.item.seller_id or "",
            names=_names(line),
        )
        for line in bill.lines
        if line.net is not None
    ]
    for one in bill.allowances_charges:
        amount = one.amount.value if one.is_charge else -one.amount.value
        about = one.reason or ("Charge" if one.is_charge else "Allowance")
        found.append(Piece(_cents(amount), one.tax, cut(about, DESCRIPTION)))
    if not bill.lines:
        bases = [one for one in bill.taxes if one.base is not None]
        return [
            Piece(_cents(one.base.value), one.tax, f"{bill.number}") for one in bases if one.base
        ]
    return found


def _taxed(bill: Bill, pieces: list[Piece]) -> tuple[list[Piece], list[str]]:
    """Each piece with its part of the document's VAT; what is away from a base is added to one."""
    problems: list[str] = []
    given = {_rate(one.tax): one for one in bill.taxes}
    single = next(iter(given)) if len(given) == 1 else None
    rates = [_rate(one.tax) or single for one in pieces]
    done: dict[int, Piece] = {}
    for rate in dict.fromkeys(rates):
        places = [at for at, one in enumerate(rates) if one == rate]
        subtotal = given.pop(rate, None) if rate else None
        tax = pieces[places[0]].tax
        if subtotal is None and rate and not rate[1] and tax:
            subtotal = TaxSubtotal(tax, None, Amount.zero(bill.currency))
        if subtotal is None:
            what = "without VAT" if rate is None else f"of VAT {rate[0]} {rate[1]:f}"
            problems.append(f"its VAT breakdown says nothing of the lines {what}")
            continue
        own = [replace(pieces[at], tax=subtotal.tax) for at in places]
        done.update(zip(places, _spread(own, subtotal), strict=True))
    extra = [
        Piece(_cents(one.base.value) if one.base else _ZERO, one.tax, bill.number)
        for one in given.values()
    ]
    found = [done[at] for at in sorted(done)]
    found += [
        replace(piece, vat=_cents(one.amount.value))
        for piece, one in zip(extra, given.values(), strict=True)
        if piece.net or one.amount.value
    ]
    return found, problems


def _spread(pieces: list[Piece], subtotal: TaxSubtotal) -> list[Piece]:
    """Share the VAT of a rate out in proportion, whole cents, the rest to the largest."""
    net = sum((one.net for one in pieces), start=_ZERO)
    base = _cents(subtotal.base.value) if subtotal.base else net
    largest = max(range(len(pieces)), key=lambda at: abs(pieces[at].net))
    if base != net and abs(base - net) <= LARGEST_ROUNDING:
        pieces[largest] = replace(pieces[largest], net=pieces[largest].net + base - net)
        net = base
    vat = _cents(subtotal.amount.value)
    shares = [
        (vat * one.net / net).quantize(CENT, rounding=ROUND_DOWN) if net else _ZERO
        for one in pieces
    ]
    shares[largest] += vat - sum(shares, start=_ZERO)
    return [replace(one, vat=share) for one, share in zip(pieces, shares, strict=True)]


def _coded(piece: Piece, bill: Bill, side: Side) -> Piece:
    case, how = case_of(piece.tax, side.group), side.how
    parties = bill.seller.keys() | bill.buyer.keys()
    account = (
        matched(how.items, piece.names)
        or next((code for key, code in how.partners if key in parties), None)
        or chosen(how.accounts, case)
        or how.account
    )
    return replace(
        piece,
        account=account,
        vat_code=side.vat_code(case),
        cost_center=matched(how.cost_centers, piece.names) or how.cost_center,
    )


def case_of(tax: Tax | None, group: Group | None) -> VatKey:
    """What is known of the VAT of a piece, to choose codes by."""
    if tax is None:
        return VatKey(group=group)
    percent = tax.percent if tax.percent is not None else _ZERO
    return VatKey(tax.category, percent, group, (tax.exemption_code or "").upper())


def _missing(pieces: list[Piece], side: Side) -> list[str]:
    problems = []
    for piece in pieces:
        case = case_of(piece.tax, side.group)
        if not piece.vat_code:
            problems.append(_no_vat(case, side))
        if not piece.account:
            problems.append(f"no G/L account for {case}: write {side.key}.account")
    return list(dict.fromkeys(problems))


def _no_vat(case: VatKey, side: Side) -> str:
    """What to write for a case: as much as tells it from others of its kind."""
    taxed = bool(case.percent)
    about = CATEGORIES.get(case.category, case.category)
    if taxed and side.foreign_vat:
        about += ", VAT of another country"
    group = None if taxed and not side.foreign_vat else case.group
    wanted = VatKey(case.category, case.percent if taxed else None, group)
    where = "" if case.group else " (the country of the other side is not known)"
    return f'no VAT code for {case} ({about}){where}: write {side.key}.vat."{wanted}" = "its code"'


def _whole(bill: Bill) -> Decimal:
    """What the entry has to come to: with VAT, and as the bill is rounded (BT-112, BT-114)."""
    totals = bill.totals
    gross = totals.gross or totals.payable
    if gross is None:
        nets = sum((one.base.value for one in bill.taxes if one.base), start=_ZERO)
        return nets + sum((one.amount.value for one in bill.taxes), start=_ZERO)
    rounding = totals.rounding.value if totals.rounding and totals.gross else _ZERO
    return _cents(gross.value + rounding)


def _names(line: Line) -> tuple[str, ...]:
    """The number, classes and tags of an item, by which a person may group them."""
    found = [line.item.seller_id, *(one.value for one in line.item.classifications)]
    found += [f"{name}={value}" for name, value in line.item.attributes]
    return tuple(one for one in (*found, line.accounting_cost) if one)


def _about(line: Line) -> str:
    return cut(line.item.name or line.item.description or line.id, DESCRIPTION)


def _rate(tax: Tax | None) -> tuple[str, Decimal] | None:
    return None if tax is None else (tax.category, (tax.percent or _ZERO).normalize())


def _cents(value: Decimal) -> Decimal:
    return round_half_up(value)
