from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import exc

from maild.errors import NotFound
from maild.model.delivery import (
    MOVES,
    Attempt,
    Delivery,
    HoldCode,
    Letter,
    Outcome,
    Purpose,
    State,
)
from maild.store import connectors, deliveries, documents, leases, schema
from maild.store.connectors import Rest
from maild.store.database import Tx
from maild.store.deliveries import Superseded
from maild.store.prepared import Prepared
from tests.store.builders import (
    LEASE,
    NOW,
    a_delivery,
    claimed,
    handed_over,
    stored_delivery,
    stored_document,
)

LATER = NOW + timedelta(minutes=1)


def claim(tx: Tx, *, limit: int = 10, busy: tuple[str, ...] = ()) -> list[str]:
    found = deliveries.claim(
        tx, now=NOW, owner="me", lease_until=NOW + LEASE, limit=limit, busy=busy
    )
    return [one.id for one in found]


def test_a_delivery_comes_back_as_it_was_stored(tx: Tx) -> None:
    stored = stored_delivery(
        tx,
        stored_document(tx),
        purpose=Purpose.CORRECTION,
        state=State.HELD,
        part=2,
        generation=3,
        priority=1,
        reason="a rule says so",
        hold_code=HoldCode.RULE,
        message="3" * 64,
        named=True,
        deadline_at=LATER,
    )
    assert deliveries.get(tx, stored.id) == stored


def test_a_notice_comes_back_with_its_letter(tx: Tx) -> None:
    letter = Letter("Mislukt", "Beste\n\nhet lukte niet", "<p>ë</p>")
    stored = stored_delivery(tx, recipient=None, attach=(), letter=letter)
    assert deliveries.get(tx, stored.id) == stored


def test_every_field_of_a_delivery_has_a_column() -> None:
    assert set(Delivery.__dataclass_fields__) - {"attempts"} <= set(schema.deliveries.c.keys())


def test_an_unknown_delivery_is_named(tx: Tx) -> None:
    with pytest.raises(NotFound, match='"v-x"'):
        deliveries.get(tx, "v-x")


def test_the_same_thing_to_the_same_destination_is_added_once(tx: Tx) -> None:
    document = stored_document(tx)
    first = a_delivery(document)
    assert deliveries.add(tx, first) is True
    assert deliveries.add(tx, replace(first, id="v-other")) is False
    assert deliveries.add(tx, replace(first, id="v-again", generation=2)) is True
    assert [one.id for one in deliveries.of_document(tx, document.id)] == [first.id, "v-again"]


def test_two_notices_to_one_address_are_two(tx: Tx) -> None:
    stored_delivery(tx)
    stored_delivery(tx)
    assert deliveries.counts(tx)["queued"] == 2


def test_one_id_for_two_things_is_a_fault(tx: Tx) -> None:
    first = stored_delivery(tx, stored_document(tx))
    with pytest.raises(exc.IntegrityError):
        deliveries.add(tx, replace(first, address="else@kantoor.example"))


def test_the_urgent_go_first_then_those_that_wait_longest(tx: Tx) -> None:
    young = stored_delivery(tx, not_before=NOW - timedelta(hours=1))
    old = stored_delivery(tx, not_before=NOW - timedelta(hours=2), via="other")
    urgent = stored_delivery(tx, priority=1)
    stored_delivery(tx, not_before=LATER)
    assert claim(tx, limit=2) == [urgent.id, old.id]
    assert claim(tx) == [young.id]


def test_a_claim_leases_and_raises_the_number(tx: Tx) -> None:
    stored = stored_delivery(tx)
    assert claimed(tx) == replace(stored, state=State.SENDING, claim_no=1)
    assert claim(tx) == []


@pytest.mark.parametrize("state", [state for state in State if State.SENDING not in MOVES[state]])
def test_what_may_not_be_sent_is_not_claimed(tx: Tx, state: State) -> None:
    stored_delivery(tx, state=state)
    assert claim(tx) == []
    assert deliveries.oldest_due(tx, NOW) is None


def test_what_may_have_arrived_is_claimed_after_its_pause(tx: Tx) -> None:
    doubtful = stored_delivery(tx, state=State.UNCERTAIN)
    stored_delivery(tx, state=State.UNCERTAIN, not_before=LATER)
    assert claim(tx) == [doubtful.id]


def test_busy_and_resting_connectors_are_left_out(tx: Tx) -> None:
    for via in ("busy", "resting", "open"):
        stored_delivery(tx, id=f"v-{via}", via=via)
    connectors.pause(tx, "resting", now=NOW, rest=Rest(LATER, "the login does not work"))
    assert claim(tx, busy=("busy",)) == ["v-open"]
    assert claim(tx) == ["v-busy"]
    assert deliveries.oldest_due(tx, NOW) == LATER
    connectors.pause(tx, "resting", now=NOW, rest=Rest(NOW, ""))
    assert claim(tx) == ["v-resting"]


def test_the_connectors_that_rest_are_told_with_their_reason(tx: Tx) -> None:
    connectors.pause(tx, "a", now=NOW, rest=Rest(NOW + LEASE, "old"))
    connectors.pause(tx, "a", now=NOW, rest=Rest(LATER, "no login"))
    connectors.pause(tx, "b", now=NOW, rest=Rest(NOW, "over"))
    assert deliveries.paused(tx, NOW) == {"a": (LATER, "no login")}


def test_who_is_woken_is_tried_and_stays_in_trouble_until_it_takes_something(tx: Tx) -> None:
    rest = Rest(LATER, "535 5.7.8 no", "login", 3)
    connectors.pause(tx, "a", now=NOW, rest=rest)
    connectors.wake(tx, "a", now=NOW)
    connectors.wake(tx, "never out", now=NOW)
    assert connectors.paused(tx, NOW) == {}
    assert connectors.rests(tx) == {"a": replace(rest, until=NOW)}
    connectors.recovered(tx, "a")
    assert connectors.rests(tx) == {}


def test_a_rest_that_began_in_the_future_is_over(tx: Tx) -> None:
    """The clock stood ahead when it was written; a step by which clocks are kept right is none."""
    day = timedelta(days=1)
    connectors.pause(tx, "ahead", now=NOW + day, rest=Rest(NOW + 2 * day, "no route"))
    connectors.pause(tx, "kept", now=NOW + timedelta(seconds=2), rest=Rest(LATER, "no route"))
    assert deliveries.paused(tx, NOW).keys() == {"kept"}


def test_a_wait_longer_than_any_pause_ends_and_a_window_of_a_rule_does_not(tx: Tx) -> None:
    day = timedelta(days=1)
    tried = stored_delivery(tx, message="4" * 64, not_before=NOW + day)
    soon = stored_delivery(tx, message="4" * 64, not_before=LATER)
    window = stored_delivery(tx, not_before=NOW + day)
    assert deliveries.bring_forward(tx, now=NOW, longest=timedelta(hours=5)) == 1
    found = [deliveries.get(tx, one.id).not_before for one in (tried, soon, window)]
    assert found == [NOW, LATER, NOW + day]


def test_the_next_due_moment_looks_at_every_connector_and_priority(tx: Tx) -> None:
    assert deliveries.oldest_due(tx, NOW) is None
    stored_delivery(tx, via="a", not_before=NOW + timedelta(hours=2))
    stored_delivery(tx, via="b", priority=1, not_before=NOW + timedelta(hours=3))
    stored_delivery(tx, via="b", not_before=LATER)
    assert deliveries.oldest_due(tx, NOW) == LATER


def test_an_attempt_that_ends_well_is_told_in_full(tx: Tx) -> None:
    stored_delivery(tx)
    mine = claimed(tx)
    assert deliveries.begin(tx, mine, message="4" * 64, now=NOW) == Attempt(1, NOW, Outcome.OPEN)
    deliveries.mark_uncertain(tx, mine)
    assert deliveries.get(tx, mine.id).state is State.UNCERTAIN
    assert claim(tx) == []
    deliveries.settle(tx, mine, handed_over(now=LATER))
    ended = deliveries.get(tx, mine.id)
    assert (ended.state, ended.tries, ended.message) == (State.HANDED_OVER, 1, "4" * 64)
    attempt = Attempt(1, NOW, Outcome.HANDED_OVER, "250 2.0.0 ok", LATER)
    assert ended.attempts == (attempt,)


def test_a_deferred_delivery_goes_again_at_its_time_as_the_next_attempt(tx: Tx) -> None:
    stored_delivery(tx)
    mine = claimed(tx)
    deliveries.begin(tx, mine, message="4" * 64, now=NOW)
    later = handed_over(
        state=State.QUEUED,
        outcome=Outcome.DEFERRED,
        reply="450 4.2.1 later",
        not_before=LATER,
        reason="450 4.2.1 later",
    )
    deliveries.settle(tx, mine, later)
    queued = deliveries.get(tx, mine.id)
    assert (queued.state, queued.not_before) == (State.QUEUED, LATER)
    assert claim(tx) == []
    again = claimed(tx, now=LATER)
    assert deliveries.begin(tx, again, message="4" * 64, now=LATER).n == 2


def test_an_uncharged_attempt_is_told_and_not_counted(tx: Tx) -> None:
    stored_delivery(tx)
    mine = claimed(tx)
    deliveries.begin(tx, mine, message="4" * 64, now=NOW)
    rest = handed_over(state=State.QUEUED, outcome=Outcome.PAUSED, charged=False)
    deliveries.settle(tx, mine, rest)
    queued = deliveries.get(tx, mine.id)
    assert (queued.tries, queued.attempts[0].outcome) == (0, Outcome.PAUSED)


def test_a_bug_holds_with_its_code_and_reason(tx: Tx) -> None:
    stored_delivery(tx)
    end = handed_over(
        state=State.HELD, outcome=Outcome.HELD, reason="incident i-1", hold_code=HoldCode.BUG
    )
    mine = claimed(tx)
    deliveries.settle(tx, mine, end)
    held = deliveries.get(tx, mine.id)
    assert (held.state, held.hold_code, held.reason) == (State.HELD, HoldCode.BUG, "incident i-1")
    assert held.attempts == ()


def test_no_reply_leaves_it_uncertain_until_the_pause_is_over(tx: Tx) -> None:
    stored_delivery(tx)
    mine = claimed(tx)
    deliveries.begin(tx, mine, message="4" * 64, now=NOW)
    deliveries.mark_uncertain(tx, mine)
    end = handed_over(state=State.UNCERTAIN, outcome=Outcome.UNCERTAIN, not_before=LATER)
    deliveries.settle(tx, mine, end)
    assert deliveries.get(tx, mine.id).state is State.UNCERTAIN
    assert claim(tx) == []
    assert claimed(tx, now=LATER).claim_no == 2


@pytest.mark.parametrize("state", [State.SENDING, State.CANCELLED, State.CONFIRMED, State.BOUNCED])
def test_a_delivery_is_not_settled_as_what_it_cannot_become(tx: Tx, state: State) -> None:
    stored_delivery(tx)
    mine = claimed(tx)
    with pytest.raises(ValueError, match=state.value):
        deliveries.settle(tx, mine, handed_over(state=state))
    assert deliveries.get(tx, mine.id).state is State.SENDING


def test_a_lane_that_woke_too_late_changes_nothing(tx: Tx) -> None:
    stored_delivery(tx)
    late = claimed(tx, owner="dead")
    deliveries.begin(tx, late, message="4" * 64, now=NOW)
    deliveries.take_back(tx, owner="alive", now=NOW, doubt_pause=LEASE)
    taken_back = deliveries.get(tx, late.id)
    assert_void(tx, late)
    assert deliveries.get(tx, late.id) == taken_back
    mine = claimed(tx, owner="alive")
    assert_void(tx, late)
    assert deliveries.get(tx, late.id) == mine


def assert_void(tx: Tx, late: Delivery) -> None:
    with pytest.raises(Superseded):
        deliveries.begin(tx, late, message="5" * 64, now=NOW)
    with pytest.raises(Superseded):
        deliveries.mark_uncertain(tx, late)
    with pytest.raises(Superseded):
        deliveries.settle(tx, late, handed_over())


def test_nothing_is_settled_twice(tx: Tx) -> None:
    stored_delivery(tx)
    mine = claimed(tx)
    deliveries.settle(tx, mine, handed_over())
    with pytest.raises(Superseded):
        deliveries.settle(tx, mine, handed_over(state=State.FAILED, outcome=Outcome.REFUSED))


def test_a_renewed_lease_does_not_run_out(tx: Tx) -> None:
    stored_delivery(tx)
    mine = claimed(tx)
    deliveries.renew(tx, [mine.id], owner="somebody else", lease_until=NOW + 9 * LEASE)
    deliveries.renew(tx, [mine.id], owner="me", lease_until=NOW + 2 * LEASE)
    soon, late = NOW + 1.5 * LEASE, NOW + 3 * LEASE
    assert deliveries.take_back(tx, owner=None, now=soon, doubt_pause=LEASE) == ()
    (taken,) = deliveries.take_back(tx, owner=None, now=late, doubt_pause=LEASE)
    assert taken.id == mine.id


def test_only_the_leases_of_others_are_taken_back_at_a_start(tx: Tx) -> None:
    stored_delivery(tx)
    dead = claimed(tx, owner="dead")
    stored_delivery(tx)
    claimed(tx, owner="alive")
    taken = deliveries.take_back(tx, owner="alive", now=NOW, doubt_pause=LEASE)
    assert [one.id for one in taken] == [dead.id]


def test_what_was_being_sent_is_queued_again_and_its_attempt_lost(tx: Tx) -> None:
    stored_delivery(tx, not_before=NOW - LEASE)
    deliveries.begin(tx, claimed(tx), message="4" * 64, now=NOW)
    (back,) = deliveries.take_back(tx, owner="new", now=LATER, doubt_pause=LEASE)
    assert (back.state, back.not_before, back.losses) == (State.QUEUED, LATER, 0)
    assert back.attempts == (Attempt(1, NOW, Outcome.LOST, None, LATER),)


def test_what_had_passed_the_point_of_no_return_stays_uncertain_and_waits(tx: Tx) -> None:
    stored_delivery(tx)
    mine = claimed(tx)
    deliveries.begin(tx, mine, message="4" * 64, now=NOW)
    deliveries.mark_uncertain(tx, mine)
    (back,) = deliveries.take_back(tx, owner="new", now=LATER, doubt_pause=LEASE)
    assert (back.state, back.not_before) == (State.UNCERTAIN, LATER + LEASE)
    assert back.attempts == (Attempt(1, NOW, Outcome.UNCERTAIN, None, LATER),)
    assert back.reason is not None
    assert "may have arrived" in back.reason


def test_the_third_death_while_composing_holds_it(tx: Tx) -> None:
    stored_delivery(tx)
    seen = []
    now = NOW
    for _ in range(3):
        claimed(tx, now=now)
        (back,) = deliveries.take_back(tx, owner="new", now=now, doubt_pause=LEASE)
        seen.append((back.state, back.losses))
        now = max(now, back.not_before)
    assert seen == [(State.QUEUED, 1), (State.QUEUED, 2), (State.HELD, 3)]
    assert back.reason == "maild stopped 3 times while it composed this"
    assert (back.hold_code, back.attempts) == (HoldCode.LOSSES, ())


def test_what_a_daemon_died_over_rests_for_each_time(tx: Tx) -> None:
    stored_delivery(tx)
    now, pauses = NOW, []
    for _ in range(2):
        claimed(tx, now=now)
        (back,) = deliveries.take_back(tx, owner="new", now=now, doubt_pause=LEASE)
        pauses.append((back.not_before - now).total_seconds())
        assert deliveries.lost_before(tx) == (back.id,)
        now = back.not_before
    assert pauses == [30, 60]


def test_one_delivery_is_claimed_when_it_is_due_and_its_connector_does_not_rest(tx: Tx) -> None:
    one = stored_delivery(tx, not_before=LATER)
    other = stored_delivery(tx, via="resting")
    connectors.pause(tx, "resting", now=NOW, rest=Rest(LATER, "no route"))
    both = {one.id, other.id, "v-gone"}
    assert deliveries.due_at(tx, ids=both, now=NOW) == {
        one.id: ("relay", LATER),
        other.id: ("resting", LATER),
    }
    take: dict[str, Any] = {"owner": "me", "lease_until": LATER + LEASE}
    for id_ in both:
        assert deliveries.claim_one(tx, id=id_, now=NOW, **take) is None
    mine = deliveries.claim_one(tx, id=one.id, now=LATER, **take)
    assert mine is not None
    assert (mine.id, mine.state, mine.claim_no) == (one.id, State.SENDING, 1)
    assert deliveries.claim_one(tx, id=one.id, now=LATER, **take) is None


def test_a_claim_leaves_out_what_it_is_told_to_and_still_fills_up(tx: Tx) -> None:
    first, second, third = [stored_delivery(tx) for _ in range(3)]
    found = deliveries.claim(
        tx, now=NOW, owner="me", lease_until=NOW + LEASE, limit=2, but={first.id}
    )
    assert [one.id for one in found] == [second.id, third.id]


def test_a_death_while_several_are_composed_charges_none_of_them(tx: Tx) -> None:
    document = stored_document(tx)
    for recipient in ("accountant", "books"):
        stored_delivery(tx, document, recipient=recipient, address=f"{recipient}@x.example")
    for _ in range(5):
        assert len(claim(tx)) == 2
        back = deliveries.take_back(tx, owner="new", now=NOW, doubt_pause=LEASE)
        assert [(one.state, one.losses) for one in back] == [(State.QUEUED, 0)] * 2


def test_what_is_on_the_wire_leaves_the_one_that_is_composed_alone_with_its_loss(tx: Tx) -> None:
    first = stored_delivery(tx)
    deliveries.begin(tx, claimed(tx), message="4" * 64, now=NOW)
    second = stored_delivery(tx, address="b@x.example")
    claimed(tx)
    back = deliveries.take_back(tx, owner="new", now=NOW, doubt_pause=LEASE)
    assert {one.id: one.losses for one in back} == {first.id: 0, second.id: 1}


def test_a_message_once_composed_forgets_the_losses_before_it(tx: Tx) -> None:
    stored_delivery(tx)
    claimed(tx)
    deliveries.take_back(tx, owner="new", now=NOW, doubt_pause=LEASE)
    deliveries.begin(tx, claimed(tx, now=LATER), message="4" * 64, now=LATER)
    (back,) = deliveries.take_back(tx, owner="new", now=NOW, doubt_pause=LEASE)
    assert back.losses == 0


def test_lists_page_by_key_and_keep_to_their_filters(tx: Tx) -> None:
    document = stored_document(tx)
    one = stored_delivery(tx, document, via="exact", recipient="books")
    two = stored_delivery(tx, state=State.HELD, hold_code=HoldCode.PERSON)
    three = stored_delivery(tx, team="other")

    def found(**asked: str | int) -> list[str]:
        return [each.id for each in deliveries.find(tx, **asked)]  # type: ignore[arg-type]

    assert found() == [three.id, two.id, one.id]
    assert found(limit=1, after=three.id) == [two.id]
    assert found(team="other") == [three.id]
    assert found(state="held") == found(hold_code="person") == [two.id]
    assert found(via="exact") == found(recipient="books") == [one.id]
    assert found(document=document.id) == [one.id]


def test_the_counts_follow_every_move(tx: Tx) -> None:
    stored_delivery(tx)
    stored_delivery(tx)
    mine = claimed(tx)
    deliveries.settle(tx, mine, handed_over())
    claimed(tx)
    deliveries.take_back(tx, owner="new", now=NOW, doubt_pause=LEASE)
    found = deliveries.counts(tx)
    assert {state: n for state, n in found.items() if n} == {"queued": 1, "handed_over": 1}


def test_every_state_is_counted_for_all_or_for_a_team(tx: Tx) -> None:
    stored_delivery(tx)
    stored_delivery(tx, team="other")
    stored_delivery(tx, state=State.FAILED)
    everything = deliveries.counts(tx)
    assert set(everything) == {state.value for state in State}
    assert (everything["queued"], everything["failed"], everything["held"]) == (2, 1, 0)
    assert deliveries.counts(tx, team="acme")["queued"] == 1


@pytest.mark.parametrize(
    "statement", [leases._FIRST, leases._NEXT_PRIORITY, leases._NEXT_VIA, leases._DUE]
)
def test_a_claim_walks_the_index_of_what_waits_and_sorts_nothing(
    tx: Tx, statement: Prepared
) -> None:
    words = statement.words(tx)
    plan = tx.exec_driver_sql(f"EXPLAIN QUERY PLAN {words}", ("",) * words.count("?")).all()
    assert len(plan) == 1
    assert "INDEX ix_deliveries_claimable" in plan[0][3]


def test_the_history_of_a_document_names_its_deliveries(tx: Tx) -> None:
    document = stored_document(tx)
    stored = stored_delivery(tx, document)
    deliveries.hold(tx, stored.id, now=NOW, reason="wait for Ann")
    (told,) = documents.events_of(tx, document.id)
    assert (told.event, told.delivery, told.detail) == ("delivery.held", stored.id, "wait for Ann")
