"""Pages without VAT: their reason, and totals that look as they did on a page that a person confirmed."""

from __future__ import annotations

from typing import Any

import pytest

from maild.model.figures import Figures, Verdict
from maild.model.supplier import Remembered
from maild.reading.fields import read_fields
from maild.reading.memory import recalled, signs_of
from maild.reading.owner import Own
from tests.builders_exempt import ExemptPaper
from tests.reading.words_here import sheets_of

OWN = Own(frozenset({"BE0123456749"}))
REASON = "exemption_reason"
TOTALS = ("net_total", "vat_total", "gross_total", "amount_due")
SILENT = ExemptPaper(reason=None)  # says of VAT nothing at all
SAID = {"net_total": "100.00", "vat_total": "0", "gross_total": "100.00"}


def read(pdf: bytes) -> Figures:
    return read_fields(sheets_of(pdf), own=OWN)


def remembered(paper: ExemptPaper, **said: str) -> Remembered:
    """What a person confirmed of the first page, of 100.00."""
    sheets = sheets_of(paper.page("2026-001"))
    told = SAID | {"invoice_number": "2026-001", "issue_date": "2026-02-24"} | said
    signs = signs_of(told, read_fields(sheets, own=OWN), sheets)
    return Remembered("BE0900000147", paper.name, "EUR", frozenset({paper.iban}), signs)


def beside(paper: ExemptPaper, known: Remembered, **page: Any) -> Figures:
    sheets = sheets_of(paper.page("2026-002", **page))
    return recalled(read_fields(sheets, own=OWN), sheets, known)


@pytest.mark.parametrize(
    "reason",
    [
        "Bijzondere vrijstellingsregeling van belasting voor kleine ondernemingen",
        "Factuur vrijgesteld van OB op grond van artikel 25 Wet OB (KOR)",
        "Vrijgesteld van btw volgens art. 44 WBTW",
        "Petite entreprise soumise au régime de la franchise de taxe. TVA non applicable.",
        "Exonéré de TVA - article 44 du Code de la TVA",
        "Gemäß § 19 UStG wird keine Umsatzsteuer berechnet.",
        "Exempt from VAT: small business exemption",
    ],
)
def test_the_reason_that_a_page_prints_is_read_and_its_total_bears_no_vat(reason: str) -> None:
    found = read(ExemptPaper(reason=reason).page())
    assert (found[REASON].value, found[REASON].verdict) == (reason, Verdict.LIKELY)
    assert [found[key].value for key in TOTALS] == ["100.00", "0.00", "100.00", "100.00"]


@pytest.mark.parametrize(
    "reason",
    [
        "Btw verlegd",
        "Vrijgesteld van btw art. 39bis WBTW",
        "Vrijgesteld van btw: intracommunautaire levering",
        "Vrijgesteld van btw: uitvoer buiten de EU",
    ],
)
def test_what_is_untaxed_for_another_cause_is_not_called_exempt(reason: str) -> None:
    assert read(ExemptPaper(reason=reason).page())[REASON].value is None


def test_a_page_with_vat_has_no_reason() -> None:
    page = ExemptPaper(total="Totaal excl. btw").page(
        below=[("BTW 21%", "21.00"), ("Totaal incl. btw", "121.00")]
    )
    found = read(page)
    assert found["vat_total"].value == "21.00"
    assert found[REASON].value is None


def test_a_page_that_is_exempt_and_names_a_rate_of_vat_proves_nothing() -> None:
    reason = "Vrijgesteld van btw, art. 44 WBTW. Prijzen inclusief 21 % btw"
    found = read(ExemptPaper(reason=reason).page())
    assert found["gross_total"].verdict is Verdict.LIKELY
    assert found["vat_total"].value is None


def test_a_total_that_looks_as_it_did_is_proven() -> None:
    found = beside(SILENT, remembered(SILENT), lines=("75.50", "20.00", "4.25"))
    assert {key: (found[key].value, found[key].verdict) for key in TOTALS} == {
        "net_total": ("99.75", Verdict.PROVEN),
        "vat_total": ("0.00", Verdict.PROVEN),
        "gross_total": ("99.75", Verdict.PROVEN),
        "amount_due": ("99.75", Verdict.PROVEN),
    }
    assert found["gross_total"].checks == ("supplier memory",)
    assert found[REASON].value is None


def test_it_is_not_when_nobody_confirmed_a_page_without_vat() -> None:
    known = remembered(SILENT, net_total="82.64", vat_total="17.36")
    assert beside(SILENT, known)["gross_total"].verdict is Verdict.LIKELY


@pytest.mark.parametrize(
    ("paper", "page"),
    [
        (SILENT, {"right": 480}),
        (ExemptPaper(reason=None, total="Totaal incl. btw"), {}),
        (SILENT, {"below": [("Totaal te betalen", "121.00")]}),
        (SILENT, {"below": [("Totaal", "121.00")]}),
        (SILENT, {"below": [("Nog iets", "121.00")]}),
        (SILENT, {"below": [("Btw", "17.36")]}),
        (SILENT, {"below": [("waarvan 21 %", "17.36")]}),
        (ExemptPaper(reason="Prijzen inclusief 21 % btw"), {}),
        (SILENT, {"iban": "BE68539007547034"}),
    ],
    ids=[
        "in another column",
        "after another word",
        "two of them",
        "a larger total",
        "a larger amount in its column",
        "VAT",
        "a rate",
        "a rate in words",
        "a strange account",
    ],
)
def test_a_total_that_looks_otherwise_is_not_proven(
    paper: ExemptPaper, page: dict[str, Any]
) -> None:
    found = beside(paper, remembered(SILENT), **page)
    assert found["invoice_number"].verdict is Verdict.PROVEN
    assert found["gross_total"].verdict is not Verdict.PROVEN


def test_a_confirmed_reason_is_proven_while_the_page_prints_it() -> None:
    paper = ExemptPaper()
    known = remembered(paper, exemption_reason=paper.reason or "")
    assert beside(paper, known)[REASON].verdict is Verdict.PROVEN
    other = ExemptPaper(reason="Vrijgesteld van btw volgens art. 44 WBTW")
    assert beside(other, known)[REASON].verdict is Verdict.LIKELY
    assert beside(SILENT, known)[REASON].value is None


@pytest.mark.parametrize("paper", [SILENT, ExemptPaper()], ids=["none printed", "another printed"])
def test_the_reason_that_a_person_said_is_that_of_the_next_page(paper: ExemptPaper) -> None:
    known = remembered(paper, exemption_reason="Kleine onderneming")
    found = beside(paper, known)[REASON]
    assert (found.value, found.verdict, found.page) == ("Kleine onderneming", Verdict.PROVEN, None)


def test_a_reason_that_a_person_took_away_is_not_read_again() -> None:
    assert beside(ExemptPaper(), remembered(ExemptPaper()))[REASON].value is None


def test_a_reason_is_not_remembered_for_a_page_that_says_reverse_charge() -> None:
    known = remembered(SILENT, exemption_reason="Kleine onderneming")
    assert beside(ExemptPaper(reason="Btw verlegd"), known)[REASON].value is None
