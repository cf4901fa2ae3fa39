"""Numbers that a series lacks."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from maild.exports.gaps import FURTHEST, Gap, gaps, missing


def of(*numbers: str, known: set[tuple[str, str]] | None = None) -> list[str]:
    """The gaps in these invoice numbers."""
    lacking = missing(("invoice", number) for number in numbers)
    return [one.numbers for one in gaps(lacking, known=known or set())]


def test_a_series_counts_in_the_last_digits_of_a_number() -> None:
    assert of("F2026-001", "F2026-004") == ["F2026-002 - F2026-003"]
    assert of("2026/9/A", "2026/11/A") == ["2026/10/A"]
    assert of("F-008", "F-011") == ["F-009 - F-010"]


def test_other_series_and_other_kinds_fill_no_gap() -> None:
    assert of("A-1", "B-2", "A-3") == ["A-2"]
    lacking = missing([("invoice", "1"), ("credit_note", "2"), ("invoice", "3")])
    assert gaps(lacking) == (Gap("invoice", "2", "2", 1),)


def test_numbers_without_digits_and_numbers_far_apart_are_no_series() -> None:
    assert of("eerste", "tweede") == []
    assert of("1", str(FURTHEST + 2)) == []
    assert of("9" * 400, "x" * 10_000) == []


def test_what_is_known_from_elsewhere_splits_a_gap() -> None:
    assert of("1", "6", known={("invoice", "3")}) == ["2", "4 - 5"]


@given(st.sets(st.integers(0, 300), min_size=1))
def test_what_is_there_and_what_is_missing_make_the_whole_series(counted: set[int]) -> None:
    lacking = missing(("invoice", f"F{n:04}") for n in counted)
    assert {one.at for one in lacking} == set(range(min(counted), max(counted))) - counted
    assert sum(one.count for one in gaps(lacking)) == len(lacking)
