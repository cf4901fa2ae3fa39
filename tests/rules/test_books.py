"""Of the roads into one set of books a document takes one, and every other says why not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maild.model.delivery import Decision, Delivery, HoldCode, State
from maild.model.document import Kind, Role
from maild.model.team import Attach, Recipient, Rule, Team
from maild.rules.books import books_of, one_road, other_road
from maild.rules.decide import decide
from tests.builders_rules import NOW, a_document, a_recipient, a_rule, a_team
from tests.store.builders import a_delivery

EXACT = a_recipient("exact", "exact")
YUKI = a_recipient("yuki", "yuki")
UBL_ONLY = replace(
    a_recipient("machine", "yuki"),
    profile=replace(YUKI.profile, name="machine", takes=frozenset({Attach.UBL})),
)


def decided(*recipients: Recipient, rules: tuple[Rule, ...] = (), **document: Any) -> Decision:
    """What becomes of an invoice that one rule sends to all of these."""
    rules = rules or (a_rule("all", *(one.name for one in recipients)),)
    return decide(a_team(*rules, recipients=recipients), a_document(**document), now=NOW)


def roads(decision: Decision) -> dict[str, str | None]:
    return {one.recipient: one.instead for one in decision.planned}


@pytest.mark.parametrize("order", [(EXACT, YUKI), (YUKI, EXACT)])
def test_the_first_of_the_recipients_brings_it_into_the_books(order: tuple[Recipient, ...]) -> None:
    first, second = (one.name for one in order)
    decision = decided(*order)
    assert roads(decision) == {first: None, second: first}
    assert [one for one in decision.trace if not one.hit][-1].reason == (
        f"not sent to {second}: {first} brings it into the same books already"
    )


def test_people_get_theirs_beside_the_books() -> None:
    decision = decided(a_recipient("an"), EXACT, YUKI, a_recipient("jan"))
    assert roads(decision) == {"an": None, "exact": None, "yuki": "exact", "jan": None}


def test_books_of_another_name_are_other_books() -> None:
    decision = decided(EXACT, replace(YUKI, books="the holding's"))
    assert roads(decision) == {"exact": None, "yuki": None}


def test_a_person_who_books_by_hand_is_a_road_like_others() -> None:
    an = a_recipient("an", books="ours")
    decision = decided(an, replace(EXACT, books="ours"))
    assert roads(decision) == {"an": None, "exact": "an"}
    assert decision.trace[-1].rule == 'books "ours"'


def test_a_road_that_cannot_take_the_document_leaves_it_to_the_next() -> None:
    decision = decided(UBL_ONLY, EXACT, roles=(Role.PDF,))
    assert roads(decision) == {"machine": "exact", "exact": None}


def test_a_road_that_is_held_by_a_rule_is_not_gone_around() -> None:
    rules = (a_rule("look first", "exact", hold=True), a_rule("all", "yuki"))
    decision = decided(EXACT, YUKI, rules=rules)
    assert roads(decision) == {"exact": None, "yuki": "exact"}
    assert decision.planned[0].hold_code is HoldCode.RULE


def test_who_is_named_by_a_person_goes_before_the_order_and_beside_another_who_is() -> None:
    team = a_team(a_rule("all", "exact", "yuki"), recipients=(EXACT, YUKI))
    planned = decide(team, a_document(), now=NOW).planned
    assert [one.instead for one in one_road(team, planned, named=["yuki"])] == ["yuki", None]
    assert [one.instead for one in one_road(team, planned, named=["yuki", "exact"])] == [None, None]


RECIPIENTS = st.lists(
    st.builds(
        replace,
        st.sampled_from([a_recipient("an"), EXACT, YUKI, UBL_ONLY]),
        name=st.sampled_from("abcdef"),
        books=st.sampled_from([None, "ours", "the holding's"]),
    ),
    min_size=1,
    max_size=6,
    unique_by=lambda one: one.name,
)


@given(
    recipients=RECIPIENTS,
    kind=st.sampled_from(Kind),
    roles=st.sampled_from([(Role.PDF,), (Role.UBL,), (Role.UBL, Role.PDF)]),
    hold=st.booleans(),
)
def test_each_set_of_books_gets_a_document_once_and_nobody_else_loses_it(
    recipients: list[Recipient], kind: Kind, roles: tuple[Role, ...], *, hold: bool
) -> None:
    names = [one.name for one in recipients]
    team = a_team(a_rule("all", *names, hold=hold), recipients=tuple(recipients))
    decision = decide(team, a_document(kind, roles=roles), now=NOW)
    for one in decision.planned:
        books = books_of(recipient_of(team, one.recipient))
        beside = [
            other
            for other in decision.planned
            if books is not None and books_of(recipient_of(team, other.recipient)) == books
        ]
        if not beside:
            assert one.instead is None
            continue
        [taken] = [other for other in beside if other.instead is None]
        assert one.instead in {None, taken.recipient}
        # What can be taken goes, unless no road can take it.
        able = [other for other in beside if other.hold_code is not HoldCode.PROFILE]
        assert taken == (able or beside)[0]
    over = [one for one in decision.planned if one.instead]
    assert len([one for one in decision.trace if one.reason.startswith("not sent to")]) == len(over)


def recipient_of(team: Team, name: str) -> Recipient:
    found = team.recipient(name)
    assert found is not None
    return found


def passed_over(name: str) -> Delivery:
    return a_delivery(recipient=name, state=State.CANCELLED, hold_code=HoldCode.SAME_BOOKS)


@pytest.mark.parametrize(
    ("failed", "of_it", "other"),
    [
        ("exact", [passed_over("yuki")], "yuki"),
        ("exact", [passed_over("elsewhere")], None),
        ("an", [passed_over("yuki")], None),
        ("exact", [a_delivery(recipient="yuki", state=State.CANCELLED)], None),
        ("left", [passed_over("yuki")], None),
    ],
)
def test_when_a_road_fails_the_other_is_known(
    failed: str, of_it: list[Delivery], other: str | None
) -> None:
    elsewhere = a_recipient("elsewhere", "basecone", books="the holding's")
    team = a_team(a_rule("all", "an"), recipients=(EXACT, YUKI, elsewhere))
    assert other_road(team, a_delivery(recipient=failed), of_it) == other
