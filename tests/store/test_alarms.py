from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError

from maild.store import alarms
from maild.store.database import Tx
from maild.store.schema_alarms import alarms as table
from tests.store.builders import NOW

LATER = NOW + timedelta(hours=1)


def test_an_alarm_is_opened_once_and_learns_its_newest_reason(tx: Tx) -> None:
    assert alarms.reconcile(tx, {"a:x": "one"}, kinds={"a"}, now=NOW) == (("a:x",), ())
    assert alarms.reconcile(tx, {"a:x": "two"}, kinds={"a"}, now=LATER) == ((), ())
    [one] = alarms.standing(tx)
    assert (one.reason, one.opened_at) == ("two", NOW)


def test_only_alarms_of_the_kinds_looked_for_are_closed(tx: Tx) -> None:
    alarms.reconcile(tx, {"a:x": "one"}, kinds={"a"}, now=NOW)
    alarms.reconcile(tx, {"ab:x": "one"}, kinds={"ab"}, now=NOW)
    assert alarms.reconcile(tx, {}, kinds={"a"}, now=LATER) == ((), ("a:x",))
    assert [one.key for one in alarms.standing(tx)] == ["ab:x"]


def test_what_was_told_is_due_again_after_the_pause_and_not_before(tx: Tx) -> None:
    alarms.reconcile(tx, {"a:x": "one", "a:y": "two"}, kinds={"a"}, now=NOW)
    alarms.mark_told(tx, ["a:x"], by="webhook", now=NOW)
    assert [one.key for one in alarms.untold(tx, before=NOW - timedelta(days=1))] == ["a:y"]
    assert [one.key for one in alarms.untold(tx, before=NOW)] == ["a:x", "a:y"]


def test_the_same_trouble_cannot_stand_twice(tx: Tx) -> None:
    row = {"key": "a:x", "reason": "one", "opened_at": NOW}
    tx.execute(insert(table).values(row | {"closed_at": NOW}))
    tx.execute(insert(table).values(row))
    with pytest.raises(IntegrityError):
        tx.execute(insert(table).values(row))
