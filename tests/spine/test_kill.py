"""`kill -9` under load: nothing that was accepted is lost, and what comes twice is the same and known."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.spine.house import House
from tests.spine.killing import Books, Ending, Killing, slow_sink

SOAK_KILLS, SOAK_IN_SENDING, SOAK_AFTER_DOT = 50, 30, 10
SOAK_MOST = 200  # kills; a run that has not seen its counts by then is broken


@pytest.fixture
def killing(house: House, tmp_path: Path) -> Iterator[Killing]:
    """A daemon to kill, with its load and its sink."""
    folder = tmp_path / "sink"
    folder.mkdir()
    with slow_sink(folder) as port:
        one = Killing(house, folder=folder, seed=20_261_124)
        one.begin(port)
        yield one
        one.close()


def test_a_daemon_that_is_killed_again_and_again_loses_and_invents_nothing(
    killing: Killing,
) -> None:
    while killing.books.kills < 8:
        killing.kill_once()
    _holds(killing.books, killing.end(within=60))


@pytest.mark.soak
def test_fifty_kills_at_every_moment_of_a_delivery(
    killing: Killing, capsys: pytest.CaptureFixture[str]
) -> None:
    books = killing.books
    while (
        books.kills < SOAK_KILLS
        or books.in_sending < SOAK_IN_SENDING
        or books.after_dot < SOAK_AFTER_DOT
    ):
        assert books.kills < SOAK_MOST, books
        killing.kill_once()
    ending = killing.end(within=300)
    with capsys.disabled():
        sys.stdout.write(f"\n{books.table(ending)}\n")
    _holds(books, ending)


def _holds(books: Books, end: Ending) -> None:
    """What must be true however it died."""
    # Every 250 is a document, and every document was answered with a 250 in the end.
    assert sorted(str(one["number"]) for one in end.documents) == sorted(books.accepted)
    for document in end.documents:
        roads = [(one["recipient"], one["state"]) for one in document["deliveries"]]
        assert roads == [("accountant", "handed_over"), ("books", "handed_over")], document
    # Every delivery arrived, as one message, and nothing else did.
    assert set(end.arrived) == {one["message_id"] for one in end.deliveries}
    assert all(len(contents) == 1 for contents in end.contents.values())
    for one in end.deliveries:
        uncertain = sum(attempt["outcome"] == "uncertain" for attempt in one["attempts"])
        assert end.arrived[one["message_id"]] <= 1 + uncertain, one
        assert one["attempts"][-1]["outcome"] == "handed_over"
