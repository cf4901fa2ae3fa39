"""Addresses and VAT numbers of a configuration: what is right, what is odd, what is wrong."""

from __future__ import annotations

import json
from email.utils import parseaddr
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maild.rules.identity import address_problem, mailbox, sender_problem, vat_problem


@pytest.mark.parametrize(
    "number", ["BE0123456749", "be 0123.456.749", "0123456749", "NL004495445B01"]
)
def test_a_right_number_is_left_alone(number: str) -> None:
    assert vat_problem(number) is None


def test_no_company_of_the_corpus_is_kept_out_by_its_number(shared: Path) -> None:
    lines = (shared / "corpus/ubl/expected.jsonl").read_text(encoding="utf-8").splitlines()
    fields = [json.loads(line).get("fields") or {} for line in lines]
    numbers = {one[key] for one in fields for key in ("seller_vat", "buyer_vat") if one.get(key)}
    assert len(numbers) > 50
    wrong = [one for one in numbers if (said := vat_problem(one)) and said.level == "error"]
    assert wrong == []


@given(st.integers(1, 99_999_999), st.integers(0, 99))
def test_of_the_hundred_check_digits_one_is_right(number: int, check: int) -> None:
    written = f"BE{number:08}{check:02}"
    right = check == 97 - number % 97
    assert (vat_problem(written) is None) is right


@pytest.mark.parametrize(
    "address",
    [
        "an@kantoor.example",
        "Acme.Verkoop@Inbox.Example",
        "a+b@x",
        "müller@köln.example",
        "o'neil@x.example",
    ],
)
def test_an_address_that_mail_can_go_to_is_left_alone(address: str) -> None:
    assert address_problem(address) is None


@pytest.mark.parametrize(
    "address",
    [
        "",
        "an",
        "an@",
        "@x.example",
        "an @x.example",
        "a@b@c",
        "an@x..example",
        ".an@x.example",
        "an@-x.example",
        "an@x.example\r\nBcc: all@x.example",
        '"an"@x.example',
        "<an@x.example>",
        "a" * 250 + "@x.example",
    ],
)
def test_what_is_no_address_is_said_to_be_none(address: str) -> None:
    assert address_problem(address)


@pytest.mark.parametrize(
    "sender", ["Acme BV <f@acme.example>", '"Acme, Sales" <f@acme.example>', "f@acme.example"]
)
def test_a_sender_has_a_name_or_not(sender: str) -> None:
    assert sender_problem(sender) is None


@given(st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1).map(str.strip))
def test_any_name_of_a_company_makes_a_sender_that_mail_programs_read(name: str) -> None:
    written = mailbox(name, "f@acme.example")
    assert parseaddr(written) == (name, "f@acme.example")
