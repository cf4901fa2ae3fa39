"""Figures of pages that are in no corpus: of our own making, and pages that set traps."""

from __future__ import annotations

import pytest

from maild.intake.scores import Tally
from maild.model.figures import Figures, Verdict
from maild.reading import solve
from maild.reading.fields import read_fields
from maild.reading.owner import Own
from maild.reading.rows import Piece, Sheet, rows_of, words_of
from tests.builders_page import an_invoice_page
from tests.reading.test_figures_corpus import CERTAIN, PROVEN
from tests.reading.test_rows import typed
from tests.reading.words_here import sheets_of

RIGHT = 93.0  # percent
PAGES = 60


def test_of_invoices_of_our_own_making_nearly_all_is_right_and_what_is_proven_all() -> None:
    tally = Tally()
    for seed in range(1000, 1000 + PAGES):
        made = an_invoice_page(seed)
        tally.add(str(seed), read_fields(sheets_of(made.content)), truth=made.truth)
    told = tally.json()
    assert told["all"]["right_percent"] >= RIGHT, told["wrong"]
    assert told["all"]["proven_right_percent"] >= PROVEN
    assert told["fields"]["gross_total"]["proven"] > PAGES / 2
    for key in CERTAIN:
        assert told["fields"][key]["proven"] == told["fields"][key]["proven_right"], key


def page(*rows: str) -> Figures:
    """What a page says; in each row "|" stands for the way to the next column."""
    pieces: list[Piece] = []
    for at, row in enumerate(rows):
        for column, text in enumerate(row.split("|")):
            pieces += typed(text.strip(), left=50 + column * 170, top=40 + at * 14)
    return read_fields([Sheet(1, 595, 842, rows_of(words_of(pieces), page=1))])


GOOD = (
    "Atelier Noord BV",
    "BTW BE 0900.000.147 | IBAN BE71 0961 2345 6769",
    "Factuur 2026-17",
    "Totaal excl. btw | 100,00",
    "BTW 21% | 21,00",
    "Totaal incl. btw | 121,00",
)


def test_totals_that_add_up_are_proven_with_their_place() -> None:
    found = page(*GOOD)
    gross = found["gross_total"]
    assert (gross.value, gross.verdict, gross.page) == ("121.00", Verdict.PROVEN, 1)
    assert gross.box is not None
    assert gross.box[0] == 220


@pytest.mark.parametrize(
    "rows",
    [
        (*GOOD[:5], "Totaal incl. btw | 122,00"),
        (*GOOD[:4], "BTW 21% | 12,00", "Totaal incl. btw | 112,00"),
        (*GOOD, "Totaal excl. btw | 200,00", "BTW 21% | 42,00", "Totaal incl. btw | 242,00"),
        (*GOOD, "Totaal te betalen | 171,00"),
        (*GOOD, "Tegenwaarde | USD 131,89"),
        (*GOOD[:3], "Totaal incl. btw | 121,00"),
    ],
    ids=[
        "gross is one more",
        "VAT is not its rate",
        "two sets of totals",
        "more to pay than the gross",
        "a second currency",
        "nothing to check it with",
    ],
)
def test_totals_that_leave_a_doubt_are_not_proven(rows: tuple[str, ...]) -> None:
    found = page(*rows)
    told = {key: found[key].verdict for key in ("net_total", "vat_total", "gross_total")}
    assert Verdict.PROVEN not in told.values()


def test_a_search_that_was_broken_off_proves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    spent = 4  # combinations: enough to find the totals of this page, not to look at all of them
    monkeypatch.setattr(solve, "BUDGET", spent)
    found = page(*GOOD, "Korting 6% | 6,00", "Korting 12% | 12,00")
    assert Verdict.PROVEN not in {found[key].verdict for key in ("net_total", "gross_total")}


@pytest.mark.parametrize(
    "row", ["Date: 03/04/2026", "Invoice date: 03/04/2026 Due date: 05/04/2026"]
)
def test_a_date_with_two_readings_on_an_english_page_is_not_proven(row: str) -> None:
    found = page("Harbour Tools Ltd", "Invoice no. 17", row, "Payment within 30 days", "VAT", "Net")
    assert found["issue_date"].verdict is Verdict.LIKELY


def test_numbers_whose_check_digits_are_wrong_are_shown_and_not_proven() -> None:
    found = page(
        "Atelier Noord BV",
        "BTW BE 0900.000.149 | IBAN BE71 0961 2345 6768",
        "Mededeling +++090/9337/55494+++",
    )
    told = [found[key] for key in ("supplier_vat", "iban", "structured_communication")]
    assert [one.verdict for one in told] == [Verdict.UNPROVEN] * 3
    assert found["supplier_vat"].value == "BE0900000149"


def test_the_customers_own_number_is_never_the_suppliers() -> None:
    rows = ("BTW BE 0900.000.147", "Factuur 17", "Totaal | 121,00")
    assert page(*rows)["supplier_vat"].value == "BE0900000147"
    pieces = [piece for row in rows for piece in typed(row, left=50, top=40)][:19]
    sheet = Sheet(1, 595, 842, rows_of(words_of(pieces), page=1))
    own = Own(frozenset({"BE0900000147"}))
    assert read_fields([sheet], own=own)["supplier_vat"].verdict is Verdict.ABSENT


def test_an_empty_page_says_nothing() -> None:
    found = read_fields([Sheet(1, 595, 842, ())])
    assert {key for key, one in found.items() if one.value is not None} == {"doc_type"}
