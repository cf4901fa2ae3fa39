"""A mailbox is read into the desk: what is taken, what is done over there, and what is said of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest

from maild.model.document import Kind
from maild.reading.wrap import wrap
from maild.store import documents
from maild.store.blobs import BlobStore
from tests.intake.conftest import A_PDF, World, a_purchase, a_team, an_invoice
from tests.mailbox.boxes import Box, DovecotBox, same_text
from tests.mailbox.conftest import eventually, health, lying, reading, wanted

NOT_A_DOCUMENT = b"From: a@x.example\r\nSubject: hello\r\n\r\nHow are you?\r\n"


def a_mail(number: str = "2026-001", **changed: Any) -> bytes:
    return wrap([("f.xml", an_invoice(number))], **changed)


async def test_each_message_ends_where_it_belongs(world: World, box: Box) -> None:
    for raw in (a_mail("1"), a_mail("2"), a_mail("1", subject="again"), NOT_A_DOCUMENT):
        box.put(raw)
    async with reading(world, box.mailbox):
        await lying(box, INBOX=0, Processed=2, Duplicate=1, Not_understood=1)
    assert sorted(str(one.number) for one in await world.documents()) == ["1", "2"]
    [refusal] = await world.refusals()
    assert (refusal.subject, refusal.peer) == ("hello", "box")
    assert refusal.original is not None
    kept = await world.desk.blobs.read(refusal.original)
    assert same_text(kept) == same_text(NOT_A_DOCUMENT)


async def test_what_comes_while_it_is_read_is_taken_too(world: World, box: Box) -> None:
    async with reading(world, box.mailbox):
        for number in ("1", "2", "3"):
            box.put(a_mail(number))
            await eventually(partial(_has, world, number))
        await lying(box, INBOX=0, Processed=3)


async def _has(world: World, number: str) -> bool:
    return number in {one.number for one in await world.documents()}


async def test_a_large_mail_is_kept_byte_for_byte(world: World, account: DovecotBox) -> None:
    account.put(wrap([("f.xml", an_invoice()), ("big.pdf", A_PDF + b"x" * 2_000_000)]))
    [there] = account.lying_in("INBOX")
    async with reading(world, account.mailbox):
        await lying(account, Processed=1)
    [document] = await world.documents()
    arrival = await world.db.read(partial(documents.get_arrival, id=document.arrival))
    assert await world.desk.blobs.read(arrival.original) == there
    assert arrival.door == "mailbox"


async def test_a_mail_that_is_too_large_is_told_and_put_aside(world: World, box: Box) -> None:
    box.put(wrap([("f.xml", an_invoice()), ("big.pdf", A_PDF + b"x" * 400_000)]))
    async with reading(world, box.mailbox, wanted(max_size="100kB")):
        await lying(box, INBOX=0, Not_understood=1)
    [refusal] = await world.refusals()
    assert "at most 100,000 are read" in refusal.message
    assert await world.documents() == ()


@pytest.mark.parametrize(
    ("action", "flags"),
    [
        ("seen", [{"\\Seen"}, {"\\Seen"}, {"\\Flagged"}]),
        ("keyword", [{"Processed"}, {"Duplicate"}, {"Not_understood"}]),
        ("keep", [set(), set(), set()]),
    ],
)
async def test_other_actions_leave_messages_where_they_are(
    world: World, account: DovecotBox, action: str, flags: list[set[str]]
) -> None:
    for count, raw in enumerate((a_mail("1"), a_mail("1", subject="again"), NOT_A_DOCUMENT), 1):
        account.put(raw)
        async with reading(world, account.mailbox, wanted(after={"action": action})):
            await eventually(partial(_settled, world, count))
    assert account.flags() == flags
    assert len(await world.documents()) == 1


async def _settled(world: World, count: int) -> bool:
    query = "SELECT count(*) FROM mailbox_messages WHERE settled"
    return bool(await world.db.read(lambda tx: tx.exec_driver_sql(query).scalar()) == count)


async def test_deleting_keeps_what_was_not_understood(world: World, box: Box) -> None:
    box.put(a_mail())
    box.put(NOT_A_DOCUMENT)
    async with reading(world, box.mailbox, wanted(after={"action": "delete"})):
        await lying(box, INBOX=0, Processed=0, Not_understood=1)


async def test_one_mailbox_serves_many_teams_by_address_tag_and_sender(
    world: World, account: DovecotBox
) -> None:
    world.teams.append(a_team("beta", vat=("BE0403170701",)))
    routing = {"team": "", "teams": ["acme", "beta"], "senders": {"*@mill.example": "beta"}}
    purchase = ("f.xml", a_purchase("L-1"))
    account.put(b"Delivered-To: acme@post.example\r\n" + wrap([purchase]))
    account.put(
        b"X-Original-To: BETA+invoice@post.example\r\n" + wrap([("b.xml", an_invoice("7"))])
    )
    account.put(
        b"To: <other@x.example>\r\nFrom: <bills@mill.example>\r\n" + _bare(a_purchase("L-2"))
    )
    account.put(b"From: <somebody@x.example>\r\nSubject: nobody's\r\n\r\n")
    async with reading(world, account.mailbox, wanted(**routing)):
        await lying(account, INBOX=0, Processed=3, Not_understood=1)
    found = {(one.team, one.number): one.kind for one in await world.documents()}
    assert found[("acme", "L-1")] is Kind.PURCHASE_INVOICE
    assert found[("beta", "7")] is Kind.INVOICE
    assert ("beta", "L-2") in found


def _bare(xml: bytes) -> bytes:
    """A mail without From and To, which a test puts before it."""
    kept = wrap([("f.xml", xml)]).split(b"\r\n")
    return b"\r\n".join(line for line in kept if not line.startswith((b"From:", b"To:")))


async def test_a_mail_to_two_teams_is_a_document_of_each(world: World, box: Box) -> None:
    world.teams.append(a_team("beta"))
    box.put(b"To: acme@post.example, beta+invoice@post.example\r\n" + _bare(an_invoice()))
    async with reading(world, box.mailbox, wanted(team="", teams=["acme", "beta"])):
        await lying(box, INBOX=0, Processed=1)
    assert {one.team for one in await world.documents()} == {"acme", "beta"}


async def test_rules_decide_by_the_head_and_the_first_that_fits_wins(
    world: World, account: DovecotBox
) -> None:
    rules = [
        {"subject": "newsletter", "take": "ignore"},
        {"attachment": "*.pdf", "media_type": "application/pdf", "tag": "purchase"},
        {"older": "1h", "take": "ignore"},
    ]
    mailbox = DovecotBox(account.dovecot, account.address, account.password, want_files=True)
    account.put(wrap([("scan.pdf", A_PDF)], subject="your Newsletter"))
    account.put(wrap([("scan.pdf", A_PDF)], subject="a bill"))
    async with reading(world, mailbox.mailbox, wanted(rules=rules)):
        await lying(account, INBOX=1, Processed=1)
    [document] = await world.documents()
    assert document.kind is Kind.PURCHASE_INVOICE


async def test_mail_from_before_a_day_is_left_alone(world: World, account: DovecotBox) -> None:
    with account.dovecot.login(account.address) as client:
        client.append("INBOX", a_mail("old"), msg_time=datetime(2025, 12, 31, 12, tzinfo=UTC))
        client.append("INBOX", a_mail("new"), msg_time=datetime(2026, 1, 1, 12, tzinfo=UTC))
    box = DovecotBox(account.dovecot, account.address, account.password, since="01-Jan-2026")
    async with reading(world, box.mailbox):
        await lying(account, INBOX=1, Processed=1)
    assert [one.number for one in await world.documents()] == ["new"]


async def test_several_folders_are_read_and_a_missing_one_stops_no_other(
    world: World, box: Box
) -> None:
    box.put(a_mail("1"))
    box.put(a_mail("2"), folder="Facturen")
    async with reading(world, box.mailbox, wanted(folders=["INBOX", "Weg", "Facturen"])):
        await lying(box, INBOX=0, Facturen=0, Processed=2)
        said = await eventually(partial(_told_of_a_folder, world))
    assert list(said["folders"]) == ["Weg"]
    assert said["state"] == "connected"
    assert box.lying_in("Weg") == []


async def _told_of_a_folder(world: World) -> dict[str, Any]:
    said = await health(world)
    return said if said.get("folders") else {}


async def test_its_health_tells_when_it_was_read_and_how_late(world: World, box: Box) -> None:
    box.put(a_mail())
    async with reading(world, box.mailbox):
        await lying(box, Processed=1)
        said = await health(world)
    assert said["state"] == "connected"
    assert said["last_login"]
    ended = await health(world)
    assert ended["state"] == "stopped"
    assert ended["last_message"]
    assert ended["taken"] == {"accepted": 1}


async def test_a_fault_of_ours_leaves_the_message_for_later(
    world: World, box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = BlobStore.stage
    failing = [True]

    async def stage(self: BlobStore, content: Any) -> Any:
        if failing[0]:
            failing[0] = False
            raise OSError("no space left on device")
        return await real(self, content)

    monkeypatch.setattr(BlobStore, "stage", stage)
    monkeypatch.setattr("maild.intake.mailbox_taking._RESTS", (0.05,))
    box.put(a_mail())
    async with reading(world, box.mailbox):
        await lying(box, INBOX=0, Processed=1)
    assert len(await world.documents()) == 1


async def test_a_second_maild_stands_by_until_the_first_is_gone(
    world: World, account: DovecotBox
) -> None:
    second = DovecotBox(account.dovecot, account.address, account.password)
    async with reading(world, account.mailbox):
        await eventually(partial(_connected, world))
        async with reading(world, second.mailbox, replace(wanted(), alone=False)):
            account.put(a_mail())
            await lying(account, Processed=1)
            assert second.mailbox._session is None
    assert len(await world.documents()) == 1


async def _connected(world: World) -> bool:
    return (await health(world)).get("state") == "connected"
