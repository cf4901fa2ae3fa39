"""Net, VAT, gross, what is due and the VAT breakdown: the arithmetic's answer, with a verdict.

Pure. Totals are proven when they add up, their gross is called a total, nothing else adds up nearly as
well, and no amount that is called a total says otherwise (purchase_reading.md A3).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from maild.model.figures import Field, Rate, Verdict
from maild.reading.amounts import Money, amounts_in, bare_rate, percentages_in, written
from maild.reading.labels import Label
from maild.reading.seen import Line, Seen, column_labels, row_labels
from maild.reading.solve import LEGAL, Paper, Solution, Sum, solve

_MONEY: Final = frozenset({"net", "vat", "gross", "due", "prepaid", "rounding", "base"})
_HEADING: Final = re.compile(r"\D*%\D*")
_MARGIN: Final = 4  # of weight, by which the best answer must lead
ENOUGH: Final = 10  # of weight, under which an answer is a guess
_MOST_AMOUNTS: Final = 3_000


@dataclass(frozen=True, slots=True)
class Printed:
    """The amounts of a document, with their labels, and the currencies printed at them."""

    amounts: tuple[Seen[Money], ...]
    currencies: frozenset[str]

    def at(self, cents: int, *meanings: str) -> Seen[Money] | None:
        """Where an amount stands, best after one of those labels; the last place counts."""
        places = [one for one in self.amounts if one.value.cents == cents]
        named = [one for one in places if meanings and _meanings(one) & frozenset(meanings)]
        return named[-1] if named else places[-1] if places else None

    def after(self, *meanings: str) -> list[Seen[Money]]:
        """The amounts whose label means one of these, in the order of the page: in the row, else above."""
        wanted = frozenset(meanings)
        told = [one for one in self.amounts if one.near and one.near[0].meanings & wanted]
        return [one for one in told if one.beside] or told


def printed(lines: Sequence[Line]) -> Printed:
    """The amounts of a document."""
    found: list[Seen[Money]] = []
    for line in lines:
        for at, cell in enumerate(line.row.cells):
            for value, start, end in amounts_in(cell.text):
                near = [*row_labels(line, cell=at, start=start)[:1]]
                above = column_labels(lines, line, at)[:1]
                told = tuple(one for one in (*near, *above) if one.meanings & _MONEY)
                beside = bool(near) and near[0] in told
                found.append(Seen(value, line, at, start, end, told, beside))
        if len(found) > _MOST_AMOUNTS:
            break
    marks = frozenset(one.value.currency for one in found if one.value.currency)
    return Printed(tuple(found), marks)


def solved(lines: Sequence[Line], money: Printed) -> tuple[list[Solution], bool]:
    """The ways in which the document adds up, the best first, and whether all of them were looked at."""
    sums = [Sum(one.value.cents, _meanings(one), one.line.at) for one in money.amounts]
    paper = Paper(sums, rates_in(lines), _is_untaxed(lines))
    return solve(paper) if sums else [], not paper.exhausted


def total_fields(lines: Sequence[Line], money: Printed, *, one_currency: bool) -> dict[str, Field]:
    """The fields of the totals; proven only on a page that speaks of one currency."""
    solutions, whole_search = solved(lines, money)
    best = solutions[0] if solutions and solutions[0].weight >= ENOUGH else None
    if best is None:
        return _by_label(money)
    # Where the search was broken off, one that was not seen may speak against the best.
    sure = whole_search and one_currency and _is_sure(best, solutions[1:], money)
    others = tuple(written(one.gross) for one in solutions[1:4] if one.gross != best.gross)
    return stated(lines, money, best, sure=sure, others=others)


def stated(
    lines: Sequence[Line],
    money: Printed,
    best: Solution,
    *,
    sure: bool,
    others: tuple[str, ...] = (),
) -> dict[str, Field]:
    """The fields of totals that were chosen, each where it stands; `others` could be the gross instead."""
    verdict = Verdict.PROVEN if sure else Verdict.LIKELY
    fields = {
        "net_total": _placed(money, best.net, verdict, "net", "base"),
        "vat_total": _placed(money, best.vat, verdict, "vat"),
        "gross_total": _placed(money, best.gross, verdict, "gross", "due", others=others),
        "amount_due": _due(money, best, sure=sure),
    }
    # A rest beside taxed rows is a row of its own only where the page prints that it bears 0 %.
    rest = best.rest if not best.rates or Decimal(0) in rates_in(lines) else 0
    if best.rates or rest:
        whole = not (best.rates and best.rest)
        shown = verdict if whole else Verdict.LIKELY
        fields["vat_breakdown"] = _breakdown(money, best, shown, rest=rest)
    return fields


def speaks_against(one: Seen[Money], best: Solution, money: Printed) -> bool:
    """Whether an amount after the word for a total is none that these totals explain.

    A total before VAT of some lines, a part that has its own row, what is left after a part was paid:
    all of these are called totals too. What exceeds the gross, or nearly is it, is something else.
    """
    cents, gross = abs(one.value.cents), abs(best.gross)
    if cents in {abs(best.net), abs(best.vat), gross}:
        return False
    if cents > gross:
        return True
    within = 10 * max(100, gross // 1000)
    return gross - cents <= within and money.at(cents - gross) is None and "net" not in _first(one)


def rates_in(lines: Sequence[Line]) -> dict[Decimal, frozenset[int]]:
    """The printed percentages, each with its rows; without their sign where a heading bears it."""
    found: dict[Decimal, set[int]] = {}
    cells = [(line, cell.text) for line in lines for cell in line.row.cells]
    headed = any(_HEADING.fullmatch(text) for _, text in cells)
    for line, text in cells:
        told = [rate for rate, _, _ in percentages_in(text)]
        bare = bare_rate(text) if headed else None
        told += [bare] if bare is not None and bare in LEGAL else []
        for rate in told:
            if rate in LEGAL or any("vat" in one.meanings for one in _labels([line])):
                found.setdefault(rate, set()).add(line.at)
    return {rate: frozenset(rows) for rate, rows in found.items()}


def _is_untaxed(lines: Sequence[Line]) -> bool:
    """Whether the page says that no VAT is due; one that is exempt and names a rate of VAT contradicts itself."""
    said = frozenset[str]().union(*(label.meanings for label in _labels(lines)))
    if "reverse" in said or "exempt" not in said:
        return "reverse" in said
    taxed = {line.at for line in lines if any("vat" in one.meanings for one in _labels([line]))}
    return not any(rate and held & taxed for rate, held in rates_in(lines).items())


def _is_sure(best: Solution, rest: Iterable[Solution], money: Printed) -> bool:
    close = any(one.weight > best.weight - _MARGIN for one in rest)
    named = money.at(best.gross, "gross", "due")
    is_total = named is not None and bool(_meanings(named) & {"gross", "due"})
    legal = best.vat == 0 or bool(best.rates) or _is_legal(best)
    return (
        is_total
        and not close
        and legal
        and len(money.currencies) <= 1
        and not any(speaks_against(one, best, money) for one in money.after("gross", "due", "net"))
    )


def _is_legal(one: Solution) -> bool:
    """Whether totals without a printed rate fit one of the usual ones."""
    return any(abs(one.net * rate / 100 - one.vat) <= 1 for rate in LEGAL if rate)


def _first(one: Seen[Money]) -> frozenset[str]:
    return one.near[0].meanings if one.near else frozenset()


def _due(money: Printed, best: Solution, *, sure: bool) -> Field:
    """What is left to pay: the gross, less what was paid before when the page says so."""
    named = [one for one in money.after("due") if abs(one.value.cents) <= abs(best.gross)]
    paid = {abs(one.value.cents) for one in money.after("prepaid", "rounding")}
    for one in reversed(named):
        left = abs(best.gross) - abs(one.value.cents)
        if left and left in paid:
            verdict = Verdict.PROVEN if sure else Verdict.LIKELY
            return _field(one, verdict, checks=("gross - paid = due",))
    same = [one for one in named if one.value.cents == best.gross]
    if same and sure and not paid - {0}:
        return _field(same[-1], Verdict.PROVEN, checks=("gross = due",))
    if named and not same:
        return _field(named[-1], Verdict.LIKELY)
    return _placed(money, best.gross, Verdict.LIKELY, "due", "gross")


def _breakdown(money: Printed, best: Solution, verdict: Verdict, *, rest: int) -> Field:
    rows = sorted(best.rates, key=lambda one: -one.rate)
    told = [Rate(f"{one.rate:f}", written(one.base), written(one.vat)) for one in rows]
    if rest:
        told.append(Rate("0", written(rest), written(0)))
    place = money.at(rows[0].vat if rows else rest, "vat", "base", "net")
    return Field(
        tuple(told),
        verdict,
        place.page if place else None,
        place.box if place else None,
        checks=("base x rate = VAT",),
    )


def _by_label(money: Printed) -> dict[str, Field]:
    """What stands after the words, where nothing adds up: unproven when the three contradict."""
    found = {
        key: money.after(*meanings)
        for key, meanings in (
            ("net_total", ("net",)),
            ("vat_total", ("vat",)),
            ("gross_total", ("gross",)),
            ("amount_due", ("due",)),
        )
    }
    named = [one for one in found["gross_total"] if one.beside]
    found["gross_total"] = named or found["amount_due"] or found["gross_total"]
    found["amount_due"] = found["amount_due"] or found["gross_total"]
    chosen = {key: places[-1] for key, places in found.items() if places}
    three = [chosen.get(key) for key in ("net_total", "vat_total", "gross_total")]
    wrong = all(three)
    verdict = Verdict.UNPROVEN if wrong else Verdict.LIKELY
    return {key: _field(one, verdict) for key, one in chosen.items()}


def _placed(
    money: Printed, cents: int, verdict: Verdict, *meanings: str, others: tuple[str, ...] = ()
) -> Field:
    """A field with its place, or without one when it follows from others."""
    place = money.at(cents, *meanings)
    if place is None:
        return Field(written(cents), verdict, checks=("net + VAT = gross",), others=others)
    checks = ("net + VAT = gross",) if verdict is Verdict.PROVEN else ()
    return _field(place, verdict, checks=checks, others=others)


def _field(
    one: Seen[Money],
    verdict: Verdict,
    *,
    checks: tuple[str, ...] = (),
    others: tuple[str, ...] = (),
) -> Field:
    value = written(one.value.cents)
    return Field(value, verdict, one.page, one.box, one.word, checks, others)


def _meanings(one: Seen[Money]) -> frozenset[str]:
    return frozenset().union(*(label.meanings for label in one.near)) & _MONEY


def _labels(lines: Iterable[Line]) -> Iterable[Label]:
    return (label for line in lines for cell in line.labels for label in cell)
