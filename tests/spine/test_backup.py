"""A backup from a running daemon under load, restored: nothing lost, nothing sent twice by surprise."""

from __future__ import annotations

import threading

from sqlalchemy import text

from maild.store import engines
from tests.spine.conftest import Running
from tests.spine.house import QUICK, Daemon, House, configured
from tests.spine.papers import a_pdf, invoice
from tests.spine.post import a_mail
from tests.spine.sinks import Sink
from tests.spine.waiting import until


class Load:
    """A client that hands in one invoice after the other; `accepted` are those with a 250."""

    def __init__(self, daemon: Daemon) -> None:
        self.accepted: list[str] = []
        self._daemon = daemon
        self._enough = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def end(self) -> None:
        """Hand in no more, and wait for the last answer."""
        self._enough.set()
        self._thread.join()

    def _run(self) -> None:
        for n in range(200):
            if self._enough.is_set():
                return
            number = f"B-{n:03}"
            # Large enough to be a file of its own in the store.
            paper = (f"{number}.pdf", a_pdf(number + "x" * 100_000))
            mail = a_mail((f"{number}.xml", invoice(number)), paper)
            if self._daemon.hand_in(mail).code == 250:
                self.accepted.append(number)


def test_a_backup_under_load_is_restored_and_the_daemon_carries_on(
    run: Running, house: House, sink: Sink
) -> None:
    daemon = run(more=QUICK)
    sink.faults.delay["DOT"] = 0.5  # so that the backup finds deliveries at every stage
    load = Load(daemon)
    load.start()
    until(lambda: len(load.accepted) >= 6, explain=daemon.log)
    before = list(load.accepted)
    [taken] = house.json("backup", "b.tar")
    load.end()
    assert taken["files"] > len(before)
    assert taken["lost"] == []
    sink.faults.delay.clear()
    until(lambda: not [one for one in house.queue() if one["state"] in {"queued", "sending"}])
    daemon.stop()
    sent = {one["message_id"] for one in house.queue()}
    [looked] = house.json("verify", "b.tar")
    assert looked["problems"] == []

    # The machine is gone; another one gets the backup.
    (house.folder / "state").rename(house.folder / "gone")
    [done] = house.json("restore", "b.tar", "--into", "state")
    arrived = len(sink.mails)
    with house.running() as again:
        numbers = [one["number"] for one in house.documents("--limit", "1000")]
        assert set(before) <= set(numbers) <= set(load.accepted)
        held = [one for one in house.queue() if one["state"] == "held"]
        assert len(held) == done["held"] > 0
        # It works as before, and what it held stays.
        assert again.hand_in(a_mail(("N.xml", invoice("N-1")))).code == 250
        house.settled("N-1", "handed_over", "handed_over")
        assert arrived + 2 == len(sink.mails)
        [freed] = house.json("queue", "release", "--restored")
        assert freed["released"] == len(held)
        until(lambda: not [one for one in house.queue() if one["state"] != "handed_over"])
        [whole] = house.json("verify")
        assert whole["problems"] == []
    # What goes twice after a person said so is the same mail, by its Message-ID.
    assert {one["message_id"] for one in held} <= sent


def test_wrong_use_is_told_in_words_with_its_exit_code(house: House) -> None:
    house.write(configured(9))
    said = house.maild("backup", "b.tar")
    assert (said.code, "there is no database" in said.err) == (2, True)
    house.status()  # makes the store
    assert house.maild("backup", "b.tar").code == 0
    said = house.maild("restore", "b.tar", "--into", ".")
    assert (said.code, "is not empty" in said.err) == (2, True)
    content = (house.folder / "b.tar").read_bytes()
    (house.folder / "b.tar").write_bytes(content[: len(content) // 2])
    said = house.maild("verify", "b.tar")
    assert (said.code, "b.tar" in said.err) == (2, True)
    for wrong in (["release"], ["release", "v-1", "--restored"], ["release", "v-1", "-t", "acme"]):
        assert house.maild("queue", *wrong).code == 2


def test_a_count_that_is_wrong_is_found_and_counted_anew_when_no_daemon_runs(
    run: Running, house: House
) -> None:
    daemon = run()
    daemon.hand_in(a_mail(("n.xml", invoice("2026-001"))))
    engine = engines.writer_engine(house.folder / "state" / "maild.db")
    with engine.begin() as tx:
        tx.execute(text("UPDATE series SET last = last + 1"))
    engine.dispose()
    said = house.maild("verify")
    assert (said.code, "series is not of the numbers" in said.out) == (1, True)
    assert "verify --repair" in said.out
    said = house.maild("verify", "--repair")
    assert (said.code, "another maild runs" in said.err) == (2, True)
    daemon.stop()
    said = house.maild("verify", "--repair")
    assert (said.code, "it was counted anew" in said.out) == (0, True)
    [found] = house.json("verify", "--repair")
    assert (found["problems"], found["repaired"]) == ([], [])
