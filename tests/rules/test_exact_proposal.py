"""What is proposed of an administration: one line for each case, sure where one code fits."""

from __future__ import annotations

from decimal import Decimal

import pytest

from maild.model.exact import VatKey
from maild.rules.exact_proposal import Chart, Coded, Proposed, VatCode, propose
from maild.rules.exact_words import meaning


def vat(code: str, about: str, percent: str = "0", **other: str) -> VatCode:
    return VatCode(code, about, Decimal(percent), **{"side": "S", **other})  # type: ignore[arg-type]  # words


def lines(**parts: tuple[Coded, ...] | tuple[VatCode, ...]) -> dict[str, Proposed]:
    chart = Chart(**{"journals": (), "accounts": (), "vat": (), **parts})  # type: ignore[arg-type]  # as named
    return {f"{one.table}.{one.key}".strip("."): one for one in propose(chart)}


def test_one_journal_of_a_kind_is_sure_and_two_are_a_choice() -> None:
    only = lines(journals=(Coded("70", "Verkoop", 20), Coded("60", "Aankoop", 22)))
    assert (only["sales.journal"].value, only["sales.journal"].sure) == ("70", True)
    assert only["purchases.journal"].value == "60"
    two = lines(journals=(Coded("70", "Verkoop", 20), Coded("72", "Webwinkel", 20)))
    assert two["sales.journal"].sure is False
    assert two["sales.journal"].others == ("72 (Webwinkel)",)
    assert two["sales.journal"].reason == "Verkoop: a journal of sales; 2 fit"


@pytest.mark.parametrize("name", ["Creditnota's verkoop", "Notes de crédit", "Credit notes"])
def test_a_journal_for_credit_notes_is_told_by_its_name(name: str) -> None:
    found = lines(journals=(Coded("71", name, 20), Coded("70", "Verkoop", 20)))
    assert (found["sales.journal"].value, found["sales.journal"].sure) == ("70", True)
    assert found["sales.credit_note_journal"].value == "71"


def test_rates_are_told_by_their_figure_and_the_rest_by_their_names() -> None:
    found = lines(
        vat=(
            vat("1", "21 % verkoop", "21"),
            vat("3", "6 % verkoop", "6"),
            vat("1I", "21 % inclusief", "21", kind="I"),
            vat("P1", "21 % aankoop", "21", side="P"),
            vat("CC", "Medecontractant"),
            vat("XX", "Iets anders"),
        )
    )
    assert [key for key in found if key.startswith("sales.vat")] == [
        "sales.vat.S 21",
        "sales.vat.S 6",
        "sales.vat.AE domestic",
    ]
    assert found["sales.vat.S 21"].sure
    assert found["sales.vat.AE domestic"].reason == "Medecontractant: reverse charge"
    assert found["purchases.vat.S 21"].value == "P1"


def test_two_codes_of_one_rate_are_a_choice() -> None:
    found = lines(vat=(vat("1", "21 %", "21"), vat("7", "21 % investeringen", "21")))
    assert found["sales.vat.S 21"].sure is False
    assert found["sales.vat.S 21"].others == ("7 (21 % investeringen)",)


def test_the_account_of_the_standard_rate_is_proposed_and_others_for_their_rate() -> None:
    accounts = (
        Coded("700000", "Verkopen", 110, "1"),
        Coded("700006", "Boeken", 110, "3"),
        Coded("657000", "Afrondingsverschillen", 120),
        Coded("612000", "Kantoor", 120),
    )
    found = lines(accounts=accounts, vat=(vat("1", "21 %", "21"), vat("3", "6 %", "6")))
    assert (found["sales.account"].value, found["sales.account"].sure) == ("700000", False)
    assert found["sales.accounts.S 6"].value == "700006"
    assert found["rounding_account"].value == "657000"
    assert (found["purchases.account"].value, found["purchases.account"].sure) == ("612000", True)


def test_conditions_are_told_by_their_days() -> None:
    found = lines(
        conditions=(Coded("30", "30 dagen", 30), Coded("31", "30 d. 2 %", 30), Coded("00", "x", 0))
    )
    assert found["payment_conditions.0"].sure
    assert not found["payment_conditions.30"].sure


@pytest.mark.parametrize(
    ("about", "charged", "key"),
    [
        ("Medecontractant (vak 45)", False, "AE domestic"),
        ("Cocontractant", False, "AE domestic"),
        ("Btw verlegd", False, "AE domestic"),
        ("Intracommunautaire leveringen (vak 46)", False, "K"),
        ("Livraisons intracommunautaires", False, "K"),
        ("Intracommunautaire diensten (vak 44)", False, "AE eu"),
        ("Prestations de services intracommunautaires", False, "AE eu"),
        ("Uitvoer buiten de EU", False, "G"),
        ("Exportations hors UE", False, "G"),
        ("Vrijgesteld art. 44", False, "E"),
        ("Exonéré de TVA", False, "E"),
        ("Geen btw", False, "O"),
        ("BTW 0 % verkoop", False, "Z"),
        ("Something", False, None),
        ("Intracommunautaire verwerving", True, "K"),
        ("Medecontractant aankoop", True, "AE domestic"),
        ("Invoer buiten de EU", True, "AE outside"),
        ("Something", True, None),
    ],
)
def test_a_description_tells_what_a_code_is_for(about: str, charged: int, key: str | None) -> None:
    found: VatKey | None = meaning(about, charged=bool(charged))
    assert (str(found) if found else None) == key
