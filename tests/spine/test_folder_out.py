"""A folder as the way out, beside the mails: what lies there, and what the commands say of it."""

from __future__ import annotations

from pathlib import Path

from tests.spine import papers
from tests.spine.conftest import Running
from tests.spine.house import QUICK, House
from tests.spine.post import a_mail, sha256
from tests.spine.sinks import Sink

OUT = (
    ("[team.acme]", '[connector.folder.disk]\npath = "out"\n\n[team.acme]'),
    (
        "[team.acme.recipients]",
        '[team.acme.recipients]\narchive = { via = "disk", address = "acme" }',
    ),
    ('to = ["accountant", "books"]', 'to = ["accountant", "books", "archive"]'),
)


def laid(house: House) -> dict[str, set[str]]:
    """What somebody who looks into the folder sees."""
    places = (house.folder / "out" / "acme").glob("[!.]*")
    return {one.name: {file.name for file in one.iterdir()} for one in places}


def test_an_invoice_is_laid_in_a_folder_and_mailed(house: House, run: Running, sink: Sink) -> None:
    (house.folder / "out").mkdir()
    daemon = run(*OUT)
    assert daemon.hand_in(a_mail(("i.xml", papers.invoice("2026-7")))).code == 250
    document = house.settled("2026-7", "handed_over", "handed_over", "handed_over")
    [name] = laid(house)
    assert name.endswith(f"_invoice_2026-7_{document['id']}")
    assert laid(house)[name] == {"factuur-2026-7.pdf", "factuur-2026-7.xml"}
    assert len(sink.mails) == 2

    [proof] = house.json("documents", "proof", document["id"])
    assert proof["problems"] == []
    [proven] = [one for one in proof["deliveries"] if one["connector"] == "disk"]
    place = house.folder / "out" / "acme" / name
    assert proven["reply"] == str(place)
    assert {one["name"]: one["sha256"] for one in proven["attached"]} == {
        one.name: sha256(one.read_bytes()) for one in place.iterdir()
    }
    assert {one["role"] for one in proven["attached"]} == {"pdf", "ubl"}


def test_a_folder_that_is_not_there_rests_and_everybody_says_so(house: House, run: Running) -> None:
    daemon = run(*OUT, more=QUICK)
    assert daemon.hand_in(a_mail(("i.xml", papers.invoice("2026-8")))).code == 250
    said = daemon.wait_for("connector.paused")
    assert said["connector"] == "disk"
    assert "No such file" in said["reply"]
    [rest] = house.status()["paused"]
    assert "No such file" in rest["reason"]
    [shown] = house.maild("doctor", "--json").json()
    [finding] = [one for one in shown["findings"] if one["about"] == "disk"]
    assert finding["level"] == "error"
    assert "[connector.folder.disk]" in finding["next"]
    assert not (house.folder / "out").exists()


def test_a_killed_daemon_lays_what_was_under_way_once(house: House, run: Running) -> None:
    (house.folder / "out").mkdir()
    daemon = run(*OUT, more=QUICK)
    for number in range(5):
        assert daemon.hand_in(a_mail(("i.xml", papers.invoice(f"2026-{number}")))).code == 250
    daemon.kill()
    with house.running():
        for number in range(5):
            house.settled(f"2026-{number}", "handed_over", "handed_over", "handed_over")
    assert sorted(name.split("_")[2] for name in laid(house)) == [f"2026-{n}" for n in range(5)]
    assert all(len(files) == 2 for files in laid(house).values())
    assert not list(Path(house.folder / "out" / "acme").glob(".*"))
