"""Which of the printed amounts are net, VAT and gross: found by arithmetic, in whole cents.

Pure. Labels only weigh: what comes out adds up to the cent, and each VAT is its rate of its base to
two cents. The search is bounded by a budget; `Paper.exhausted` says that it was broken off, and then nothing that
it found is proven.
Source: purchase_reading.md A3.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import combinations, product
from typing import Final

BUDGET: Final = 50_000  # combinations
SLACK: Final = 2  # cents: VAT that was rounded line by line
_MOST_RATES: Final = 4
_KEPT_A_RATE: Final = 12
_MOST_VALUES: Final = 600
_HUNDRED: Final = Decimal(100)
# Standard and reduced rates of the European Union, Switzerland and Norway, and German rates of 2020.
LEGAL: Final = frozenset(
    map(
        Decimal,
        [
            "0",
            "2.1",
            "2.6",
            "3",
            "3.8",
            "4",
            "4.8",
            "5",
            "5.5",
            "6",
            "7",
            "7.7",
            "8",
            "8.1",
            "8.5",
            "9",
            "9.5",
            "10",
            "12",
            "13",
            "13.5",
            "14",
            "15",
            "16",
            "17",
            "18",
            "19",
            "20",
            "21",
            "22",
            "23",
            "24",
            "25",
            "25.5",
            "27",
        ],
    )
)


@dataclass(frozen=True, slots=True)
class Sum:
    """A printed amount: cents, what its labels can mean, the row it stands in."""

    cents: int
    meanings: frozenset[str]
    row: int


@dataclass(frozen=True, slots=True)
class Taxed:
    """A base, its rate and its VAT; `weight` says how much speaks for it."""

    rate: Decimal
    base: int
    vat: int
    weight: int = 0


@dataclass(frozen=True, slots=True)
class Solution:
    """Totals that add up; `rest` is what bears no VAT."""

    net: int
    vat: int
    gross: int
    rates: tuple[Taxed, ...] = ()
    rest: int = 0
    weight: int = 0

    @property
    def totals(self) -> tuple[int, int, int]:
        """Net, VAT and gross."""
        return self.net, self.vat, self.gross


@dataclass(slots=True)
class Paper:
    """What the arithmetic is given: sums, printed rates with their rows, words of no VAT."""

    sums: Sequence[Sum]
    rates: Mapping[Decimal, frozenset[int]]
    untaxed: bool = False
    spent: int = 0
    meanings: dict[int, frozenset[str]] = field(init=False)
    rows: dict[int, frozenset[int]] = field(init=False)

    def __post_init__(self) -> None:
        meanings: dict[int, set[str]] = {}
        rows: dict[int, set[int]] = {}
        for one in self.sums:
            meanings.setdefault(one.cents, set()).update(one.meanings)
            rows.setdefault(one.cents, set()).add(one.row)
        self.meanings = {cents: frozenset(held) for cents, held in meanings.items()}
        self.rows = {cents: frozenset(held) for cents, held in rows.items()}

    def means(self, cents: int, *meanings: str) -> bool:
        """Whether an amount stands there after a label that means one of these."""
        return not self.meanings.get(cents, frozenset()).isdisjoint(meanings)

    @property
    def exhausted(self) -> bool:
        """Whether the budget is spent."""
        return self.spent >= BUDGET


def solve(paper: Paper) -> list[Solution]:
    """Every way in which the page adds up, the best first; none of the same totals twice."""
    found = [*_taxed(paper), *_untaxed(paper), *_unrated(paper)]
    best: dict[tuple[int, int, int], Solution] = {}
    for one in sorted(found, key=lambda solution: (-solution.weight, -abs(solution.gross))):
        best.setdefault(one.totals, one)
    return list(best.values())


def _taxed(paper: Paper) -> Iterator[Solution]:
    """Combinations of rows of distinct rates whose sum is printed."""
    by_rate = {rate: _rows_of(paper, rate) for rate in sorted(paper.rates) if rate}
    by_rate = {rate: rows for rate, rows in by_rate.items() if rows}
    totals = [cents for cents in paper.meanings if paper.means(cents, "gross", "due")]
    for count in range(1, min(len(by_rate), _MOST_RATES) + 1):
        for rates in combinations(by_rate, count):
            for rows in product(*(by_rate[rate] for rate in rates)):
                paper.spent += 1
                if paper.exhausted:
                    return
                yield from _sums_of(paper, rows, totals=totals)


def _sums_of(paper: Paper, rows: tuple[Taxed, ...], *, totals: Sequence[int]) -> Iterator[Solution]:
    base, vat = sum(one.base for one in rows), sum(one.vat for one in rows)
    if base + vat in paper.meanings:
        yield _weighed(paper, Solution(base, vat, base + vat, rows))
    for gross in totals:
        rest = gross - base - vat
        net = base + rest
        said = rest in paper.meanings or (paper.means(net, "net") and paper.means(vat, "vat"))
        if rest and said and net in paper.meanings and rest * base > 0:
            yield _weighed(paper, Solution(net, vat, gross, rows, rest))


def _rows_of(paper: Paper, rate: Decimal) -> list[Taxed]:
    """The pairs of amounts of which one is the VAT on the other, those first for which most speaks."""
    values = sorted(paper.meanings)
    if len(values) > _MOST_VALUES:
        values = [one for one in values if paper.means(one, "net", "vat", "gross", "due", "base")]
    found = []
    for vat in values:
        if vat:
            found += [
                Taxed(rate, base, vat, _weight(paper, rate, base=base, vat=vat))
                for base in _bases(values, rate, vat=vat)
            ]
    found.sort(key=lambda one: (-one.weight, -abs(one.base)))
    return found[:_KEPT_A_RATE]


def _bases(values: Sequence[int], rate: Decimal, *, vat: int) -> Iterable[int]:
    """The printed amounts on which that VAT is charged at that rate."""
    size = abs(vat)
    low, high = (int((size + step) * _HUNDRED / rate) for step in (-SLACK - 1, SLACK + 1))
    first, last = (low, high + 1) if vat > 0 else (-high - 1, -low)
    for at in range(bisect_left(values, first), len(values)):
        base = values[at]
        if base > last:
            return
        if base * vat > 0 and abs(_vat_of(base, rate) - vat) <= SLACK:
            yield base


def _vat_of(base: int, rate: Decimal) -> int:
    return int((base * rate / _HUNDRED).to_integral_value())


def _weight(paper: Paper, rate: Decimal, *, base: int, vat: int) -> int:
    beside = paper.rows[base] & paper.rows[vat]
    weight = 3 if beside else 0
    weight += 2 if paper.means(vat, "vat") else 0
    weight += 1 if paper.means(base, "base", "net") else 0
    weight += 2 if paper.rates[rate] & paper.rows[vat] else 0
    weight += 1 if _vat_of(base, rate) == vat else 0
    # Of small amounts many are a percentage of another.
    return weight - (3 if abs(vat) <= SLACK * 3 else 0)


def _weighed(paper: Paper, one: Solution) -> Solution:
    weight = sum(row.weight for row in one.rates)
    weight += 5 if paper.means(one.gross, "gross", "due") else 0
    weight += 2 if one.net in paper.meanings else 0
    weight += 3 if paper.means(one.net, "net", "base") else 0
    weight += 1 if one.vat in paper.meanings else 0
    weight += 2 if paper.means(one.vat, "vat") else 0
    weight += 2 if abs(one.gross) == max(map(abs, paper.meanings)) else 0
    # Two amounts of which none is called a total are most likely lines.
    weight -= 4 if one.rest and not paper.means(one.rest, "base", "net", "vat") else 0
    return Solution(one.net, one.vat, one.gross, one.rates, one.rest, weight)


def _untaxed(paper: Paper) -> Iterator[Solution]:
    """Totals without VAT: an amount to pay, and something on the page that says there is none."""
    nil = 0 in paper.meanings and paper.means(0, "vat")
    if not nil and not paper.untaxed and Decimal(0) not in paper.rates:
        return
    # An amount of VAT speaks against there being none.
    taxed = any(cents and paper.means(cents, "vat") for cents in paper.meanings)
    for cents in paper.meanings:
        if cents and paper.means(cents, "gross", "due"):
            weight = (
                (5 if nil or not taxed else 0) + (3 if nil else 0) + (3 if paper.untaxed else 0)
            )
            weight += 3 if paper.means(cents, "net", "base") else 0
            weight += 2 if abs(cents) == max(map(abs, paper.meanings)) else 0
            yield Solution(cents, 0, cents, (), cents, weight)


def _unrated(paper: Paper) -> Iterator[Solution]:
    """Totals after their labels that add up at a rate which is not printed, or is one of another time."""
    nets = [cents for cents in paper.meanings if paper.means(cents, "net")]
    vats = [cents for cents in paper.meanings if cents and paper.means(cents, "vat")]
    for net, vat in product(nets, vats):
        paper.spent += 1
        if paper.exhausted:
            return
        if net * vat > 0 and abs(vat) < abs(net) and paper.means(net + vat, "gross", "due"):
            # Where a rate is printed that these do not keep, something is wrong with one of them.
            yield Solution(net, vat, net + vat, (), 0, 9 if any(paper.rates) else 11)
