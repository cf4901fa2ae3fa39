"""Each condition, hit and missed, with what it tells a person."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maild.model.document import Direction, Document, Kind
from maild.model.team import Conditions
from maild.rules.conditions import Facts, look, matches
from tests.builders_rules import a_document

TABLE: list[tuple[dict[str, Any], Document, bool, str]] = [
    ({}, a_document(), True, "it asks nothing, so it hits every document"),
    ({"kinds": frozenset({Kind.INVOICE})}, a_document(), True, "kind is invoice"),
    (
        {"kinds": frozenset({Kind.QUOTE, Kind.CREDIT_NOTE})},
        a_document(),
        False,
        "kind is invoice, not credit_note or quote",
    ),
    ({"direction": "sales"}, a_document(), True, "direction is sales"),
    ({"direction": "sales"}, a_document(Kind.OTHER), False, "direction is unknown, not sales"),
    (
        {"direction": "purchase"},
        a_document(Kind.OTHER, direction=Direction.PURCHASE),
        True,
        "direction is purchase",
    ),
    (
        {"counterparty": ("bakkerij  PEETERS",)},
        a_document(),
        True,
        "counterparty is Bakkerij Peeters BE0403170701",
    ),
    ({"counterparty": ("BE 0403.170.701",)}, a_document(), True, "Peeters BE0403170701"),
    ({"counterparty": ("be*",)}, a_document(counterparty=("Zee", "BE0403170701")), True, "Zee"),
    ({"counterparty": ("*peeters",)}, a_document(), True, "Peeters"),
    ({"counterparty": ("Peeters",)}, a_document(), False, "not Peeters"),
    ({"counterparty": ("*",)}, a_document(counterparty=(None, None)), False, "is unknown, not *"),
    ({"total_from": Decimal(121)}, a_document(), True, "total is 121.00 EUR"),
    ({"total_to": Decimal(121)}, a_document(), True, "total is 121.00 EUR"),
    ({"total_from": Decimal("121.01")}, a_document(), False, "total 121.00 EUR is below 121.01"),
    ({"total_to": Decimal(100)}, a_document(), False, "total 121.00 EUR is above 100"),
    ({"total_from": Decimal(0)}, a_document(total=None), False, "no total is known"),
    ({"currency": ("EUR", "USD")}, a_document(), True, "currency is EUR"),
    ({"currency": ("USD",)}, a_document(total=None), False, "currency is unknown, not USD"),
    ({"language": ("nl",)}, a_document(language="nl"), True, "language is nl"),
    ({"language": ("nl",)}, a_document(), False, "language is unknown, not nl"),
    (
        {"sender": ("*@Acme.example",)},
        a_document(sender="An@acme.example"),
        True,
        "An@acme.example",
    ),
    (
        {"sender": ("*@acme.example",)},
        a_document(sender="x@acme.example.evil"),
        False,
        "not *@acme",
    ),
    ({"sender": ("*@acme.example",)}, a_document(), False, "sender is unknown"),
    ({"tags": frozenset({"quote"})}, a_document(tags=frozenset({"quote"})), True, "tag is quote"),
    ({"tags": frozenset({"quote"})}, a_document(), False, "tag is absent, not quote"),
    ({"max_age_days": 3}, a_document(), True, "it is 3 days old"),
    ({"max_age_days": 2}, a_document(), False, "it is 3 days old, more than 2"),
    ({"min_age_days": 4}, a_document(), False, "it is 3 days old, less than 4"),
    ({"min_age_days": 0}, a_document(issued_on=None), False, "no issue date is known"),
]


@pytest.mark.parametrize(
    ("asked", "document", "hit", "said"),
    TABLE,
    ids=[f"{n}: {row[3]}" for n, row in enumerate(TABLE)],
)
def test_a_condition_says_hit_or_miss_and_why(
    asked: dict[str, Any], document: Document, *, hit: bool, said: str
) -> None:
    facts = Facts(document, age_days=3 if document.issued_on else None)
    found, reason = look(Conditions(**asked), facts)
    assert found is hit
    assert said in reason


def test_every_condition_must_hold_and_a_miss_names_each_that_did_not() -> None:
    asked = Conditions(kinds=frozenset({Kind.QUOTE}), total_from=Decimal(500), currency=("EUR",))
    hit, reason = look(asked, Facts(a_document(), age_days=3))
    assert not hit
    assert reason == "kind is invoice, not quote; total 121.00 EUR is below 500"


def test_a_pattern_of_many_stars_takes_no_time_to_miss() -> None:
    assert not matches("*a" * 500 + "b", "a" * 20_000)


@given(pieces=st.lists(st.text("abc ", max_size=4), min_size=1, max_size=5), data=st.data())
def test_a_star_stands_for_anything_and_nothing(pieces: list[str], data: st.DataObject) -> None:
    words = [piece.strip() for piece in pieces]
    filling = [data.draw(st.text("xyz", max_size=3)) for _ in words[1:]]
    text = words[0] + "".join(f + w for f, w in zip(filling, words[1:], strict=True))
    assert matches("*".join(words), text)
