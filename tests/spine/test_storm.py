"""Out through a Postfix on a bad day, with a daemon that is killed: nothing lost, no double unknown."""

from __future__ import annotations

import sys

import pytest

from tests.servers.fixtures import StartPostfix, StartSink
from tests.servers.policy import DEFERRED, DELAYED, REFUSED
from tests.spine.house import ACCOUNTANT, BOOKS, PERSON, House
from tests.spine.storm import GONE, WRONG, End, Storm, doubts, storm

SEED = 20_261_124


def test_a_bad_day_at_the_relay_and_four_kills_lose_nothing_and_double_nothing_unsaid(
    house: House,
    start_postfix: StartPostfix,
    start_sink: StartSink,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with storm(house, start_postfix, start_sink, seed=SEED) as world:
        end = _weathered(world, documents=60, kills=4, longest=1.5)
    _shown(world, end, capsys)
    _holds(world, end, documents=60)


@pytest.mark.soak
def test_two_thousand_documents_and_fifty_kills(
    house: House,
    start_postfix: StartPostfix,
    start_sink: StartSink,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with storm(house, start_postfix, start_sink, seed=SEED) as world:
        end = _weathered(world, documents=2000, kills=50, longest=4.0)
    _shown(world, end, capsys)
    _holds(world, end, documents=2000)
    assert min(world.cutter.cuts[one] for one in ("body", "reply", "command")) > 0
    assert world.policy.given[DELAYED] > 0
    assert sum(one.in_window > 0 for one in world.rounds) >= 5
    assert sum(one.sending > 0 for one in world.rounds) >= 20


def _weathered(world: Storm, *, documents: int, kills: int, longest: float) -> End:
    for _ in range(kills):
        world.kill_once(papers_more=documents // kills, longest=longest)
    return world.end(documents, within=60 + documents / 2)


def _holds(world: Storm, end: End, *, documents: int) -> None:
    """What must be true whatever the relay did and whenever the daemon died."""
    # The day was bad. Which fault comes how often is chance; over 2,000 documents each does.
    assert world.cutter.cuts.total() > 0
    assert world.policy.given[DEFERRED] > 0
    assert world.policy.given[REFUSED] >= len(end.to(WRONG))
    # Every 250 is one document, and nothing else is.
    accepted = sorted(number for one in world.rounds for number in one.accepted)
    assert len(accepted) == documents
    assert sorted(str(one["number"]) for one in end.documents) == accepted
    # Every delivery's state is what became of it.
    fate = {ACCOUNTANT: "handed_over", BOOKS: "handed_over", PERSON: "handed_over"}
    fate |= {GONE: "bounced", WRONG: "failed"}
    wrong = [one for one in end.deliveries if one["state"] != fate[one["address"]]]
    assert wrong == []
    assert [one for one in end.deliveries if end.lost(one)] == []
    # Whoever was to know that something failed or came back was told, once for each.
    told = len(end.to(PERSON))
    assert told == len(end.to(GONE)) + len(end.to(WRONG))
    # Nothing arrived that is not on record; what came more than once was in doubt, and is the same.
    assert set(end.arrived) <= {one["message_id"] for one in end.deliveries}
    for one in end.deliveries:
        assert end.arrived[one["message_id"]] <= 1 + doubts(one), one
    assert all(len(bodies) == 1 for bodies in end.bodies.values())


def _shown(world: Storm, end: End, capsys: pytest.CaptureFixture[str]) -> None:
    """The counts, one line a round, and the totals (after mail.md 2.5)."""
    of_number = {
        str(one["number"]): [each["id"] for each in one["deliveries"]] for one in end.documents
    }
    by_id = {one["id"]: one for one in end.deliveries}
    lines = ["round  250 given  lost  twice  no reply seen  of which arrived  in the window"]
    for n, one in enumerate(world.rounds[1:], 1):
        found = [by_id[each] for number in one.accepted for each in of_number[number]]
        unseen = [each for each in found if doubts(each)]
        row = (
            f"{len(one.accepted):9}  {sum(map(end.lost, found)):4}  {sum(map(end.twice, found)):5}"
            f"  {len(unseen):13}  {sum(end.twice(each) for each in unseen):16}  {one.in_window:13}"
        )
        lines.append(f"{n:5}  {row}")
    totals = {
        "documents": len(end.documents),
        "deliveries": len(end.deliveries),
        "lost": sum(map(end.lost, end.deliveries)),
        "delivered twice": sum(map(end.twice, end.deliveries)),
        "attempts without a reply": sum(map(doubts, end.deliveries)),
        "bounced": len(end.to(GONE)),
        "refused": len(end.to(WRONG)),
        "delay told": sum(
            any(b["action"] == "delayed" for b in one["returns"]) for one in end.deliveries
        ),
        "kills in sending": sum(one.sending > 0 for one in world.rounds),
        "kills in the window": sum(one.in_window > 0 for one in world.rounds),
        "no 250 seen by the sender": sum(one.unanswered for one in world.rounds),
        "let go by a person": world.freed,
        "connections cut": dict(world.cutter.cuts),
        "relay's answers": dict(world.policy.given),
    }
    lines += [f"{name}: {count}" for name, count in totals.items()]
    with capsys.disabled():
        sys.stdout.write("\n" + "\n".join(lines) + "\n")
