"""The same number with other content: kept, held, told, and decided by a person."""

from __future__ import annotations

from typing import Any

import pytest

from tests.builders_bill import a_line
from tests.spine import papers
from tests.spine.conftest import Running
from tests.spine.house import ACCOUNTANT, BOOKS, PEOPLE, PERSON, Daemon, House
from tests.spine.post import Reply, a_mail, files_of, text_of
from tests.spine.sinks import Sink
from tests.spine.waiting import until

NUMBER = "2026-001"
FIRST = papers.invoice(NUMBER)
OTHER = papers.invoice(NUMBER, lines=(a_line(), a_line("2")))


def known_number(daemon: Daemon, house: House) -> tuple[Reply, dict[str, Any]]:
    """An invoice that left, then another one under its number; the reply to that, and its record."""
    assert daemon.hand_in(a_mail(("f.xml", FIRST))).code == 250
    house.settled(NUMBER, "handed_over", "handed_over")
    reply = daemon.hand_in(a_mail(("f.xml", OTHER)))
    return reply, house.document(NUMBER)


def test_a_known_number_with_other_content_is_kept_and_held_and_the_team_is_told(
    run: Running, house: House, sink: Sink
) -> None:
    reply, shown = known_number(run(PEOPLE), house)
    first = house.documents()[0]
    assert reply.code == 250
    assert "held" in reply.text
    assert "came before with other content" in reply.text
    assert (shown["review"], shown["correction_of"]) == ("waiting", first["id"])
    assert shown["total"] == "1936.00"
    for one in house.queue("--state", "held"):
        assert one["document"] == shown["id"]
        assert "maild review" in one["reason"]
    [notice] = sink.wait_for(PERSON)
    assert NUMBER in notice["Subject"]
    assert "maild review" in text_of(notice)
    assert files_of(notice) == {}
    assert len(sink.mails) == 3
    [waiting] = house.json("review", "list")
    assert waiting["id"] == shown["id"]
    [compared] = house.json("review", "show", shown["id"])
    assert compared["first"]["id"] == first["id"]
    assert house.status()["teams"][0]["review"] == 1


def test_confirmed_it_goes_to_people_as_a_correction_and_to_no_machine(
    run: Running, house: House, sink: Sink
) -> None:
    _, shown = known_number(run(PEOPLE), house)
    house.json("review", "confirm", shown["id"])
    received = sink.wait_for(ACCOUNTANT, count=2)[1]
    after = house.settled(NUMBER, "cancelled", "cancelled", "handed_over")
    assert "correctie" in received["Subject"].lower()
    assert f"vervangt het eerdere document met hetzelfde nummer ({NUMBER})" in text_of(received)
    assert OTHER in files_of(received).values()
    assert len(sink.to(BOOKS)) == 1
    assert after["review"] == "confirmed"
    [sent] = [one for one in after["deliveries"] if one["state"] == "handed_over"]
    assert (sent["purpose"], sent["recipient"]) == ("correction", "accountant")
    assert house.json("review", "list") == []


def test_a_machine_gets_the_correction_only_where_it_is_named(
    run: Running, house: House, sink: Sink
) -> None:
    _, shown = known_number(run(PEOPLE), house)
    house.json("review", "confirm", shown["id"], "--to", "books")
    in_books = sink.wait_for(BOOKS, count=2)[1]
    sink.wait_for(ACCOUNTANT, count=2)
    assert OTHER in files_of(in_books).values()
    house.settled(NUMBER, "cancelled", "cancelled", "handed_over", "handed_over")


def test_rejected_it_is_kept_and_goes_nowhere(run: Running, house: House, sink: Sink) -> None:
    daemon = run(PEOPLE)
    _, shown = known_number(daemon, house)
    house.json("review", "reject", shown["id"])
    after = house.settled(NUMBER, "cancelled", "cancelled")
    assert after["review"] == "rejected"
    assert after["id"] == shown["id"]
    # A document after it leaves, and it is the next one: nothing of the rejected one is on its way.
    daemon.hand_in(a_mail(("n.xml", papers.invoice("2026-002"))))
    house.settled("2026-002", "handed_over", "handed_over")
    assert len(sink.to(ACCOUNTANT)) == 2
    assert len(sink.to(BOOKS)) == 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["review", "confirm", "{first}"], ["nothing to decide"]),
        (["review", "confirm", "{waiting}", "--to", "boks"], ["boks", 'did you mean "books"']),
        (["review", "confirm", "d-none"], ["d-none"]),
        (["queue", "release", "{held}"], ["maild review"]),
    ],
    ids=["decided already", "no such recipient", "no such document", "not by the queue"],
)
def test_what_cannot_be_decided_is_said_in_words(
    run: Running, house: House, arguments: list[str], words: list[str]
) -> None:
    _, shown = known_number(run(), house)
    ids = {
        "first": house.documents()[0]["id"],
        "waiting": shown["id"],
        "held": house.queue("--state", "held")[0]["id"],
    }
    said = house.maild(*(one.format(**ids) for one in arguments))
    assert said.code != 0
    for word in words:
        assert word in said.err
    assert house.document(NUMBER)["review"] == "waiting"


def test_a_purchase_with_the_number_of_another_supplier_is_no_correction(
    run: Running, house: House
) -> None:
    """Two suppliers may both have a 2026-001, and we may have one too."""
    daemon = run()
    for content in (FIRST, papers.purchase(NUMBER), papers.credit_note(NUMBER)):
        assert daemon.hand_in(a_mail(("f.xml", content))).code == 250
    until(lambda: all(one["state"] == "handed_over" for one in house.queue()))
    assert [one["review"] for one in house.documents()] == [None, None, None]
