"""Amounts, dates and numbers with check digits, in the forms in which pages print them."""

from __future__ import annotations

from datetime import date

import pytest

from maild.reading.amounts import amounts_in, percentages_in, written
from maild.reading.dates import dates_in, months_come_first
from maild.reading.identifiers import communications_in, ibans_in, vat_numbers_in


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("1.234,56", ["1234.56"]),
        ("1,234.56", ["1234.56"]),
        ("1'234.56", ["1234.56"]),
        ("1\u202f234,56 €", ["1234.56"]),
        ("€ -1.709,81", ["-1709.81"]),
        ("-€ 5,00", ["-5.00"]),
        ("12,00-", ["-12.00"]),
        ("1234,56", ["1234.56"]),
        ("12 345,67", ["12345.67", "345.67"]),
        ("EUR 14.158,10", ["14158.10"]),
        ("21,00%", []),
        ("12.345.67", []),
        ("05.03.2018", []),
        ("9,9000", []),
        ("3 x 4,50", ["4.50"]),
    ],
)
def test_amounts_are_read_in_every_form(text: str, found: list[str]) -> None:
    assert [written(one.cents) for one, _, _ in amounts_in(text)] == found


def test_percentages_are_read_without_their_last_zeros() -> None:
    assert [f"{one:f}" for one, _, _ in percentages_in("21,00 % and 5.5% of 10")] == ["21", "5.5"]


@pytest.mark.parametrize(
    ("text", "on"),
    [
        ("Liège, 9 août 2026", date(2026, 8, 9)),
        ("11. Juli 2014", date(2014, 7, 11)),
        ("August 3 , 2014", date(2014, 8, 3)),
        ("1er mars 2026", date(2026, 3, 1)),
        ("19 april 2014", date(2014, 4, 19)),
        ("2026-03-01", date(2026, 3, 1)),
        ("01.05.14", date(2014, 5, 1)),
        ("8-9-2022", date(2022, 9, 8)),
        ("24 Sep 2024", date(2024, 9, 24)),
    ],
)
def test_dates_are_read_in_four_languages(text: str, on: date) -> None:
    assert [one.on for one, _, _ in dates_in(text)] == [on]


def test_a_date_of_small_numbers_says_that_it_has_two_readings() -> None:
    [(day, _, _)] = dates_in("03/04/2026")
    assert (day.on, day.turned) == (date(2026, 4, 3), date(2026, 3, 4))
    assert months_come_first(["03/20/2026", "04/03/2026"])
    assert not months_come_first(["20/03/2026", "04/03/2026"])


def test_the_31st_of_february_is_no_date() -> None:
    assert list(dates_in("31/02/2026 or 45 mars 2026")) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("BTW BE 0123.456.749", ("BE0123456749", True)),
        ("BE0000.000.196", ("BE0000000196", True)),
        ("TVA 0123.456.748", ("BE0123456748", False)),
        ("NL 810433941B01", ("NL810433941B01", True)),
        ("UStId DE 136 695 976", ("DE136695976", True)),
        ("FR 60 421 938 861", ("FR60421938861", True)),
    ],
)
def test_vat_numbers_say_whether_their_digits_are_right(text: str, found: tuple[str, bool]) -> None:
    assert [(one.plain, one.valid) for one, _, _ in vat_numbers_in(text)] == [found]


def test_accounts_are_read_in_any_grouping_and_without_what_follows() -> None:
    text = "IBAN BE71 0961 2345 6769 BIC GKCCBEBB"
    assert [(one.plain, one.valid) for one, _, _ in ibans_in(text)] == [("BE71096123456769", True)]
    [(wrong, _, _)] = ibans_in("IBAN: BE71 0961 2345 6768")
    assert not wrong.valid


@pytest.mark.parametrize(
    "text",
    [
        "BTW BE0900000147 IBAN BE71096123456769",
        "BE0900.000.147 BE71 0961 2345 6769 BIC GKCCBEBB",
        "NL004495445B01 IBAN BE71 0961 2345 6769",
        "IBAN BE71 0961 2345 6769 BTW BE0900000147",
    ],
)
def test_an_account_beside_another_number_is_seen_alone(text: str) -> None:
    [(one, start, end)] = ibans_in(text)
    assert (one.plain, one.valid) == ("BE71096123456769", True)
    assert text[start:end].replace(" ", "") == one.plain


def test_of_two_accounts_in_a_line_both_are_seen() -> None:
    text = "BE71 0961 2345 6769 NL91 ABNA 0417 1643 00 BE68 5390 0754 7035"
    assert [(one.plain, one.valid) for one, _, _ in ibans_in(text)] == [
        ("BE71096123456769", True),
        ("NL91ABNA0417164300", True),
        ("BE68539007547035", False),
    ]


def test_structured_communications_carry_their_check() -> None:
    [(right, _, _)] = communications_in("+++090/9337/55493+++")
    [(wrong, _, _)] = communications_in("***090/9337/55494***")
    assert (right.plain, right.valid, wrong.valid) == ("090933755493", True, False)
