"""What comes back, at the desk and at the door: matched, kept, shown, and never answered."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from maild.errors import DocumentError
from maild.intake import receipts
from maild.intake.desk import Submission
from maild.model import verp
from maild.model.delivery import Delivery, HoldCode, Outcome, Purpose, State
from maild.model.team import Recipient
from maild.model.verp import Verp
from maild.outbox.return_path import ReturnPath, ReturnPaths
from maild.records import Records
from maild.rules.profiles import PROFILES
from maild.store import alarms, deliveries, documents, returns
from maild.store.database import Tx
from maild.store.deliveries import Settled
from tests.intake.conftest import World, a_mail, a_team, an_invoice

KEY = b"k" * 32
BOUNCES = "bounces@post.example"
ACCOUNTANT = "an@kantoor.example"


def a_report(
    delivery: Delivery,
    *,
    action: str = "failed",
    status: str = "5.1.1",
    diagnostic: str = "smtp; 550 5.1.1 no such user",
    named: bool = True,
    to: str = "",
) -> bytes:
    """A delivery status as servers write them; `named` repeats our Message-ID."""
    back = f"Message-ID: {delivery.message_id}\n" if named else ""
    return f"""From: MAILER-DAEMON@mx.example
Subject: Report
Auto-Submitted: auto-replied
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

{to or delivery.address}: {diagnostic}

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example

Final-Recipient: rfc822; {to or delivery.address}
Action: {action}
Status: {status}
Diagnostic-Code: {diagnostic}

--b
Content-Type: text/rfc822-headers

{back}To: {delivery.address}
Subject: x

--b--
""".encode()


def a_complaint(delivery: Delivery) -> bytes:
    return f"""From: abuse@isp.example
Subject: Abuse report
Content-Type: multipart/report; report-type=feedback-report; boundary="b"

--b
Content-Type: message/feedback-report

Feedback-Type: abuse

--b
Content-Type: message/rfc822

Message-ID: {delivery.message_id}
To: {delivery.address}

--b--
""".encode()


async def handed_over(world: World, *, to: str = ACCOUNTANT) -> Delivery:
    """An invoice that came in, and its delivery to an address, which the next server took."""
    if not await world.documents():
        await world.desk.accept(world.submission(a_mail(("i.xml", an_invoice()))))
    await world.db.write(partial(_hand_over, to=to, now=world.clock[0]))
    return await the_delivery(world, to)


def _hand_over(tx: Tx, *, to: str, now: datetime) -> None:
    [one] = [one for one in deliveries.find(tx) if one.address == to and one.document]
    until = now + timedelta(minutes=5)
    for claimed in deliveries.claim(tx, now=now, owner="me", lease_until=until, limit=10):
        settled = Settled(State.QUEUED, Outcome.PAUSED, now, charged=False)
        if claimed.id == one.id:
            deliveries.begin(tx, claimed, message="0" * 64, now=now)
            reply = "250 2.6.0 <renamed-77@mail.provider.example> Queued"
            settled = Settled(State.HANDED_OVER, Outcome.HANDED_OVER, now, reply=reply)
        deliveries.settle(tx, claimed, settled)


async def the_delivery(world: World, to: str = ACCOUNTANT) -> Delivery:
    [one] = [one for one in await world.deliveries() if one.address == to and one.document]
    return one


async def notices(world: World) -> list[Delivery]:
    return [one for one in await world.deliveries() if one.purpose is Purpose.NOTICE]


async def shown(world: World, delivery: Delivery) -> dict[str, Any]:
    return await Records(world.db, world.desk.now).delivery(delivery.id)


def came(world: World, raw: bytes, **changes: Any) -> Submission:
    return replace(world.submission(raw), sender="<>", door="mailbox", **changes)


def signing(world: World) -> World:
    """The same desk, where return paths are signed."""
    desk = replace(world.desk, verp=Verp(KEY, frozenset({BOUNCES})))
    return replace(world, desk=desk)


def return_path(delivery: Delivery, *, today: date, key: bytes = KEY) -> str:
    paths = ReturnPaths({"relay": ReturnPath(BOUNCES, signed=True)}, key)
    return paths.sender(delivery, a_team(), today=today)


async def test_a_bounce_is_kept_shown_and_told_to_the_team_once(world: World) -> None:
    sent = await handed_over(world)
    acceptance = await world.desk.accept(came(world, a_report(sent)))
    assert acceptance.sentences() == ["Noted: the mail came back"]
    told = await shown(world, sent)
    assert told["state"] == "bounced"
    assert "There is no such mailbox." in told["reason"]
    [back] = told["returns"]
    assert (back["action"], back["status"], back["source"]) == ("failed", "5.1.1", "mailbox")
    assert back["diagnostic"] == "550 5.1.1 no such user"
    original = await world.db.read(partial(documents.get_arrival, id=acceptance.arrival.id))
    assert await world.desk.blobs.read(original.original) == a_report(sent)
    [notice] = await notices(world)
    assert notice.letter is not None
    assert "Die mailbox bestaat niet." in notice.letter.text
    assert "550 5.1.1 no such user" in notice.letter.text
    await world.desk.accept(came(world, a_report(sent)))
    await world.desk.accept(came(world, a_report(sent, status="5.2.2")))
    assert len(await notices(world)) == 1


async def test_the_story_of_the_document_tells_it(world: World) -> None:
    sent = await handed_over(world)
    await world.desk.accept(came(world, a_report(sent)))
    story = (await Records(world.db, world.desk.now).show(sent.document or ""))["story"]
    [event] = [one for one in story if one["event"] == "delivery.bounced"]
    assert event["detail"].startswith(f"{ACCOUNTANT}: There is no such mailbox.")


async def test_a_give_up_after_a_temporary_error_is_final_for_the_delivery(world: World) -> None:
    sent = await handed_over(world)
    report = a_report(sent, status="4.7.1", diagnostic="smtp; 451 4.7.1 Greylisted")
    await world.desk.accept(came(world, report))
    assert (await the_delivery(world)).state is State.BOUNCED


@pytest.mark.parametrize(
    ("action", "status", "state", "note"),
    [
        ("delayed", "4.4.1", "handed_over", "Noted: the mail is late"),
        ("relayed", "2.0.0", "confirmed", "Noted: the mail arrived"),
        ("delivered", "2.0.0", "confirmed", "Noted: the mail arrived"),
        ("expanded", "2.0.0", "confirmed", "Noted: the mail arrived"),
    ],
)
async def test_other_reports_say_what_they_say(
    world: World, action: str, status: str, state: str, note: str
) -> None:
    sent = await handed_over(world)
    report = a_report(sent, action=action, status=status, diagnostic="smtp; 250 Ok")
    acceptance = await world.desk.accept(came(world, report))
    assert acceptance.sentences() == [note]
    told = await shown(world, sent)
    assert told["state"] == state
    assert told["returns"][0]["action"] == action
    assert await notices(world) == []


async def test_what_was_confirmed_can_still_come_back(world: World) -> None:
    sent = await handed_over(world)
    await world.desk.accept(came(world, a_report(sent, action="relayed", status="2.0.0")))
    await world.desk.accept(came(world, a_report(sent)))
    assert (await the_delivery(world)).state is State.BOUNCED


async def test_a_report_by_the_provider_s_own_message_id_is_matched(world: World) -> None:
    sent = await handed_over(world)
    report = a_report(sent).replace(sent.message_id.encode(), b"<renamed-77@mail.provider.example>")
    await world.desk.accept(came(world, report))
    assert (await the_delivery(world)).state is State.BOUNCED


async def test_an_envelope_id_or_our_own_header_is_enough(world: World) -> None:
    sent = await handed_over(world)
    plain = a_report(sent, named=False)
    envid = plain.replace(
        b"Reporting-MTA", f"Original-Envelope-Id: {sent.id}\nReporting-MTA".encode()
    )
    trace = plain.replace(b"\nTo: an@", f"\nX-Maild-Delivery: {sent.id}\nTo: an@".encode())
    await world.desk.accept(came(world, trace.replace(b"failed", b"delayed")))
    assert (await shown(world, sent))["returns"][0]["action"] == "delayed"
    await world.desk.accept(came(world, envid))
    assert (await the_delivery(world)).state is State.BOUNCED


async def test_a_report_about_somebody_else_s_mail_changes_nothing(world: World) -> None:
    sent = await handed_over(world)
    with pytest.raises(DocumentError, match="did not leave here"):
        await world.desk.accept(came(world, a_report(sent, named=False)))
    guessed = replace(sent, message_id=f"<v-{'0' * 20}@acme.example>")
    with pytest.raises(DocumentError):
        await world.desk.accept(came(world, a_report(guessed)))
    assert (await the_delivery(world)).state is State.HANDED_OVER


async def test_a_signed_return_path_names_the_delivery_by_itself(world: World) -> None:
    world = signing(world)
    sent = await handed_over(world)
    to = return_path(sent, today=world.clock[0].date())
    report = a_report(sent, named=False, to="somebody@else.example")
    await world.desk.accept(came(world, report, recipient=to))
    assert (await the_delivery(world)).state is State.BOUNCED


@pytest.mark.parametrize("how", ["another key", "another delivery", "too old", "damaged"])
async def test_a_forged_or_old_token_changes_nothing(world: World, how: str) -> None:
    world = signing(world)
    sent = await handed_over(world)
    today = world.clock[0].date()
    to = return_path(sent, today=today)
    match how:
        case "another key":
            to = return_path(sent, today=today, key=b"x" * 32)
        case "another delivery":
            other = next(one for one in await world.deliveries() if one.id != sent.id)
            to = to.replace(sent.id[2:], other.id[2:])
        case "too old":
            to = return_path(sent, today=today - timedelta(days=verp.VALID_DAYS + 1))
        case "damaged":
            to = to.replace("+", "+a")
    with pytest.raises(DocumentError, match="token"):
        await world.desk.accept(came(world, a_report(sent), recipient=to))
    assert (await the_delivery(world)).state is State.HANDED_OVER
    assert await world.db.read(partial(returns.of_deliveries, ids=[sent.id])) == {sent.id: ()}


async def test_a_server_that_changes_cases_does_no_harm(world: World) -> None:
    world = signing(world)
    sent = await handed_over(world)
    to = return_path(sent, today=world.clock[0].date()).upper()
    await world.desk.accept(came(world, a_report(sent, named=False), recipient=to))
    assert (await the_delivery(world)).state is State.BOUNCED


async def test_the_door_takes_the_null_sender_for_a_valid_token_only(world: World) -> None:
    world = signing(world)
    sent = await handed_over(world)
    await world.open(allow=())  # nobody may hand in documents; reports come from anywhere
    to = return_path(sent, today=world.clock[0].date())
    forged = return_path(sent, today=world.clock[0].date(), key=b"x" * 32)
    assert (await world.send(a_report(sent), forged, sender=""))[0] == 550
    assert (await world.send(a_report(sent), BOUNCES, sender=""))[0] == 550
    assert (await world.send(a_report(sent), "acme@post.example", sender=""))[0] == 550
    assert (await world.send(a_report(sent), "other@else.example", sender=""))[0] == 550
    assert (await world.send(a_report(sent), to))[0] == 550  # a stranger with a sender
    assert (await the_delivery(world)).state is State.HANDED_OVER
    assert await world.send(a_report(sent), to, sender="") == (
        250,
        "2.0.0 Noted: the mail came back",
    )
    assert (await the_delivery(world)).state is State.BOUNCED


async def test_a_door_without_signed_paths_takes_no_null_sender(world: World) -> None:
    await world.open()
    assert (await world.send(b"Subject: x\n\n", "acme@post.example", sender=""))[0] == 550


async def test_what_comes_to_a_token_and_is_no_report_is_kept_all_the_same(world: World) -> None:
    world = signing(world)
    sent = await handed_over(world)
    to = return_path(sent, today=world.clock[0].date())
    note = await world.desk.accept(came(world, b"Subject: Hallo\n\nDank u.\n", recipient=to))
    assert note.sentences() == ["Noted: an automatic reply"]
    assert (await shown(world, sent))["returns"][0]["action"] == "replied"
    assert (await the_delivery(world)).state is State.HANDED_OVER


async def test_an_absence_is_noted_and_changes_no_state(world: World) -> None:
    sent = await handed_over(world)
    away = (
        f"From: {ACCOUNTANT}\nSubject: Automatisch antwoord: Factuur\nAuto-Submitted: auto-replied\n"
        f"In-Reply-To: {sent.message_id}\n\nIk ben er niet.\n"
    ).encode()
    await world.desk.accept(came(world, away))
    told = await shown(world, sent)
    assert (told["state"], told["returns"][0]["kind"]) == ("handed_over", "auto_reply")
    assert await notices(world) == []


async def test_a_notice_that_comes_back_makes_no_notice(world: World) -> None:
    sent = await handed_over(world)
    await world.desk.accept(came(world, a_report(sent)))
    [notice] = await notices(world)
    await world.db.write(partial(_send_notice, now=world.clock[0]))
    await world.desk.accept(came(world, a_report(notice)))
    assert [one.state for one in await notices(world)] == [State.BOUNCED]


def _send_notice(tx: Tx, *, now: datetime) -> None:
    until = now + timedelta(minutes=5)
    for claimed in deliveries.claim(tx, now=now, owner="me", lease_until=until, limit=10):
        deliveries.begin(tx, claimed, message="0" * 64, now=now)
        deliveries.settle(tx, claimed, Settled(State.HANDED_OVER, Outcome.HANDED_OVER, now))


async def test_a_report_settles_what_was_uncertain(world: World) -> None:
    await world.desk.accept(world.submission(a_mail(("i.xml", an_invoice()))))
    sent = await the_delivery(world)
    claimed = await world.db.write(partial(_claim, id_=sent.id, now=world.clock[0]))
    doubt = Settled(
        State.UNCERTAIN, Outcome.UNCERTAIN, world.clock[0], reason="it may have arrived"
    )
    await world.db.write(partial(deliveries.settle, delivery=claimed, settled=doubt))
    await world.desk.accept(came(world, a_report(sent, action="relayed", status="2.0.0")))
    assert (await the_delivery(world)).state is State.CONFIRMED  # so it does not go a second time


async def test_a_report_waits_until_our_own_result_is_written(world: World) -> None:
    await world.desk.accept(world.submission(a_mail(("i.xml", an_invoice()))))
    sent = await the_delivery(world)
    claimed = await world.db.write(partial(_claim, id_=sent.id, now=world.clock[0]))
    report = asyncio.create_task(world.desk.accept(came(world, a_report(sent))))
    settled = Settled(State.HANDED_OVER, Outcome.HANDED_OVER, world.clock[0], reply="250 Ok")
    while not await world.db.read(partial(returns.is_held_by_a_lane, delivery=sent.id)):
        await asyncio.sleep(0)
    await world.db.write(partial(deliveries.settle, delivery=claimed, settled=settled))
    await report
    assert (await the_delivery(world)).state is State.BOUNCED


def _claim(tx: Tx, *, id_: str, now: datetime) -> Delivery:
    until = now + timedelta(minutes=5)
    found = deliveries.claim(tx, now=now, owner="me", lease_until=until, limit=10)
    [one] = [one for one in found if one.id == id_]
    deliveries.begin(tx, one, message="0" * 64, now=now)
    return one


async def test_an_address_that_complains_gets_nothing_more_until_a_person_says_so(
    world: World,
) -> None:
    sent = await handed_over(world)
    await world.desk.accept(came(world, a_complaint(sent)))
    assert (await the_delivery(world)).state is State.HANDED_OVER
    [notice] = await notices(world)
    assert notice.letter is not None
    assert ACCOUNTANT in notice.letter.subject
    await world.desk.accept(world.submission(a_mail(("i.xml", an_invoice("2026-002")))))
    [held] = [one for one in await world.deliveries(state="held") if one.address == ACCOUNTANT]
    assert held.hold_code is HoldCode.STOPPED
    await world.db.write(partial(deliveries.release, id=held.id, now=world.clock[0]))
    await world.desk.accept(world.submission(a_mail(("i.xml", an_invoice("2026-003")))))
    assert await world.deliveries(state="held") == ()


def with_basecone(world: World) -> World:
    books = Recipient("books", "relay", "kantoor.acme@mailtobasecone.com", PROFILES["basecone"])
    team = a_team()
    others = tuple(one for one in team.recipients if one.name != "books")
    world.teams[0] = replace(team, recipients=(*others, books))
    return world


def a_receipt(words: str, *, reference: str = "") -> bytes:
    head = f"In-Reply-To: {reference}\n" if reference else ""
    return f"From: noreply@basecone.com\nSubject: Re: [VRK] 2026-001\n{head}\n{words}\n".encode()


async def test_an_inbox_that_took_it_in_confirms_and_one_that_did_not_bounces(world: World) -> None:
    world = with_basecone(world)
    sent = await handed_over(world, to="kantoor.acme@mailtobasecone.com")
    await world.desk.accept(
        came(world, a_receipt("1 document verwerkt", reference=sent.message_id))
    )
    told = await shown(world, sent)
    assert (told["state"], told["returns"][0]["action"]) == ("confirmed", "accepted")
    # Without a reference, the number of the document tells which mail is meant.
    await world.desk.accept(came(world, a_receipt("Aanlevering mislukt: te groot")))
    told = await shown(world, sent)
    assert told["state"] == "bounced"
    assert told["reason"].startswith("The inbox did not take it in.")
    assert "te groot" in told["reason"]


async def test_a_receipt_that_does_not_come_is_told_once(world: World) -> None:
    world = with_basecone(world)
    sent = await handed_over(world, to="kantoor.acme@mailtobasecone.com")
    await handed_over(world)  # a person's mailbox answers nothing, and nothing is expected of it
    look = partial(receipts.overdue, timedelta(hours=24))
    soon, late = world.clock[0] + timedelta(hours=23), world.clock[0] + timedelta(hours=25)
    for now in (soon, late, late + timedelta(hours=1)):
        await world.db.write(partial(_at, look, now=now))
    events = await world.db.read(partial(documents.events_of, document=sent.document or ""))
    missing = [one for one in events if one.event == receipts.EVENT]
    assert [one.delivery for one in missing] == [sent.id]
    assert "24 hours" in missing[0].detail


async def test_a_receipt_that_came_is_not_missed(world: World) -> None:
    world = with_basecone(world)
    sent = await handed_over(world, to="kantoor.acme@mailtobasecone.com")
    await world.desk.accept(
        came(world, a_receipt("ontvangen en verwerkt", reference=sent.message_id))
    )
    late = world.clock[0] + timedelta(hours=25)
    await world.db.write(partial(_at, partial(receipts.overdue, timedelta(hours=24)), now=late))
    events = await world.db.read(partial(documents.events_of, document=sent.document or ""))
    assert [one.event for one in events if one.event == receipts.EVENT] == []


def _at(job: Callable[[Tx, str, datetime], None], tx: Tx, *, now: datetime) -> None:
    job(tx, "a period", now)


def test_a_return_path_fits_the_limits_of_an_address() -> None:
    sender = verp.joined(
        "twenty-letters-long0@post.example",
        verp.token("v-" + "0" * 20, key=KEY, today=date(2026, 3, 2)),
    )
    assert len(sender.partition("@")[0]) <= 64
    assert sender.partition("@")[0].replace("+", "").replace("-", "").isalnum()


async def test_receipts_that_do_not_come_are_one_alarm_until_they_do(world: World) -> None:
    world = with_basecone(world)
    sent = await handed_over(world, to="kantoor.acme@mailtobasecone.com")
    look = partial(receipts.overdue, timedelta(hours=24))
    late = world.clock[0] + timedelta(hours=25)
    for hours in (0, 1):
        await world.db.write(partial(_at, look, now=late + timedelta(hours=hours)))
    [alarm] = await world.db.read(alarms.standing)
    assert (alarm.key, alarm.opened_at) == ("receipts:acme", late)
    assert "1 receipt of" in alarm.reason
    await world.desk.accept(
        came(world, a_receipt("ontvangen en verwerkt", reference=sent.message_id))
    )
    await world.db.write(partial(_at, look, now=late + timedelta(hours=2)))
    assert await world.db.read(alarms.standing) == ()
