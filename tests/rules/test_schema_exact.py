"""The tables of [team.NAME.exact]: what is read, and what is said of what cannot be."""

from __future__ import annotations

from decimal import Decimal

import pytest

from maild.model.exact import Group, Grouping, Numbering, VatKey
from maild.rules.schema_exact import vat_key
from tests.connectors.exact.mapping import MAPPING, read

SALES = '[sales]\njournal = "70"\naccount = "700000"\n[sales.vat]\n"S 21" = "1"\n'


def test_a_mapping_is_read_with_its_defaults() -> None:
    mapping, problems = read(SALES)
    assert problems == []
    assert mapping is not None
    assert mapping.purchases is None
    assert (mapping.numbering, mapping.lines) == (Numbering.EXACT, Grouping.GROUPED)
    assert mapping.document_types == (10, 20)
    assert mapping.sales is not None
    assert mapping.sales.vat == ((VatKey("S", Decimal(21)), "1"),)
    assert read(MAPPING)[1] == []


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("S 21", VatKey("S", Decimal(21))),
        ("S 5,5%", VatKey("S", Decimal("5.5"))),
        ("AE domestic", VatKey("AE", group=Group.DOMESTIC)),
        ("E vatex-eu-132 eu", VatKey("E", group=Group.EU, reason="VATEX-EU-132")),
    ],
)
def test_a_key_is_read_word_by_word_and_written_back(text: str, key: VatKey) -> None:
    assert vat_key(text, needs_category=True) == key
    assert vat_key(str(key), needs_category=True) == key


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "[team.acme.exact.sales] or [team.acme.exact.purchases]"),
        ('[sales]\naccount = "7"\n[sales.vat]\n"S" = "1"', "exact.sales.journal: is missing"),
        ('[sales]\njournal = "70"', "write [team.acme.exact.sales.vat]"),
        (SALES + '"21" = "1"', '"21" starts with no VAT category'),
        (SALES + '"S domstic" = "1"', 'did you mean "domestic"?'),
        (SALES + '"S 21 6" = "1"', "says two of one thing"),
        (SALES + '"S 121" = "1"', '"121" is no VAT category, rate'),
        (SALES + '"S 6" = 3', "write the code in quotes as Exact shows it, not 3"),
        (SALES + '"S 6" = "LONG"', "as Exact shows it"),
        (SALES + '"S 21.0" = "2"', "says the same as a line before"),
        ('payment_conditions = { "soon" = "30" }\n' + SALES, '"soon" is no number of days'),
        ('codes = { "-" = "1" }\n' + SALES, '"-" is no VAT or enterprise number'),
        ('numbering = "ours"\n' + SALES, '"ours" is not known here'),
        ("sales_document = true\n" + SALES, "such as 10, not true"),
        ('color = "x"\n' + SALES, "unknown key"),
    ],
)
def test_what_cannot_be_read_is_said_with_its_key(text: str, words: str) -> None:
    _, problems = read(text)
    said = [str(one) for one in problems]
    if words:
        assert any(words in one for one in said), said
        assert all(one.startswith("team.acme.exact") for one in said)
