"""Print put back into rows by where it lies, whatever its order."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from maild.reading.rows import Piece, rows_of, words_of

SIZE = 10.0


def typed(text: str, *, left: float, top: float) -> list[Piece]:
    """A text character by character, each half a size wide."""
    return [
        Piece(char, left + at * SIZE / 2, top, left + (at + 1) * SIZE / 2, top + SIZE)
        for at, char in enumerate(text)
    ]


def test_a_row_is_words_and_cells_by_the_gaps_between_them() -> None:
    page = [*typed("Total excl. VAT", left=50, top=100), *typed("1.234,56", left=400, top=101)]
    [row] = rows_of(words_of(page), page=1)
    assert [cell.text for cell in row.cells] == ["Total excl. VAT", "1.234,56"]
    assert [word.text for word in row.cells[0].words] == ["Total", "excl.", "VAT"]
    box = row.cells[1].box
    assert (box.left, box.top, box.right, box.bottom) == (400, 101, 440, 111)


@given(st.randoms(use_true_random=False))
def test_the_order_in_which_print_comes_means_nothing(chance: random.Random) -> None:
    page = [
        *typed("Invoice 7", left=50, top=20),
        *typed("Date", left=300, top=22),
        *typed("Total", left=50, top=40),
        *typed("9,00", left=300, top=40),
    ]
    chance.shuffle(page)
    rows = rows_of(words_of(page), page=1)
    assert [row.text for row in rows] == ["Invoice 7   Date", "Total   9,00"]


def test_bold_that_is_printed_twice_is_read_once() -> None:
    page = [*typed("Total", left=50, top=20), *typed("Total", left=50.3, top=20)]
    assert [word.text for word in words_of(page)] == ["Total"]


def test_a_span_of_a_cell_has_the_box_of_its_words() -> None:
    [row] = rows_of(words_of(typed("VAT 21% 4,20", left=0, top=0)), page=1)
    [cell] = row.cells
    assert cell.span(8, 12).text == "4,20"
    assert cell.span(8, 12).left == 40
