"""What a person may do to a delivery, and the table of legal moves."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, update

from maild.errors import NotFound, UserError
from maild.model.delivery import MOVES, HoldCode, Outcome, State
from maild.model.said import Said
from maild.store import deliveries, documents, engines, schema
from maild.store.database import Tx
from tests.store.builders import (
    LEASE,
    NOW,
    claimed,
    handed_over,
    stored_delivery,
    stored_document,
)

LATER = NOW + timedelta(hours=1)
ACTS = {
    "hold": lambda tx, v: deliveries.hold(tx, v, now=LATER, reason="wait"),
    "release": lambda tx, v: deliveries.release(tx, v, now=LATER),
    "cancel": lambda tx, v: deliveries.cancel(tx, v, now=LATER, reason="never mind"),
    "retry": lambda tx, v: deliveries.retry(tx, v, now=LATER),
}
ALLOWED = {
    ("hold", State.QUEUED): State.HELD,
    ("hold", State.UNCERTAIN): State.HELD,
    ("release", State.HELD): State.QUEUED,
    ("cancel", State.QUEUED): State.CANCELLED,
    ("cancel", State.HELD): State.CANCELLED,
    ("retry", State.QUEUED): State.QUEUED,
    ("retry", State.UNCERTAIN): State.UNCERTAIN,
    ("retry", State.FAILED): State.QUEUED,
    ("retry", State.BOUNCED): State.QUEUED,
}


@pytest.mark.parametrize("state", list(State))
@pytest.mark.parametrize("act", ACTS)
def test_a_person_moves_what_may_be_moved_and_is_told_why_not_otherwise(
    tx: Tx, act: str, state: State
) -> None:
    stored = stored_delivery(tx, stored_document(tx), state=state)
    assert stored.document is not None
    wanted = ALLOWED.get((act, state))
    if wanted is None:
        with pytest.raises(UserError, match=rf"{stored.id} .*; only"):
            ACTS[act](tx, stored.id)
        assert deliveries.get(tx, stored.id) == stored
        assert documents.events_of(tx, stored.document) == ()
    else:
        assert ACTS[act](tx, stored.id).state is wanted
        (told,) = documents.events_of(tx, stored.document)
        assert told.delivery == stored.id


@pytest.mark.parametrize("act", ACTS)
def test_an_unknown_delivery_is_named(tx: Tx, act: str) -> None:
    with pytest.raises(NotFound, match='"v-x"'):
        ACTS[act](tx, "v-x")


@pytest.mark.parametrize("act", ["hold", "retry"])
def test_what_waits_for_its_reply_is_left_alone(tx: Tx, act: str) -> None:
    stored_delivery(tx)
    mine = claimed(tx)
    deliveries.begin(tx, mine, message="4" * 64, now=NOW)
    deliveries.mark_uncertain(tx, mine)
    with pytest.raises(UserError, match="on its way"):
        ACTS[act](tx, mine.id)
    deliveries.settle(tx, mine, handed_over())
    assert deliveries.get(tx, mine.id).state is State.HANDED_OVER


def test_a_hold_keeps_it_with_its_reason_and_a_release_lets_it_go_at_its_time(tx: Tx) -> None:
    stored = stored_delivery(tx, not_before=LATER)
    held = deliveries.hold(tx, stored.id, now=NOW, reason="wait for Ann")
    assert (held.hold_code, held.reason) == (HoldCode.PERSON, "wait for Ann")
    freed = deliveries.release(tx, stored.id, now=NOW, deadline=timedelta(days=2))
    assert (freed.hold_code, freed.reason, freed.not_before) == (None, None, LATER)
    assert freed.deadline_at == NOW + timedelta(days=2)


def test_a_reason_keeps_its_code_until_another_takes_its_place(tx: Tx) -> None:
    one = stored_delivery(tx)
    said = Said("takes_pair", "yuki takes a UBL only together with its PDF", profile="yuki")
    held = deliveries.hold(tx, one.id, now=LATER, reason=said, code=HoldCode.PROFILE)
    assert isinstance(held.reason, Said)
    assert (held.reason, held.reason.code, held.reason.facts) == (said, said.code, said.facts)
    # Others write the English alone; then the code of before does not count.
    changed = update(schema.deliveries).where(schema.deliveries.c.id == one.id)
    tx.execute(changed.values(reason="something else"))
    reason = deliveries.get(tx, one.id).reason
    assert reason == "something else"
    assert not isinstance(reason, Said)


def test_what_failed_starts_anew_when_a_person_says_so(tx: Tx) -> None:
    stored = stored_delivery(tx, state=State.FAILED, tries=9, reason="550 no", deadline_at=NOW)
    again = deliveries.retry(tx, stored.id, now=LATER, deadline=timedelta(days=1))
    assert (again.tries, again.reason, again.not_before) == (0, None, LATER)
    assert again.deadline_at == LATER + timedelta(days=1)


def test_a_retry_of_what_waits_only_makes_it_due(tx: Tx) -> None:
    stored = stored_delivery(tx, not_before=NOW + timedelta(days=3), tries=2)
    again = deliveries.retry(tx, stored.id, now=LATER)
    assert (again.not_before, again.tries, again.deadline_at) == (LATER, 2, None)


def test_a_release_does_not_answer_a_review(tx: Tx) -> None:
    document = stored_document(tx)
    stored = stored_delivery(tx, document, state=State.HELD, hold_code=HoldCode.REVIEW)
    with pytest.raises(UserError, match="decision") as refused:
        deliveries.release(tx, stored.id, now=LATER)
    assert f"maild review confirm {document.id}" in refused.value.hint


def test_going_live_frees_what_shadow_mode_held_and_nothing_else(tx: Tx) -> None:
    shadow: dict[str, Any] = {"state": State.HELD, "hold_code": HoldCode.SHADOW}
    old = stored_delivery(tx, stored_document(tx), **shadow)
    new = stored_delivery(tx, stored_document(tx), created_at=LATER, **shadow)
    stored_delivery(tx, state=State.HELD, hold_code=HoldCode.PERSON)
    stored_delivery(tx, team="other", **shadow)
    assert deliveries.release_shadow(tx, "acme", now=LATER, since=LATER) == 1
    assert deliveries.get(tx, new.id).state is State.QUEUED
    assert deliveries.release_shadow(tx, "acme", now=LATER, since=None) == 1
    assert deliveries.get(tx, old.id).hold_code is None
    assert deliveries.release_shadow(tx, "acme", now=LATER, since=None) == 0
    assert new.document is not None
    (told,) = documents.events_of(tx, new.document)
    assert (told.event, told.delivery) == ("delivery.released", new.id)


SETTLED = [
    handed_over(),
    handed_over(state=State.QUEUED, outcome=Outcome.DEFERRED),
    handed_over(state=State.FAILED, outcome=Outcome.REFUSED),
    handed_over(state=State.HELD, outcome=Outcome.HELD, hold_code=HoldCode.BUG),
    handed_over(state=State.UNCERTAIN, outcome=Outcome.UNCERTAIN),
]
STEPS = st.sampled_from([*ACTS, "claim", "begin", "dot", "lost", *SETTLED])


@settings(max_examples=60)
@given(steps=st.lists(STEPS, max_size=25))
def test_whatever_is_done_in_whatever_order_only_legal_moves_happen(steps: list[Any]) -> None:
    engine = create_engine("sqlite://", module=engines.driver())
    with engine.connect() as tx, tx.begin():
        schema.metadata.create_all(tx)
        id = stored_delivery(tx).id  # noqa: A001 - the word of the trade
        lanes = [deliveries.get(tx, id)]
        for step in steps:
            before = deliveries.get(tx, id)
            with suppress(UserError, deliveries.Superseded):
                take(tx, step, id=id, lanes=lanes)
            after = deliveries.get(tx, id)
            assert after.state is before.state or after.state in MOVES[before.state]
            is_open = [one for one in after.attempts if one.outcome is Outcome.OPEN]
            under_way = after.state in {State.SENDING, State.UNCERTAIN}
            assert len(is_open) <= (1 if under_way else 0)
    engine.dispose()


def take(tx: Tx, step: Any, *, id: str, lanes: list[Any]) -> None:  # noqa: A002 - the same
    """One step; `lanes` holds every claim so far, and the last one but one may write late."""
    if step == "claim":
        lease = NOW + LEASE
        lanes += deliveries.claim(tx, now=LATER, owner="me", lease_until=lease, limit=1)
    elif step == "begin":
        mine = lanes[-1]
        if not any(one.outcome is Outcome.OPEN for one in deliveries.get(tx, id).attempts):
            deliveries.begin(tx, mine, message="4" * 64, now=NOW)
    elif step == "dot":
        deliveries.mark_uncertain(tx, lanes[-1])
    elif step == "lost":
        deliveries.take_back(tx, owner="new", now=NOW, doubt_pause=LEASE)
    elif isinstance(step, str):
        ACTS[step](tx, id)
    else:
        deliveries.settle(tx, lanes[len(lanes) // 2], step)
        deliveries.settle(tx, lanes[-1], step)
