"""How pages lay out what belongs together: broken labels, headings side by side, the customer's block."""

from __future__ import annotations

import pytest

from maild.model.figures import Figures
from maild.reading.fields import read_fields
from maild.reading.rows import Piece, Sheet, rows_of, words_of
from tests.reading.test_rows import typed


def page(*cells: tuple[str, float, float]) -> Figures:
    """What a page says on which these texts lie, each so far from the left and from the top."""
    pieces: list[Piece] = []
    for text, left, top in cells:
        pieces += typed(text, left=left, top=top)
    return read_fields([Sheet(1, 595, 842, rows_of(words_of(pieces), page=1))])


def test_a_label_that_is_broken_over_two_rows_is_one() -> None:
    found = page(
        ("Facture", 50, 40),
        ("Date de", 50, 80), ("12/03/2026", 160, 80), ("Bureau Sterk NV", 350, 80),
        ("facturation:", 50, 92), ("Stationsplein 7", 350, 92),
        ("Date", 50, 110), ("26/03/2026", 160, 110),
        ("d'échéance:", 50, 122),
    )  # fmt: skip
    assert found["issue_date"].value == "2026-03-12"
    assert found["due_date"].value == "2026-03-26"


def test_two_rows_of_a_table_are_no_broken_label() -> None:
    found = page(
        ("Totaal excl. btw", 50, 80), ("100,00", 200, 80),
        ("Totaal", 50, 92), ("121,00", 200, 92),
        ("BTW", 50, 104), ("21,00", 200, 104),
    )  # fmt: skip
    told = [found[key].value for key in ("net_total", "vat_total", "gross_total")]
    assert told == ["100.00", "21.00", "121.00"]


def test_headings_that_lie_close_together_have_their_values_below() -> None:
    found = page(
        ("Facture n° : Date de facturation : Échéance :", 50, 80),
        ("2026/7046", 50, 95), ("12/03/2026", 130, 95), ("26/03/2026", 260, 95),
    )  # fmt: skip
    assert found["invoice_number"].value == "2026/7046"


def test_an_account_is_no_number_of_a_document() -> None:
    found = page(
        ("Factuur", 50, 40), ("Nummer", 50, 60), ("R1983", 160, 60),
        ("Gelieve te betalen op rekening BE71 0961 2345 6769", 50, 90),
    )  # fmt: skip
    assert found["invoice_number"].value == "R1983"
    assert found["iban"].value == ("BE71096123456769",)


@pytest.mark.parametrize("name", ["Boekhuis Merel BV", "Boekhuis Merel"])
def test_who_has_the_customers_number_under_him_is_not_the_supplier(name: str) -> None:
    found = page(
        ("RECHNUNG", 50, 40),
        (name, 50, 60), ("Stationsplein 7", 50, 72), ("Ihre USt-IdNr.: BE0900000147", 50, 84),
        ("Rechnung Nr.: 17", 300, 60),
        ("Anke Vogt Grafik", 50, 700), ("Ringstraße 41", 50, 712), ("USt-IdNr.: DE136695976", 50, 724),
    )  # fmt: skip
    assert found["supplier_vat"].value == "DE136695976"
    assert found["supplier_name"].value == "Anke Vogt Grafik"
