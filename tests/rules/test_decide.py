"""What rules make of a document: deliveries, from when, held or not, and the trace of why."""

from __future__ import annotations

import dataclasses
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maild.model.delivery import Decision, HoldCode
from maild.model.document import Kind, Role
from maild.model.team import Attach, Conditions, Rule
from maild.rules.decide import decide
from tests.builders_rules import NOW, a_document, a_recipient, a_rule, a_team

INVOICES = frozenset({Kind.INVOICE})
QUOTES = frozenset({Kind.QUOTE})


def test_a_rule_that_hits_gives_its_recipients_one_delivery_each() -> None:
    team = a_team(
        a_rule("bills", "an", "jan", kinds=INVOICES), a_rule("quotes", "an", kinds=QUOTES)
    )
    decision = decide(team, a_document(), now=NOW)
    assert [(one.recipient, one.rules, one.not_before) for one in decision.planned] == [
        ("an", ("bills",), NOW),
        ("jan", ("bills",), NOW),
    ]
    assert [(one.rule, one.hit, one.reason) for one in decision.trace] == [
        ("bills", True, "kind is invoice"),
        ("quotes", False, "kind is invoice, not quote"),
    ]
    assert not decision.warnings


def test_two_rules_for_one_recipient_make_one_delivery_with_everything_asked() -> None:
    team = a_team(
        a_rule("late", "an", attach=(Attach.PDF,), when="working days 18:00"),
        a_rule("soon", "an", attach=(Attach.UBL,), when="daily 12:00", hold=True),
    )
    [planned] = decide(team, a_document(), now=NOW).planned
    assert planned.attach == (Attach.PDF, Attach.UBL)
    assert planned.not_before == datetime(2026, 3, 4, 11, 0, tzinfo=UTC)  # 12:00 in Brussels
    assert planned.hold == 'rule "soon" says hold'
    assert planned.hold_code is HoldCode.RULE
    assert planned.rules == ("late", "soon")


def test_stop_ends_after_a_hit_and_not_after_a_miss() -> None:
    team = a_team(
        a_rule("quotes only", "jan", kinds=QUOTES, stop=True),
        a_rule("invoices only", "an", kinds=INVOICES, stop=True),
        a_rule("all", "jan"),
    )
    decision = decide(team, a_document(), now=NOW)
    assert [one.recipient for one in decision.planned] == ["an"]
    assert decision.trace[2].reason == '"invoices only" hit and stops here'


def test_a_document_that_no_rule_hits_is_kept_with_a_warning() -> None:
    decision = decide(a_team(a_rule("b", "an", kinds=INVOICES)), a_document(Kind.OTHER), now=NOW)
    assert decision.planned == ()
    assert "no rule says what happens with this other" in decision.warnings[0]


def test_a_rule_to_nobody_is_a_fate_and_no_warning() -> None:
    decision = decide(a_team(a_rule("keep")), a_document(), now=NOW)
    assert (decision.planned, decision.warnings) == ((), ())


@pytest.mark.parametrize("kind", [Kind.QUOTE, Kind.OTHER, Kind.EXPORT])
def test_a_machine_inbox_never_gets_what_it_would_book_wrongly(kind: Kind) -> None:
    team = a_team(a_rule("all", "books", "an"), recipients=(a_recipient("books", "yuki"),))
    decision = decide(team, a_document(kind), now=NOW)
    assert [one.recipient for one in decision.planned] == ["an"]
    assert decision.trace[-1].reason == f"books does not get it: yuki takes no {kind}"


def test_a_document_that_only_a_machine_would_get_but_does_not_take_is_said() -> None:
    team = a_team(a_rule("all", "books"), recipients=(a_recipient("books", "yuki"),))
    decision = decide(team, a_document(Kind.QUOTE), now=NOW)
    assert "no recipient takes this quote" in decision.warnings[0]


PDF, UBL, REST = Attach.PDF, Attach.UBL, Attach.ATTACHMENTS


@pytest.mark.parametrize(
    ("profile", "attach", "roles", "expected"),
    [
        ("yuki", None, (Role.UBL, Role.PDF, Role.ATTACHMENT), (PDF, UBL)),
        ("yuki", None, (Role.UBL,), (PDF, UBL)),  # the PDF is rendered
        ("yuki", None, (Role.PDF,), (PDF,)),
        ("billtobox", None, (Role.UBL, Role.PDF), (UBL,)),
        ("billtobox", None, (Role.PDF,), (PDF,)),
        ("dext", None, (Role.UBL, Role.PDF), (PDF,)),
        ("dext", (UBL,), (Role.UBL, Role.PDF), (PDF,)),
        ("mailbox", None, (Role.UBL, Role.PDF, Role.ATTACHMENT), (PDF, UBL, REST)),
        ("mailbox", (UBL,), (Role.PDF,), (PDF,)),
        ("mailbox", None, (Role.ATTACHMENT,), (REST,)),
        ("mailbox", (PDF,), (Role.UBL, Role.PDF, Role.ATTACHMENT), (PDF,)),
    ],
)
def test_files_are_what_is_asked_there_and_read(
    profile: str,
    attach: tuple[Attach, ...] | None,
    roles: tuple[Role, ...],
    expected: tuple[Attach, ...],
) -> None:
    team = a_team(a_rule("r", "x", attach=attach), recipients=(a_recipient("x", profile),))
    [planned] = decide(team, a_document(roles=roles), now=NOW).planned
    assert planned.attach == expected
    assert planned.hold is None


@pytest.mark.parametrize(
    ("profile", "attach", "roles", "said"),
    [
        ("yuki", None, (Role.ATTACHMENT,), "yuki reads none of the files"),
        ("trifact365", (UBL,), (Role.UBL, Role.PDF), "a UBL only together with its PDF"),
    ],
)
def test_what_a_machine_inbox_could_not_use_is_held_with_a_sentence(
    profile: str, attach: tuple[Attach, ...] | None, roles: tuple[Role, ...], said: str
) -> None:
    team = a_team(a_rule("r", "x", attach=attach), recipients=(a_recipient("x", profile),))
    [planned] = decide(team, a_document(roles=roles), now=NOW).planned
    assert planned.hold is not None
    assert said in planned.hold
    assert planned.hold_code is HoldCode.PROFILE


def test_the_case_of_an_address_is_kept() -> None:
    books = a_recipient("books", "yuki", address="Acme.Verkoop@Inbox.Example")
    [planned] = decide(
        a_team(a_rule("r", "books"), recipients=(books,)), a_document(), now=NOW
    ).planned
    assert planned.address == "Acme.Verkoop@Inbox.Example"


def test_age_is_counted_in_days_of_the_teams_zone_unless_it_is_known() -> None:
    team = a_team(a_rule("fresh", "an", max_age_days=3))
    late = datetime(2026, 3, 4, 23, 30, tzinfo=UTC)  # the 5th in Brussels, four days after the 1st
    assert not decide(team, a_document(), now=late).planned
    assert decide(team, a_document(), now=late, known_age=3).planned


CONDITIONS = st.builds(
    Conditions,
    kinds=st.frozensets(st.sampled_from(Kind), max_size=3),
    total_from=st.none() | st.decimals(0, 200, places=2),
    currency=st.sampled_from([(), ("EUR",), ("USD",)]),
)
RULES = st.lists(
    st.builds(
        Rule,
        name=st.text("abcdef", min_size=1, max_size=6),
        to=st.lists(st.sampled_from(["an", "books", "jan"]), unique=True).map(tuple),
        conditions=CONDITIONS,
        attach=st.none() | st.just((Attach.UBL,)) | st.just((Attach.PDF,)),
        when=st.sampled_from(["now", "daily 07:30", "mondays 09:00"]),
        hold=st.booleans(),
    ),
    max_size=6,
    unique_by=lambda rule: rule.name,
)


def settled(decision: Decision) -> tuple[object, ...]:
    """A decision without the order in which its rules were looked at."""
    planned = [dataclasses.replace(one, rules=tuple(sorted(one.rules))) for one in decision.planned]
    return (
        planned,
        sorted(decision.trace, key=lambda one: (one.rule, one.reason)),
        decision.warnings,
    )


@given(rules=RULES, kind=st.sampled_from(Kind), random=st.randoms(use_true_random=False))
def test_without_stop_the_order_of_rules_means_nothing(
    rules: list[Rule], kind: Kind, random: Random
) -> None:
    people = (a_recipient("an"), a_recipient("books", "yuki"), a_recipient("jan"))
    shuffled = random.sample(rules, len(rules))
    document = a_document(kind)
    first = decide(a_team(*rules, recipients=people), document, now=NOW)
    second = decide(a_team(*shuffled, recipients=people), document, now=NOW)
    assert settled(first) == settled(second)


@given(rules=RULES, kind=st.sampled_from(Kind))
def test_every_recipient_gets_at_most_one_delivery_and_each_has_its_rules(
    rules: list[Rule], kind: Kind
) -> None:
    people = (a_recipient("an"), a_recipient("books", "yuki"), a_recipient("jan"))
    decision = decide(a_team(*rules, recipients=people), a_document(kind), now=NOW)
    names = [one.recipient for one in decision.planned]
    assert len(names) == len(set(names))
    hits = {one.rule for one in decision.trace if one.hit}
    assert all(one.rules and set(one.rules) <= hits for one in decision.planned)
    assert all(one.not_before >= NOW for one in decision.planned)


def test_deciding_over_fifty_rules_stays_far_below_a_millisecond() -> None:
    rules = [a_rule(f"r{n}", "an", total_from=Decimal(n), kinds=INVOICES) for n in range(50)]
    team, document = a_team(*rules), a_document()
    best = timedelta.max
    for _ in range(20):
        start = time.process_time()
        decide(team, document, now=NOW)
        best = min(best, timedelta(seconds=time.process_time() - start))
    assert best < timedelta(milliseconds=1)


def test_a_delivery_of_working_days_waits_over_the_holidays_of_its_team() -> None:
    rule = a_rule("late", "an", when="working days 18:00")
    eve = datetime(2026, 7, 20, 17, 0, tzinfo=UTC)  # 19:00 in Brussels, before the national day
    [belgian] = decide(a_team(rule, holidays="BE"), a_document(), now=eve).planned
    [plain] = decide(a_team(rule), a_document(), now=eve).planned
    assert (belgian.not_before.day, plain.not_before.day) == (22, 21)
