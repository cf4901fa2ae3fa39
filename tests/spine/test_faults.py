"""What maild does when the server that should take its mail does not: no loss, no silence."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.spine import papers
from tests.spine.conftest import Running
from tests.spine.house import ACCOUNTANT, BOOKS, OWNER, PEOPLE, PERSON, QUICK, House
from tests.spine.post import a_mail, files_of, text_of
from tests.spine.sinks import Sink
from tests.spine.waiting import until

REFUSAL = "550 5.1.1 no such mailbox here"


@pytest.fixture
def people(sink: Sink) -> Iterator[Sink]:
    """A second server, by which notices go while the first one refuses."""
    one = Sink()
    one.start()
    yield one
    one.stop()


def told_by(people: Sink) -> tuple[str, str]:
    """The change of the configuration that sends notices by the second server."""
    old, new = PEOPLE
    second = f'host = "127.0.0.1"\nport = {people.port}\ntls = "none"'
    return old, f'notices_via = "second"\n{new}'.replace(
        "[team.acme.recipients]", f"[connector.smtp.second]\n{second}\n\n[team.acme.recipients]"
    )


def test_a_delivery_that_is_refused_fails_at_once_and_the_team_is_told(
    run: Running, house: House, sink: Sink, people: Sink
) -> None:
    daemon = run(told_by(people))
    sink.faults.reply["RCPT"] = REFUSAL
    daemon.hand_in(a_mail(("q.xml", papers.quote("O-1"))))
    [failed] = house.settled("O-1", "failed")["deliveries"]
    [attempt] = failed["attempts"]
    assert (attempt["outcome"], attempt["reply"]) == ("refused", REFUSAL)
    assert REFUSAL in failed["reason"]
    assert house.status()["teams"][0]["failed"] == 1
    [notice] = people.wait_for(PERSON)
    for words in ("O-1", OWNER, REFUSAL):
        assert words in text_of(notice)
    assert files_of(notice) == {}
    assert daemon.wait_for("delivery.failed")["reply"] == REFUSAL


def test_a_mail_that_is_refused_after_its_last_byte_fails_too(
    run: Running, house: House, sink: Sink
) -> None:
    daemon = run()
    sink.faults.reply["DOT"] = "554 5.7.1 we do not like this"
    daemon.hand_in(a_mail(("q.xml", papers.quote("O-2"))))
    [failed] = house.settled("O-2", "failed")["deliveries"]
    assert [one["outcome"] for one in failed["attempts"]] == ["refused"]
    assert sink.mails == []


def test_a_failed_delivery_leaves_when_a_person_says_retry(
    run: Running, house: House, sink: Sink
) -> None:
    daemon = run()
    sink.faults.reply["MAIL"] = "553 5.1.8 who are you"
    daemon.hand_in(a_mail(("q.xml", papers.quote("O-3"))))
    [failed] = house.settled("O-3", "failed")["deliveries"]
    sink.faults.reply.clear()
    house.json("queue", "retry", failed["id"])
    [received] = sink.wait_for(OWNER)
    [sent] = house.settled("O-3", "handed_over")["deliveries"]
    assert received["Message-ID"] == sent["message_id"] == failed["message_id"]
    assert [one["outcome"] for one in sent["attempts"]] == ["refused", "handed_over"]


def test_one_recipient_that_is_refused_does_not_hold_back_the_other(
    run: Running, house: House, sink: Sink
) -> None:
    sink.faults.greylist = True
    daemon = run(more=QUICK)
    daemon.hand_in(a_mail(("f.xml", papers.invoice("2026-1"))))
    assert len(sink.wait_for(ACCOUNTANT)) == 1
    assert len(sink.wait_for(BOOKS)) == 1
    for one in house.settled("2026-1", "handed_over", "handed_over")["deliveries"]:
        assert [each["outcome"] for each in one["attempts"]] == ["deferred", "handed_over"]
        assert one["attempts"][0]["reply"].startswith("451 4.7.1 greylisted")


def test_what_is_put_off_for_too_long_fails_and_says_so(
    run: Running, house: House, sink: Sink
) -> None:
    sink.faults.reply["RCPT"] = "452 4.2.2 mailbox full"
    daemon = run(more='\n[outbox]\nretry = ["1s"]\ndeadline = "2s"\n')
    daemon.hand_in(a_mail(("q.xml", papers.quote("O-4"))))
    [failed] = house.settled("O-4", "failed")["deliveries"]
    assert "deadline" in failed["reason"]
    assert "452 4.2.2 mailbox full" in failed["reason"]
    assert {one["outcome"] for one in failed["attempts"]} == {"deferred"}
    assert len(failed["attempts"]) >= 3


def test_a_connection_that_breaks_after_the_dot_is_uncertain_and_comes_again_the_same(
    run: Running, house: House, sink: Sink
) -> None:
    sink.faults.drop.add("DOT")
    daemon = run(more=QUICK)
    daemon.hand_in(a_mail(("q.xml", papers.quote("O-5"))))
    sink.wait_for(OWNER)
    sink.faults.drop.clear()
    until(lambda: len(sink.mails) == 2)
    [one] = house.settled("O-5", "handed_over")["deliveries"]
    assert [each["outcome"] for each in one["attempts"]] == ["uncertain", "handed_over"]
    first, second = sink.mails
    assert first.content == second.content


def test_where_the_connector_says_hold_a_person_decides_about_doubts(
    run: Running, house: House, sink: Sink
) -> None:
    sink.faults.drop.add("DOT")
    daemon = run(('host = "127.0.0.1"', 'host = "127.0.0.1"\nuncertain = "hold"'), more=QUICK)
    daemon.hand_in(a_mail(("q.xml", papers.quote("O-6"))))
    [held] = house.settled("O-6", "held")["deliveries"]
    assert "may have arrived" in held["reason"]
    assert len(sink.mails) == 1


def test_a_server_that_is_away_is_left_in_peace_and_status_says_so(
    run: Running, house: House, sink: Sink
) -> None:
    daemon = run(("port = ", "port = 1 # "))
    daemon.hand_in(a_mail(("q.xml", papers.quote("O-7"))))
    paused = until(lambda: house.status()["paused"])
    assert paused[0]["connector"] == "relay"
    [waiting] = house.document("O-7")["deliveries"]
    assert waiting["state"] == "queued"
    assert [one["outcome"] for one in waiting["attempts"]] == ["paused"]


@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA"])
def test_a_connection_that_breaks_before_the_dot_loses_and_doubles_nothing(
    run: Running, house: House, sink: Sink, step: str
) -> None:
    sink.faults.drop.add(step)
    daemon = run(more=QUICK)
    daemon.hand_in(a_mail(("q.xml", papers.quote(f"O-{step}"))))
    until(lambda: sink.seen(step) >= 1)
    sink.faults.drop.clear()
    # A lost connection rests the connector for half a minute; a person need not wait.
    [one] = until(lambda: [one for one in house.queue() if one["attempts"]])
    assert one["attempts"][0]["outcome"] in {"deferred", "paused"}
    assert sink.mails == []
