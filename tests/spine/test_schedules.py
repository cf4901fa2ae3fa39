"""`maild schedule` beside a daemon: what is asked is done once, and holds while it is down."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.spine.conftest import Running
from tests.spine.house import House
from tests.spine.waiting import until


def tidy(house: House) -> dict[str, Any]:
    """The runs of the schedule that drops orphans, by period."""
    [shown] = house.json("schedule", "list", "tidy", "--json")
    return {one["period"]: one for one in shown["runs"]}


def test_a_person_has_a_period_done_and_another_passed_over(run: Running, house: House) -> None:
    today = datetime.now(UTC).date()
    yesterday, tomorrow = (today + timedelta(days=one) for one in (-1, 1))
    daemon = run()
    names = [one["schedule"] for one in house.json("schedule", "list", "--json")]
    assert {"refused", "receipts", "tidy", "acme/digest"} <= set(names)
    assert house.maild("schedule", "run", "tidy", f"{yesterday}").code == 0
    until(
        lambda: f"{yesterday}" in [one["period"] for one in daemon.events("run.done")],
        explain=daemon.log,
    )
    assert tidy(house)[f"{yesterday}"]["result"] == "0 blobs dropped"
    assert daemon.stop() == 0
    # The daemon is down: what is written holds all the same.
    skipped = house.maild("schedule", "skip", "tidy", f"{tomorrow}", "--reason", "we move house")
    assert skipped.code == 0
    assert (tidy(house)[f"{tomorrow}"]["state"], tidy(house)[f"{tomorrow}"]["result"]) == (
        "skipped",
        "we move house",
    )
    again = house.maild("schedule", "run", "tidy", f"{yesterday}")
    assert again.code == 2
    assert "was done on" in again.err
    shown = house.maild("schedule", "list")
    assert "tidy: skipped" in shown.err
    assert "daily 03:30" in shown.out
