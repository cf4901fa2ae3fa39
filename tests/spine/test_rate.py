"""A connector with a rate, seen by a person: what waits, until when, and after a restart."""

from __future__ import annotations

from datetime import datetime, timedelta

from tests.spine import papers
from tests.spine.conftest import Running
from tests.spine.house import House
from tests.spine.post import a_mail
from tests.spine.sinks import Sink
from tests.spine.waiting import until

RATE = ('host = "127.0.0.1"', 'host = "127.0.0.1"\nrate = "2/h"')


def test_what_is_over_the_rate_waits_over_a_restart_and_says_until_when(
    run: Running, house: House, sink: Sink
) -> None:
    daemon = run(RATE)
    for number in range(4):
        daemon.hand_in(a_mail(("q.xml", papers.quote(f"O-{number}"))))
    [rest] = until(lambda: house.status()["paused"])
    assert (rest["connector"], rest["reason"]) == ("relay", "its rate of 2/h is reached")
    waiting = house.queue("--state", "queued")
    assert [one["waits"]["until"][:19] for one in waiting] == [rest["until"][:19]] * 2
    assert all(not one["attempts"] and one["waits"]["reason"] == rest["reason"] for one in waiting)
    listed = house.maild("queue", "list").out
    assert f"relay goes on at {rest['until'][:10]}" in " ".join(listed.split())
    assert house.status()["alarms"] == []
    daemon.kill()
    with house.running():
        [again] = until(lambda: house.status()["paused"])
        assert again["reason"] == rest["reason"]
        # What was counted before counts still: the hour did not begin anew.
        moved = datetime.fromisoformat(again["until"]) - datetime.fromisoformat(rest["until"])
        assert abs(moved) < timedelta(minutes=1)
        assert len(house.queue("--state", "queued")) == 2
    assert len(sink.mails) == 2
