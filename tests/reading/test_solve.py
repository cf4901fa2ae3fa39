"""Which amounts are the totals, by arithmetic alone and with labels."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from maild.model.money import round_half_up
from maild.reading.solve import BUDGET, Paper, Sum, solve

NONE: frozenset[str] = frozenset()


def sums(*told: tuple[int, str, int]) -> list[Sum]:
    """Amounts in cents, each with the meaning of its label (or none) and its row."""
    return [Sum(cents, frozenset({meaning} - {""}), row) for cents, meaning, row in told]


def rates(**told: int) -> dict[Decimal, frozenset[int]]:
    """Percentages by their row: `r21=3` is 21 % in row 3."""
    return {Decimal(name[1:]): frozenset({row}) for name, row in told.items()}


def test_one_rate() -> None:
    paper = Paper(
        sums((40000, "net", 1), (8400, "vat", 2), (48400, "gross", 3), (20000, "", 0)),
        rates(r21=2),
    )
    best = solve(paper)[0]
    assert best.totals == (40000, 8400, 48400)
    assert [(one.rate, one.base, one.vat) for one in best.rates] == [(Decimal(21), 40000, 8400)]


def test_two_rates_and_a_rest_without_vat() -> None:
    paper = Paper(
        sums(
            (10000, "base", 1), (2100, "vat", 1), (5000, "base", 2), (300, "vat", 2),
            (700, "base", 3), (15700, "net", 4), (18100, "gross", 5),
        ),
        rates(r21=1, r6=2),
    )  # fmt: skip
    best = solve(paper)[0]
    assert best.totals == (15700, 2400, 18100)
    assert best.rest == 700


def test_a_credit_note_is_solved_below_zero() -> None:
    paper = Paper(
        sums((-597681, "base", 1), (-125513, "vat", 1), (-723194, "due", 1)), rates(r21=0)
    )
    assert solve(paper)[0].totals == (-597681, -125513, -723194)


def test_totals_that_do_not_add_up_have_no_solution() -> None:
    told = sums((33000, "net", 1), (3990, "vat", 2), (1200, "vat", 3), (38180, "gross", 4))
    assert solve(Paper(told, rates(r19=2, r10=3))) == []


def test_a_page_of_thousands_of_amounts_ends_within_the_budget() -> None:
    told = sums(*((cents, "", cents) for cents in range(100, 60100, 100)))
    every = rates(r21=0, r12=0, r6=0, r20=0, r10=0, r19=0, r7=0, r9=0)
    paper = Paper(told, every)
    solve(paper)
    assert paper.spent <= BUDGET


@given(
    st.integers(1_00, 900_000_00),
    st.sampled_from([Decimal(rate) for rate in ("21", "12", "6", "19", "7", "5.5")]),
)
def test_what_adds_up_at_a_rate_is_found_whatever_it_is(net: int, rate: Decimal) -> None:
    vat = int(round_half_up(Decimal(net) * rate / 100, step=Decimal(1)))
    if not vat:
        return
    told = sums((net, "net", 1), (vat, "vat", 2), (net + vat, "gross", 3))
    assert solve(Paper(told, {rate: frozenset({2})}))[0].totals == (net, vat, net + vat)
