"""Rules that would disappoint are named before the first document comes."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from maild.model.document import BILL_KINDS, Kind
from maild.model.team import Attach, Mode, Recipient, Rule, Team
from maild.rules.lint import lint
from tests.builders_rules import a_recipient, a_rule, a_team

SOLD = frozenset({Kind.INVOICE, Kind.CREDIT_NOTE})
BOUGHT = frozenset({Kind.PURCHASE_INVOICE, Kind.PURCHASE_CREDIT_NOTE})
QUOTE = frozenset({Kind.QUOTE})
OTHER = frozenset({Kind.OTHER})
REST = a_rule("the rest, kept", kinds=frozenset(Kind))
YUKI = a_recipient("books", "yuki")
EXACT = a_recipient("exact", "exact")


def said(*teams: Team, level: str = "error") -> list[str]:
    return [str(one) for one in lint(teams) if one.level == level]


def test_rules_that_make_sense_together_are_left_alone() -> None:
    team = a_team(
        a_rule("sold", "an", "books", kinds=SOLD),
        a_rule("bought", "an", kinds=BOUGHT),
        a_rule("quotes", "jan", kinds=QUOTE | OTHER),
        recipients=(YUKI,),
    )
    assert lint([team]) == ()


@pytest.mark.parametrize("kind", BILL_KINDS)
def test_a_kind_of_bill_without_a_fate_is_an_error(kind: Kind) -> None:
    team = a_team(a_rule("all but one", "an", kinds=frozenset(Kind) - {kind}))
    [problem] = said(team)
    assert problem.startswith(f"team.acme.rules: no rule says what happens with {kind};")


def test_a_team_without_rules_is_told_all_five_kinds_at_once() -> None:
    [problem] = said(a_team())
    assert all(kind in problem for kind in BILL_KINDS)


def test_a_fate_that_hangs_on_conditions_is_a_warning() -> None:
    team = a_team(a_rule("big", "an", total_from=Decimal(100)))
    assert not said(team)
    assert "meets no rule's conditions goes nowhere" in said(team, level="warning")[0]


def test_a_rule_to_nobody_is_a_fate() -> None:
    assert said(a_team(a_rule("keep"))) == []


def test_other_without_a_rule_is_a_warning() -> None:
    team = a_team(a_rule("bills", "an", kinds=frozenset(BILL_KINDS)))
    assert "no rule names the kind other" in said(team, level="warning")[0]


@pytest.mark.parametrize(
    "rules",
    [
        (a_rule("all", "an", stop=True), a_rule("dead", "an", kinds=SOLD)),
        (
            a_rule("sold", "an", kinds=SOLD, stop=True),
            a_rule("bought", "an", kinds=BOUGHT, stop=True),
            a_rule("dead", "an", kinds=SOLD | BOUGHT, currency=("EUR",)),
            REST,
        ),
        (
            a_rule("over 10", "an", total_from=Decimal(10), stop=True),
            a_rule("dead", "an", total_from=Decimal(20), total_to=Decimal(30)),
            REST,
        ),
        (
            a_rule("sales", "an", direction="sales", stop=True),
            a_rule("dead", "an", kinds=SOLD),
            REST,
        ),
        (a_rule("dead", "an", kinds=SOLD, direction="purchase"), a_rule("keep", "an")),
    ],
)
def test_a_rule_that_can_never_fire_is_an_error(rules: tuple[Rule, ...]) -> None:
    [problem] = said(a_team(*rules))
    assert '"dead" can never fire' in problem


@pytest.mark.parametrize(
    "rules",
    [
        (a_rule("all", "an"), a_rule("alive", "an", kinds=SOLD)),
        (a_rule("sold", "an", kinds=SOLD, stop=True), a_rule("alive", "an")),
        (a_rule("euro", "an", currency=("EUR",), stop=True), a_rule("alive", "an")),
        (
            a_rule("over 10", "an", total_from=Decimal(10), stop=True),
            a_rule("alive", "an", total_from=Decimal(5)),
            REST,
        ),
        (a_rule("alive", "an", kinds=OTHER, direction="sales"), REST),
    ],
)
def test_a_rule_that_something_can_still_reach_is_no_error(rules: tuple[Rule, ...]) -> None:
    assert said(a_team(*rules)) == []


def test_a_recipient_that_no_rule_names_is_an_error() -> None:
    team = a_team(a_rule("all", "an"), recipients=(a_recipient("lost"),))
    assert said(team) == [
        "team.acme.recipients.lost: no rule sends anything here; name it in a rule or take it out"
    ]


def test_two_recipients_that_are_one_destination_are_an_error() -> None:
    twice = (a_recipient("an", address="a@x.example"), a_recipient("jan", address="A@X.example"))
    team = a_team(a_rule("all", "an", "jan"), recipients=twice)
    assert 'recipient "an" already' in said(team)[0]


def test_a_quote_to_a_machine_inbox_is_an_error() -> None:
    team = a_team(a_rule("all", "books", kinds=SOLD | QUOTE), REST, recipients=(YUKI,))
    assert 'team.acme.rules[0].to: "books" (yuki) takes no quote' in said(team)[0]


def test_a_rule_without_kinds_to_a_machine_inbox_is_an_error_that_says_so() -> None:
    team = a_team(a_rule("all", "books"), recipients=(YUKI,))
    assert "takes no quote, and the rule names no kinds" in said(team)[0]


def test_sales_to_an_inbox_for_purchases_are_an_error() -> None:
    xero = a_recipient("xero", "xero")
    team = a_team(a_rule("sold", "xero", kinds=SOLD), REST, recipients=(xero,))
    assert "takes no invoice or credit_note" in said(team)[0]


@pytest.mark.parametrize(
    ("rule", "recipients", "sentence"),
    [
        (a_rule("q", "an", kinds=QUOTE, attach=(Attach.UBL,)), (), "no accounting program reads"),
        (
            a_rule("b", "dext", kinds=SOLD, attach=(Attach.PDF, Attach.UBL)),
            (a_recipient("dext", "dext"),),
            '"dext" (dext) does not read ubl',
        ),
        (
            a_rule("b", "pair", kinds=SOLD, attach=(Attach.UBL,)),
            (a_recipient("pair", "trifact365"),),
            "takes a UBL only together with its PDF",
        ),
    ],
)
def test_files_that_a_destination_cannot_use_are_an_error(
    rule: Rule, recipients: tuple[Recipient, ...], sentence: str
) -> None:
    [problem] = said(a_team(rule, REST, recipients=recipients))
    assert problem.startswith("team.acme.rules[0].attach: ")
    assert sentence in problem


def roads(first: dict[str, Any], second: dict[str, Any], **books: str) -> list[str]:
    """The warnings of a team that sends to yuki by one rule and to exact by another."""
    inboxes = tuple(
        a_recipient(name, profile, books=books.get(name))
        for name, profile in (("yuki", "yuki"), ("exact", "exact"))
    )
    team = a_team(
        a_rule("one", "yuki", **({"kinds": SOLD} | first)),
        a_rule("two", "exact", **({"kinds": SOLD} | second)),
        REST,
        recipients=inboxes,
    )
    return said(team, level="warning")


def test_two_roads_into_one_set_of_books_are_told_with_the_one_that_is_taken() -> None:
    [problem] = roads({}, {})
    assert problem.startswith(
        'team.acme.rules[1].to: "yuki" and "exact" lead invoice or credit_note into the same books: '
        '"yuki" stands first among the recipients and gets it'
    )


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({}, {"kinds": BOUGHT}),
        ({"currency": ("EUR",)}, {"currency": ("USD",)}),
        ({"total_to": Decimal(10)}, {"total_from": Decimal("10.01")}),
        ({"max_age_days": 5}, {"min_age_days": 6}),
        ({"stop": True, "currency": ("EUR",)}, {}),
    ],
)
def test_roads_that_no_document_can_take_both_of_are_left_alone(
    first: dict[str, Any], second: dict[str, Any]
) -> None:
    assert roads(first, second) == []


def test_touching_ranges_and_names_are_not_taken_as_apart() -> None:
    assert roads({"total_to": Decimal(10)}, {"total_from": Decimal(10)})
    assert roads({"counterparty": ("A",)}, {"counterparty": ("B",)})


def test_books_tell_two_sets_of_books_apart() -> None:
    assert roads({}, {}, yuki="ours", exact="the holding's") == []


def test_a_person_can_stand_for_a_set_of_books() -> None:
    team = a_team(
        a_rule("sold", "an", "books", kinds=SOLD),
        REST,
        recipients=(a_recipient("an", books="ours"), a_recipient("books", "yuki", books="ours")),
    )
    assert 'into the books "ours"' in said(team, level="warning")[0]


def test_an_address_of_two_teams_is_an_error_whatever_its_case() -> None:
    other = a_team(a_rule("all", "an"), slug="beta", addresses=("ACME@Post.example",))
    problems = said(a_team(a_rule("all", "an")), other)
    assert problems == [
        'team.beta.addresses: "ACME@Post.example" is an address of team acme already'
    ]


def test_sending_to_where_documents_come_in_is_an_error() -> None:
    back = a_recipient("an", address="Acme+invoice@post.example")
    assert "a mail there goes round" in said(a_team(a_rule("all", "an"), recipients=(back,)))[0]


def test_notices_to_a_machine_inbox_are_an_error() -> None:
    team = a_team(
        a_rule("sold", "books", kinds=SOLD), REST, recipients=(YUKI,), notices=(YUKI.address,)
    )
    assert "would book a notice as a bill" in said(team)[0]


def test_a_team_that_nobody_can_be_told_of_is_a_warning() -> None:
    assert "nobody is told" in said(a_team(a_rule("all", "an"), people=()), level="warning")[0]


def test_shadow_mode_and_what_an_inbox_needs_are_notes() -> None:
    team = a_team(a_rule("sold", "exact", kinds=SOLD), REST, recipients=(EXACT,), mode=Mode.SHADOW)
    notes = said(team, level="note")
    assert "`maild golive acme`" in notes[0]
    assert "allowed senders" in notes[1]
