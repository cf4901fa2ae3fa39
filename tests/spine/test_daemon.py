"""The daemon as its host sees it: signals, one at a time, what `status` says, what `init` writes."""

from __future__ import annotations

import signal
from pathlib import Path

from tests.servers.ports import free_port
from tests.spine import papers
from tests.spine.conftest import Running
from tests.spine.house import ACCOUNTANT, BOOKS, OWNER, House, configured
from tests.spine.post import a_mail, hand_in
from tests.spine.sinks import Sink
from tests.spine.waiting import until


def test_status_follows_the_daemon_from_start_to_end(house: House, sink: Sink) -> None:
    house.write(configured(sink.port))
    assert house.status()["state"] == "down"
    with house.running() as daemon:
        ready = house.status()
        assert (ready["state"], ready["pid"]) == ("ready", daemon.process.pid)
        assert ready["smtpd"]["listen"] == [f"127.0.0.1:{daemon.port}"]
        sink.faults.delay["DOT"] = 3600
        daemon.hand_in(a_mail(("q.xml", papers.quote("O-1"))))
        until(lambda: sink.seen("DOT") == 1)
        daemon.terminate()
        until(lambda: house.status()["state"] == "draining")
        daemon.kill()
    killed = house.status()
    assert (killed["state"], killed["pid"], killed["smtpd"]) == ("down", None, {"listen": []})


def test_sigterm_lets_what_is_on_the_wire_finish_and_exits_0(
    run: Running, house: House, sink: Sink
) -> None:
    sink.faults.delay["DOT"] = 1.5
    daemon = run()
    daemon.hand_in(a_mail(("f.xml", papers.invoice("2026-1"))))
    until(lambda: sink.seen("DOT") == 2)
    daemon.terminate()
    assert daemon.wait() == 0
    shown = house.document("2026-1")
    assert [one["state"] for one in shown["deliveries"]] == ["handed_over", "handed_over"]
    assert len(sink.mails) == 2
    names = [one["event"] for one in daemon.events()]
    assert names[-1] == "daemon.stopped"
    assert house.status()["state"] == "down"


def test_a_server_that_never_answers_keeps_maild_no_longer_than_its_grace(
    run: Running, house: House, sink: Sink
) -> None:
    sink.faults.delay["DOT"] = 3600
    daemon = run(more='\n[outbox]\ngrace = "1s"\ndoubt_pause = "1s"\n')
    daemon.hand_in(a_mail(("q.xml", papers.quote("O-1"))))
    until(lambda: sink.seen("DOT") == 1)
    daemon.terminate()
    assert daemon.wait(within=10) == 0
    [one] = house.document("O-1")["deliveries"]
    assert one["state"] == "uncertain"
    sink.faults.delay.clear()
    with house.running():
        house.settled("O-1", "handed_over")
    first, second = sink.mails
    assert first.content == second.content


def test_no_new_mail_is_taken_while_it_drains(run: Running, house: House, sink: Sink) -> None:
    sink.faults.delay["DOT"] = 2
    daemon = run()
    port = daemon.port
    daemon.hand_in(a_mail(("q.xml", papers.quote("O-1"))))
    until(lambda: sink.seen("DOT") == 1)
    daemon.terminate()
    daemon.wait_for("daemon.draining")
    try:
        reply = hand_in(port, a_mail(("q.xml", papers.quote("O-2"))))
    except OSError:
        pass  # the door is shut, or hung up: the sender keeps the mail
    else:
        assert reply.code == 421
    assert daemon.wait() == 0
    assert [one["number"] for one in house.documents()] == ["O-1"]


def test_a_daemon_that_is_stopped_at_the_moment_it_is_ready_stops(house: House, sink: Sink) -> None:
    house.write(configured(sink.port))
    for _ in range(3):
        with house.running() as daemon:
            assert daemon.stop() == 0


def test_a_daemon_that_is_stopped_in_the_middle_of_its_work_stops(
    run: Running, house: House
) -> None:
    daemon = run()
    for at in range(20):
        daemon.hand_in(
            a_mail(("f.xml", papers.invoice(f"2026-{at}")), ("f.pdf", papers.a_pdf("x")))
        )
    assert daemon.stop() == 0
    assert {one["state"] for one in house.queue()} <= {"queued", "handed_over"}


def test_ctrl_c_ends_it_like_sigterm(run: Running) -> None:
    daemon = run()
    daemon.process.send_signal(signal.SIGINT)
    assert daemon.wait() == 0


def test_sighup_takes_new_rules(run: Running, house: House, sink: Sink) -> None:
    daemon = run()
    text = configured(sink.port, ('to = ["owner"]', 'to = ["accountant"]'))
    house.write(text.replace("owner      =", "# owner    ="))
    daemon.reload()
    reloaded = daemon.wait_for("book.reloaded")
    assert reloaded["changed"] == ["acme"]
    daemon.hand_in(a_mail(("q.xml", papers.quote("O-1"))))
    assert len(sink.wait_for(ACCOUNTANT)) == 1
    assert sink.to(OWNER) == []


def test_sighup_keeps_the_old_rules_when_the_new_are_wrong_and_says_each_line(
    run: Running, house: House, sink: Sink
) -> None:
    daemon = run()
    house.write(configured(sink.port, ('to = ["owner"]', 'to = ["ownr"]')))
    daemon.reload()
    kept = daemon.wait_for("book.kept")
    assert any("maild.toml:" in one and '"ownr"' in one for one in kept["problems"])
    assert daemon.process.poll() is None
    daemon.hand_in(a_mail(("q.xml", papers.quote("O-1"))))
    assert len(sink.wait_for(OWNER)) == 1


def test_sighup_with_a_broken_file_changes_nothing(run: Running, house: House, sink: Sink) -> None:
    daemon = run()
    house.write("[team.acme\n")
    daemon.reload()
    daemon.wait_for("book.kept")
    assert daemon.hand_in(a_mail(("f.xml", papers.invoice("2026-1")))).code == 250
    assert len(sink.wait_for(BOOKS)) == 1


def test_a_second_daemon_on_the_same_data_is_refused(run: Running, house: House) -> None:
    first = run()
    second = house.process("run")
    assert second.code != 0
    assert str(first.process.pid) in second.err
    assert "Traceback" not in second.err
    assert first.hand_in(a_mail(("f.xml", papers.invoice("2026-1")))).code == 250


def test_a_port_that_is_taken_is_said_in_words(run: Running, house: House, sink: Sink) -> None:
    first = run()
    text = configured(sink.port, ('"state"', '"other"'), listen=first.port)
    house.write(text)
    said = house.process("run")
    assert said.code != 0
    assert str(first.port) in said.err
    assert "Traceback" not in said.err


def test_a_wrong_configuration_does_not_start_and_names_every_problem(
    house: House, sink: Sink
) -> None:
    house.write(
        configured(
            sink.port,
            ('to = ["owner"]', 'to = ["ownr"]'),
            ("vat = ", "vatt = "),
            ('tls = "none"', 'tls = "nun"'),
        )
    )
    ran, checked = house.process("run"), house.process("check")
    assert ran.code == checked.code == 78
    for said in (ran.err, checked.out):
        assert '"ownr"' in said
        assert 'did you mean "owner"' in said
        assert 'did you mean "vat"' in said
        assert "connector.smtp.relay.tls" in said
    assert "Traceback" not in ran.err


def test_what_init_writes_passes_the_check_and_runs_in_shadow_mode(
    house: House, sink: Sink
) -> None:
    said = house.process(
        *("init", "--non-interactive", "--company", "Acme BV", "--vat", "BE 0123.456.749"),
        *("--accountant", ACCOUNTANT, "--owner", OWNER, "--language", "nl"),
        *("--relay", f"127.0.0.1:{sink.port}", "--listen", "127.0.0.1:0"),
    )
    assert said.code == 0, said.err
    assert house.process("check").code == 0
    with house.running() as daemon:
        assert daemon.hand_in(a_mail(("f.xml", papers.invoice("2026-1")))).code == 250
        assert [one["state"] for one in house.queue()] == ["held"]
        house.json("golive", "acme", "--from", "2020-01-01")
        assert len(sink.wait_for(ACCOUNTANT)) == 1


def test_init_without_a_terminal_says_every_flag_that_is_missing(house: House) -> None:
    said = house.process("init", "--non-interactive")
    assert said.code == 2
    for flag in ("--company", "--vat", "--owner", "--accountant"):
        assert flag in said.err
    assert not house.config.exists()


def test_the_configuration_is_found_where_it_is_said_to_be(
    house: House, sink: Sink, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "etc"
    elsewhere.mkdir()
    house.write(configured(sink.port, listen=free_port()))
    other = elsewhere / "my.toml"
    other.write_text(house.config.read_text().replace("acme", "bravo"))
    [shown] = house.process("status", "--json", "--config", str(other)).json()
    assert [one["team"] for one in shown["teams"]] == ["bravo"]
    # Relative paths start at the file, not at the folder of whoever asks.
    assert (elsewhere / "state" / "maild.db").is_file()
    assert not (house.folder / "state").exists()
    [here] = house.process("status", "--json").json()
    assert [one["team"] for one in here["teams"]] == ["acme"]
