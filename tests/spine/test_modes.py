"""What is decided and not sent yet: shadow mode, a rule that holds, and what a person does about it."""

from __future__ import annotations

from tests.spine import papers
from tests.spine.conftest import Running
from tests.spine.house import ACCOUNTANT, BOOKS, OWNER, PEOPLE, PERSON, SHADOW, House
from tests.spine.post import a_mail
from tests.spine.sinks import Sink
from tests.spine.waiting import until

HOLD = ('to = ["owner"]', 'to = ["owner"]\nhold = true')


def test_in_shadow_mode_everything_is_decided_and_nothing_is_sent(
    run: Running, house: House, sink: Sink
) -> None:
    daemon = run(SHADOW, PEOPLE)
    assert daemon.hand_in(a_mail(("f.xml", papers.invoice("S-1")))).code == 250
    # A refusal, and a kind without a rule, would tell the team: held as well.
    daemon.hand_in(a_mail(("x.pdf", papers.a_pdf("x")), to="acme+other@post.example"))
    shown = house.document("S-1")
    assert {(one["recipient"], one["state"]) for one in shown["deliveries"]} == {
        ("accountant", "held"),
        ("books", "held"),
    }
    assert all("shadow" in one["reason"] for one in house.queue())
    team = house.status()["teams"][0]
    assert (team["mode"], team["documents"], team["held"]) == ("shadow", 2, 3)
    [explained] = house.json("explain", shown["id"])
    assert {one["state"] for one in explained["deliveries"]} == {"held"}
    assert sink.mails == []


def test_in_shadow_mode_one_leaves_only_where_a_person_says_anyway(
    run: Running, house: House, sink: Sink
) -> None:
    daemon = run(SHADOW)
    daemon.hand_in(a_mail(("f.xml", papers.invoice("S-5"))))
    [one] = [each for each in house.queue() if each["recipient"] == "accountant"]
    said = house.maild("queue", "release", one["id"])
    assert said.code != 0
    assert "acme is in shadow mode" in said.err
    assert "maild golive acme" in said.err
    assert {each["state"] for each in house.queue()} == {"held"}
    [released] = house.json("queue", "release", one["id"], "--anyway")
    assert released["state"] == "queued"
    house.settled("S-5", "handed_over", "held")
    assert sink.addresses() == [(ACCOUNTANT,)]


def test_golive_sends_from_that_moment_and_leaves_what_waited(
    run: Running, house: House, sink: Sink
) -> None:
    daemon = run(SHADOW)
    daemon.hand_in(a_mail(("f.xml", papers.invoice("S-2"))))
    [done] = house.json("golive", "acme")
    assert (done["mode"], done["released"], done["still_held"]) == ("live", 0, 2)
    daemon.hand_in(a_mail(("f.xml", papers.invoice("S-3"))))
    house.settled("S-3", "handed_over", "handed_over")
    assert {one["state"] for one in house.document("S-2")["deliveries"]} == {"held"}
    assert len(sink.mails) == 2
    assert house.status()["teams"][0]["mode"] == "live"


def test_golive_from_a_date_sends_what_waited_since(run: Running, house: House, sink: Sink) -> None:
    daemon = run(SHADOW)
    daemon.hand_in(a_mail(("f.xml", papers.invoice("S-4"))))
    accepted = house.document("S-4")["accepted_at"][:10]
    [none_yet] = house.json("golive", "acme", "--from", "2999-01-01")
    assert none_yet["released"] == 0
    [done] = house.json("golive", "acme", "--from", accepted)
    assert (done["released"], done["still_held"]) == (2, 0)
    house.settled("S-4", "handed_over", "handed_over")
    assert sorted(sink.addresses()) == sorted([(ACCOUNTANT,), (BOOKS,)])


def test_what_a_rule_holds_waits_for_a_person(run: Running, house: House, sink: Sink) -> None:
    daemon = run(HOLD)
    assert daemon.hand_in(a_mail(("q.xml", papers.quote("O-1")))).code == 250
    [held] = house.queue()
    assert (held["state"], held["recipient"]) == ("held", "owner")
    assert "quotes to the owner" in held["reason"]
    assert sink.mails == []
    [released] = house.json("queue", "release", held["id"])
    assert released["state"] == "queued"
    assert len(sink.wait_for(OWNER)) == 1
    house.settled("O-1", "handed_over")


def test_what_a_person_cancels_never_leaves(run: Running, house: House, sink: Sink) -> None:
    daemon = run(HOLD)
    daemon.hand_in(a_mail(("q.xml", papers.quote("O-2"))))
    [held] = house.queue()
    house.json("queue", "cancel", held["id"], "--reason", "was a draft")
    [cancelled] = house.queue()
    assert (cancelled["state"], cancelled["reason"]) == ("cancelled", "was a draft")
    said = house.maild("queue", "release", held["id"])
    assert said.code != 0
    assert "cancelled" in said.err
    daemon.hand_in(a_mail(("f.xml", papers.invoice("2026-1"))))
    house.settled("2026-1", "handed_over", "handed_over")
    assert sink.to(OWNER) == []


def test_what_waits_for_its_hour_can_be_held_released_and_sent_at_once(
    run: Running, house: House, sink: Sink
) -> None:
    # An hour that is never near: the test has to look at what waits.
    daemon = run(('to = ["owner"]', 'to = ["owner"]\nwhen = "cron 0 3 29 2 *"'))
    daemon.hand_in(a_mail(("q.xml", papers.quote("O-3"))))
    [waiting] = house.queue()
    assert waiting["state"] == "queued"
    assert "-02-29T" in waiting["not_before"] or "-02-28T" in waiting["not_before"]
    [held] = house.json("queue", "hold", waiting["id"], "--reason", "ask first")
    assert (held["state"], held["reason"]) == ("held", "ask first")
    [released] = house.json("queue", "release", waiting["id"])
    assert released["state"] == "queued"
    assert sink.mails == []
    house.json("queue", "retry", waiting["id"])
    assert len(sink.wait_for(OWNER)) == 1


def test_a_notice_reaches_the_person_whom_the_team_names(
    run: Running, house: House, sink: Sink
) -> None:
    daemon = run(PEOPLE)
    daemon.hand_in(a_mail(("x.pdf", papers.a_pdf("x")), to="acme+other@post.example"))
    [notice] = sink.wait_for(PERSON)
    assert notice["Auto-Submitted"] == "auto-generated"
    until(lambda: all(one["state"] == "handed_over" for one in house.queue()))
    assert sink.addresses() == [(PERSON,)]
