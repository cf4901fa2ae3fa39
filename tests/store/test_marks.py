from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import select

from maild.errors import Problem
from maild.store import documents, marks, schema
from maild.store.blobs import Staged, keep
from maild.store.database import Tx
from maild.store.marks import Refusal
from tests.store.builders import NOW, an_arrival

DAY = timedelta(days=1)


def a_refusal(n: int, **changes: Any) -> Refusal:
    values: dict[str, Any] = {
        "id": f"r-{n}",
        "team": "acme",
        "at": NOW,
        "peer": "192.0.2.1",
        "sender": "shop@acme.example",
        "recipient": "acme@post.example",
        "subject": "Factuur",
        "code": "554 5.6.0",
        "message": "BT-1: the number is missing",
        "size": 100,
        "original": f"{n:064}",
    }
    return Refusal(**values | changes)


def ids(found: tuple[Refusal, ...]) -> list[str]:
    return [one.id for one in found]


def test_a_mark_is_put_over_what_it_was_and_dropped(tx: Tx) -> None:
    assert marks.get(tx, "golive:acme") is None
    marks.put(tx, "golive:acme", {"by": "an"}, now=NOW)
    marks.put(tx, "golive:acme", {"by": "é", "n": 1}, now=NOW)
    assert marks.get(tx, "golive:acme") == {"by": "é", "n": 1}
    marks.drop(tx, "golive:acme")
    marks.drop(tx, "golive:acme")
    assert marks.get(tx, "golive:acme") is None


def test_a_refusal_comes_back_as_it_was_stored_newest_first(tx: Tx) -> None:
    one = a_refusal(1)
    two = a_refusal(
        2,
        problems=(Problem("no_tag", "a.pdf", "what"),),
        peer=None,
        sender=None,
        recipient=None,
        subject=None,
        original=None,
    )
    three = a_refusal(3, team="other")
    for each in (one, two, three):
        marks.add_refusal(tx, each)
    assert marks.refusals(tx) == (three, two, one)
    assert marks.refusals(tx, team="acme", limit=1) == (two,)
    assert marks.refusals(tx, team="acme", after="r-2") == (one,)


def test_what_was_told_is_not_told_again(tx: Tx) -> None:
    for n in (1, 2):
        marks.add_refusal(tx, a_refusal(n))
    marks.add_refusal(tx, a_refusal(3, team="other"))
    assert ids(marks.untold_refusals(tx, "acme")) == ["r-1", "r-2"]
    marks.mark_told(tx, ["r-1"])
    marks.mark_told(tx, [])
    assert ids(marks.untold_refusals(tx, "acme")) == ["r-2"]


def test_the_quota_counts_what_a_peer_sent_to_a_team_since_then(tx: Tx) -> None:
    marks.add_refusal(tx, a_refusal(1, at=NOW - DAY))
    marks.add_refusal(tx, a_refusal(2, size=7))
    marks.add_refusal(tx, a_refusal(3, size=8))
    marks.add_refusal(tx, a_refusal(4, peer="192.0.2.2"))
    marks.add_refusal(tx, a_refusal(5, peer=None, size=9))
    assert marks.refused_bytes(tx, "acme", "192.0.2.1", since=NOW) == (2, 15)
    assert marks.refused_bytes(tx, "acme", None, since=NOW) == (1, 9)
    assert marks.refused_bytes(tx, "acme", "192.0.2.9", since=NOW) == (0, 0)


def test_old_refusals_go_with_the_bytes_that_nothing_else_names(tx: Tx) -> None:
    for n in range(4):
        keep(tx, Staged(f"{n:064}", 1, b"x"))
    marks.add_refusal(tx, a_refusal(0, at=NOW - DAY))
    marks.add_refusal(tx, a_refusal(1, at=NOW - DAY))
    marks.add_refusal(tx, a_refusal(2, at=NOW - DAY))
    marks.add_refusal(tx, a_refusal(5, at=NOW - DAY, original=None))
    marks.add_refusal(tx, a_refusal(6, original=f"{2:064}"))  # the same bytes, a younger refusal
    documents.add_arrival(tx, an_arrival(original=f"{1:064}"))  # the same bytes, accepted later
    assert marks.forget_before(tx, before=NOW) == 4
    assert ids(marks.refusals(tx)) == ["r-6"]
    left = set(tx.execute(select(schema.small_blobs.c.sha256)).scalars())
    assert left == {f"{n:064}" for n in (1, 2, 3)}
