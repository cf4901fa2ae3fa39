"""What looks as it did on a confirmed page is proven; what looks otherwise is not."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from maild.model.figures import Figures, Verdict
from maild.model.supplier import Remembered
from maild.reading.fields import read_fields
from maild.reading.memory import is_alike, recalled, shape, signs_of
from maild.reading.owner import Own
from maild.reading.rows import Sheet
from tests.builders_paper import Paper
from tests.reading.words_here import sheets_of

PAPER = Paper()
OWN = Own(frozenset({"BE0123456749"}))


def read(pdf: bytes) -> tuple[Figures, list[Sheet]]:
    sheets = list(sheets_of(pdf))
    return read_fields(sheets, own=OWN), sheets


def remembered(pdf: bytes, **said: str) -> Remembered:
    figures, sheets = read(pdf)
    signs = signs_of(said, figures, sheets)
    return Remembered("BE0900000147", PAPER.name, "EUR", frozenset({PAPER.iban}), signs)


def beside(pdf: bytes, known: Remembered) -> Figures:
    figures, sheets = read(pdf)
    return recalled(figures, sheets, known)


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("2026-017", "2026-018", True),
        ("F99", "F100", True),
        ("F99", "F1000", False),
        ("F-99", "G-99", False),
        ("2026/17", "2026-17", False),
        ("17", "17/2", False),
    ],
)
def test_numbers_of_one_series_are_alike(one: str, other: str, *, alike: bool) -> None:
    assert is_alike(shape(one), shape(other)) is alike


@pytest.mark.parametrize(
    ("first", "issued", "then", "verdict"),
    [
        (date(2026, 2, 24), "2026-02-24", date(2026, 3, 4), Verdict.PROVEN),
        (date(2026, 3, 4), "2026-03-04", date(2026, 5, 6), Verdict.PROVEN),
        (date(2026, 3, 3), "2026-03-03", date(2026, 5, 6), Verdict.LIKELY),
        (date(2026, 3, 3), "2026-03-03", date(2026, 5, 26), Verdict.PROVEN),
    ],
    ids=["day first, seen", "day first, said", "order unknown", "only one order fits"],
)
def test_a_date_is_read_in_the_order_that_was_confirmed(
    first: date, issued: str, then: date, verdict: Verdict
) -> None:
    known = remembered(PAPER.page("2026-001", first), issue_date=issued)
    found = beside(PAPER.page("2026-002", then), known)["issue_date"]
    assert (found.value, found.verdict) == (then.isoformat(), verdict)


def test_a_supplier_who_puts_the_month_first_is_read_so() -> None:
    known = remembered(PAPER.page("2026-001", date(2026, 4, 3)), issue_date="2026-03-04")
    found = beside(PAPER.page("2026-002", date(2026, 6, 5)), known)["issue_date"]
    assert (found.value, found.verdict) == ("2026-05-06", Verdict.PROVEN)


def test_a_number_that_a_person_found_elsewhere_is_looked_for_there() -> None:
    pages = [
        PAPER.page(number, title=f"Ordernummer: A-{n}")
        for n, number in ((17, "2026-001"), (18, "2026-002"))
    ]
    known = remembered(pages[0], invoice_number="A-17")
    found = beside(pages[1], known)["invoice_number"]
    assert (found.value, found.verdict, found.others) == ("A-18", Verdict.PROVEN, ("2026-002",))


def test_a_proven_number_that_the_memory_contradicts_is_proven_no_more() -> None:
    pages = [
        PAPER.page(number, title=f"Ordernummer: A-{n}", reference=True)
        for n, number in ((17, "2026-001"), (18, "2026-002"))
    ]
    known = remembered(pages[0], invoice_number="A-17")
    found = beside(pages[1], known)["invoice_number"]
    assert (found.value, found.verdict) == ("2026-002", Verdict.LIKELY)
    assert "A-18" in found.others


def test_what_stands_nowhere_on_the_page_leaves_no_sign() -> None:
    assert remembered(PAPER.page(), invoice_number="X-1", issue_date="2020-01-01").signs == ()


def test_totals_are_never_proven_by_memory() -> None:
    known = replace(remembered(PAPER.page(), invoice_number="2026-017"), currency="EUR")
    found = beside(PAPER.page("2026-018", gross="122.00"), known)
    assert found["invoice_number"].verdict is Verdict.PROVEN
    assert found["gross_total"].verdict is not Verdict.PROVEN
