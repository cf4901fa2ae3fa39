"""Check digits of accounts and company numbers; a kept answer is the same answer."""

from __future__ import annotations

import pytest

from maild.ubl.check_digits import is_belgian_number, is_iban
from tests.builders_bill import belgian_iban

IBAN = belgian_iban(1234567)


@pytest.mark.parametrize("times", [1, 2])
def test_an_iban_is_judged_by_its_check_digits_and_length(times: int) -> None:
    for _ in range(times):
        assert is_iban(IBAN)
        assert is_iban(f"{IBAN[:4]} {IBAN[4:]}")
        assert not is_iban(IBAN[:-1] + str((int(IBAN[-1]) + 1) % 10))
        assert not is_iban(IBAN[:-1])
        assert not is_iban("")


def test_a_belgian_account_of_a_bank_that_no_list_knows_is_one() -> None:
    assert is_iban("BE68539007547034")
    assert not is_iban("BE95539007547033")  # right as an IBAN, not by the Belgian digits in it


@pytest.mark.parametrize("times", [1, 2])
def test_a_belgian_number_is_judged_with_and_without_its_country(times: int) -> None:
    for _ in range(times):
        assert is_belgian_number("BE0123456749")
        assert is_belgian_number("0123456749")
        assert not is_belgian_number("0123456748")


def test_a_text_of_any_length_is_no_number_and_no_fault() -> None:
    assert not is_iban("BE" + "1" * 5_000)
    assert not is_belgian_number("1" * 1_000_000)
