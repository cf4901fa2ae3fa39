"""Alarms as a user has them: a daemon that calls, a status that shows, and a test of the roads."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from tests.spine import papers
from tests.spine.conftest import Running
from tests.spine.house import House, configured
from tests.spine.post import a_mail
from tests.spine.waiting import until

KEEPS = "import sys; open(sys.argv[1], 'a').write(sys.stdin.read())"


def roads(path: Path, *, dead: int, room: str = "1kB") -> str:
    """A webhook where nobody listens, then a command that keeps what it is told."""
    command = json.dumps([sys.executable, "-c", KEEPS, str(path)])
    return (
        f'\n[alarm]\nwebhook = "http://127.0.0.1:{dead}/hook"\ncommand = {command}\n'
        f'disk_free = "{room}"\n'
    )


def test_a_daemon_tells_on_the_second_road_when_the_first_is_dead(
    run: Running, house: House, tmp_path: Path, free_port: int
) -> None:
    told = tmp_path / "told"
    # No disk has so much room: the alarm rings at the first look.
    daemon = run(more=roads(told, dead=free_port, room="900000GB"))
    assert daemon.wait_for("alarm.opened")["alarm"] == "disk:data_dir"
    assert daemon.wait_for("alarm.road_failed")["road"] == "webhook"
    assert daemon.wait_for("alarm.told")["road"] == "command"
    [call] = [json.loads(line) for line in told.read_text().splitlines()]
    assert [one["key"] for one in call["alarms"]] == ["disk:data_dir"]
    until(lambda: house.status()["alarms"][0]["told_by"] == "command")
    assert "make room (told by command" in house.maild("status").err
    assert daemon.stop() == 0
    with house.running() as again:
        again.wait_for("daemon.ready")
        assert again.stop() == 0
    # It stands still and was told today.
    assert len(told.read_text().splitlines()) == 1


def test_a_server_without_tls_is_an_alarm_after_the_first_try(
    run: Running, house: House, tmp_path: Path, free_port: int
) -> None:
    told = tmp_path / "told"
    daemon = run(('tls = "none"', 'tls = "starttls"'), more=roads(told, dead=free_port))
    daemon.hand_in(a_mail(("q.xml", papers.quote("O-1"))))
    assert daemon.wait_for("connector.paused")["cause"] == "tls"
    assert daemon.stop() == 0
    with house.running() as again:  # it looks at its start, and then each minute
        assert again.wait_for("alarm.opened")["alarm"] == "connector:relay"
        [alarm] = house.status()["alarms"]
        assert "STARTTLS" in alarm["reason"]
        assert "see to the certificate of that server" in alarm["reason"]
        again.wait_for("alarm.told")
    assert [one["key"] for one in json.loads(told.read_text())["alarms"]] == ["connector:relay"]
    [waiting] = house.queue("--state", "queued")
    assert [one["outcome"] for one in waiting["attempts"]] == ["paused"]


def test_alarm_test_names_the_road_that_does_not_work(
    house: House, tmp_path: Path, free_port: int
) -> None:
    told = tmp_path / "told"
    house.write(configured(9, more=roads(told, dead=free_port)))
    said = house.maild("alarm", "test", "--json")
    assert said.code == 1
    webhook, command = said.json()
    assert (webhook["road"], command) == ("webhook", {"road": "command", "trouble": None})
    assert "does not answer" in webhook["trouble"]
    assert json.loads(told.read_text())["test"] is True


def test_alarm_test_without_a_road_says_what_to_write(house: House) -> None:
    house.write(configured(9))
    said = house.maild("alarm", "test")
    assert said.code == 2
    assert "nobody would be told" in said.err
