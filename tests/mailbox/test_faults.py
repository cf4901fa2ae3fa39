"""Each row of the fault matrix for mailboxes (mail.md 6.3); docs/faults.md names the test of each."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from maild.connectors.imap import ImapMailbox
from maild.connectors.imap_wire import ImapOptions
from maild.errors import ConsentNeeded, LoginRefused, MailboxClosed
from maild.intake.mailbox import MailboxDoor, MailboxOptions
from maild.reading.wrap import wrap
from maild.store.database import Database
from tests.intake.conftest import World, an_invoice
from tests.mailbox.boxes import DovecotBox
from tests.mailbox.conftest import QUICK, eventually, health, lying, reading, wanted
from tests.mailbox.toy_imap import Connection, ToyImap, answer, drop, silence


def a_mail(number: str = "1") -> bytes:
    return wrap([("f.xml", an_invoice(number))])


@pytest.fixture
def toy() -> Iterator[ToyImap]:
    server = ToyImap()
    server.start()
    yield server
    server.stop()


def at(toy: ToyImap, tmp_path: Path, **changed: Any) -> ImapMailbox:
    """The account of the toy, as maild reads it."""
    (tmp_path / "password").write_text("open-sesame\n")
    options = ImapOptions(
        name="box",
        host="127.0.0.1",
        port=toy.port,
        tls="none",
        username="u",
        password_file=tmp_path / "password",
        read_timeout=0.5,
        connect_timeout=2.0,
    )
    tokens = changed.pop("tokens", None)
    return ImapMailbox(replace(options, **changed), tokens=tokens)


@pytest.fixture
async def box(toy: ToyImap, tmp_path: Path) -> AsyncIterator[ImapMailbox]:
    made = at(toy, tmp_path)
    yield made
    await made.close()


async def there(toy: ToyImap, **folders: int) -> None:
    """Wait until so many messages lie in each folder of the toy."""

    async def look() -> bool:
        return all(
            len(toy.folders.get(name.replace("_", " "), {})) == n for name, n in folders.items()
        )

    await eventually(look, explain=toy.folders)


async def numbers(world: World) -> list[str]:
    return sorted(str(one.number) for one in await world.documents())


async def error(world: World, words: str) -> dict[str, Any]:
    """The health of the mailbox once its last error has these words."""

    async def look() -> dict[str, Any]:
        said = await health(world)
        return said if words in (said.get("last_error") or "") else {}

    return await eventually(look)


async def test_a_line_cut_inside_a_message_loses_nothing_and_is_taken_up_again(
    world: World, toy: ToyImap, box: ImapMailbox
) -> None:
    def half(connection: Connection, _tag: str, rest: str) -> bool:
        connection.raw(b"* 1 FETCH (UID 1 BODY[]<0> {%d}\r\n" % 5000 + a_mail()[:100])
        connection.drop()
        return True

    toy.put(a_mail())
    toy.next("UID FETCH", lambda *_: False, half)  # the first asks for heads
    async with reading(world, box):
        await there(toy, INBOX=0, Processed=1)
    assert await numbers(world) == ["1"]
    assert len(toy.logins) == 2


async def test_killed_after_the_download_and_before_the_commit_it_is_fetched_again(
    world: World, account: DovecotBox, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, dead = Database.write, [True]

    async def write(self: Database, fn: Any) -> Any:
        if dead[0] and "_file" in repr(fn):
            dead[0] = False
            raise MailboxClosed("killed")  # nothing of the transaction is on the disk
        return await real(self, fn)

    monkeypatch.setattr(Database, "write", write)
    account.put(a_mail())
    async with reading(world, account.mailbox):
        await lying(account, INBOX=0, Processed=1)
    assert not dead[0]
    assert await numbers(world) == ["1"]


async def test_killed_after_the_commit_and_before_the_move_only_the_move_is_repeated(
    world: World, toy: ToyImap, box: ImapMailbox
) -> None:
    toy.put(a_mail())
    toy.next("UID MOVE", drop)
    async with reading(world, box):
        await there(toy, INBOX=0, Processed=1)
    assert sum("BODY.PEEK[]" in one for one in toy.said) == 1
    assert await numbers(world) == ["1"]


@pytest.mark.parametrize("capabilities", [("MOVE", "UIDPLUS"), ("UIDPLUS",)], ids=["move", "copy"])
async def test_a_move_whose_reply_was_lost_is_not_done_twice(
    world: World, tmp_path: Path, capabilities: tuple[str, ...]
) -> None:
    toy = ToyImap(*capabilities)
    toy.folders["Processed"] = {}

    def done_but_silent(connection: Connection, tag: str, rest: str) -> bool:
        words = rest.split(" ", 2)[2]
        (connection.moved if "MOVE" in rest else connection.copied)(tag, words)
        connection.drop()
        return True

    toy.next("UID MOVE", done_but_silent)
    toy.next("UID COPY", done_but_silent)
    toy.put(b"Message-ID: <1@x>\r\n" + a_mail())
    toy.start()
    box = at(toy, tmp_path)
    async with reading(world, box):
        await there(toy, INBOX=0, Processed=1)
        await eventually(partial(_all_settled, world))
    toy.stop()
    assert len(toy.folders["Processed"]) == 1
    assert await numbers(world) == ["1"]


async def _all_settled(world: World) -> bool:
    query = "SELECT count(*) FROM mailbox_messages WHERE NOT settled"
    return bool(await world.db.read(lambda tx: tx.exec_driver_sql(query).scalar()) == 0)


async def test_a_message_that_goes_between_search_and_fetch_makes_no_document(
    world: World, toy: ToyImap, box: ImapMailbox
) -> None:
    def gone(connection: Connection, tag: str, _rest: str) -> bool:
        toy.folders["INBOX"].pop(1)
        connection.send("* 1 FETCH (UID 1 BODY[]<0> NIL)", f"{tag} OK done")
        return True

    toy.put(a_mail("gone"))
    toy.put(a_mail("stays"))
    toy.next("UID FETCH", lambda *_: False, gone)
    async with reading(world, box):
        await there(toy, INBOX=0, Processed=1)
    assert await numbers(world) == ["stays"]
    assert await world.refusals() == ()


async def test_a_folder_made_anew_doubles_nothing_and_loses_nothing(
    world: World, account: DovecotBox
) -> None:
    raw = {number: a_mail(number) for number in ("1", "2", "3")}
    options = wanted(folders=["Facturen"], after={"action": "keep"})
    account.make_anew("Facturen", [raw["1"], raw["2"]])
    async with reading(world, account.mailbox, options):
        await eventually(partial(_count, world, 2))
        # UIDs begin at 1 again: 1 is another message now.
        account.make_anew("Facturen", [raw["3"], raw["2"], raw["1"]])
        await eventually(partial(_count, world, 3))
        await eventually(partial(_rows, world, 5))
    assert await numbers(world) == ["1", "2", "3"]
    arrivals = await world.db.read(
        lambda tx: tx.exec_driver_sql("SELECT count(*) FROM arrivals").scalar()
    )
    assert arrivals == 3


async def _count(world: World, count: int) -> bool:
    return len(await world.documents()) == count


async def _rows(world: World, count: int) -> bool:
    query = "SELECT count(*) FROM mailbox_messages"
    return bool(await world.db.read(lambda tx: tx.exec_driver_sql(query).scalar()) == count)


async def test_what_a_person_read_or_flagged_is_no_matter(
    world: World, account: DovecotBox
) -> None:
    account.put(a_mail("1"))
    with account.dovecot.login(account.address) as client:
        client.select_folder("INBOX")
        client.add_flags(client.search("ALL"), ["\\Seen", "\\Flagged"])
        async with reading(world, account.mailbox, wanted(after={"action": "keep"})):
            await eventually(partial(_count, world, 1))
            client.remove_flags(client.search("ALL"), ["\\Seen"])
            account.put(a_mail("2"))
            await eventually(partial(_count, world, 2))
    assert await numbers(world) == ["1", "2"]


async def test_new_mail_that_comes_with_the_answer_to_idle_is_seen_at_once(
    world: World, toy: ToyImap, box: ImapMailbox
) -> None:
    def together(connection: Connection, tag: str, _rest: str) -> bool:
        toy.put(a_mail())
        connection.send("+ idling", "* 1 EXISTS")
        assert connection.read_line() == "DONE"
        connection.send(f"{tag} OK done")
        return True

    toy.next("IDLE", together)
    began = time.monotonic()
    async with reading(world, box, patient(poll=60.0)):
        await there(toy, Processed=1)
    assert time.monotonic() - began < 15


async def test_a_push_that_never_comes_is_found_by_the_poll(
    world: World, toy: ToyImap, box: ImapMailbox
) -> None:
    def deaf(connection: Connection, tag: str, _rest: str) -> bool:
        connection.send("+ idling")
        toy.put(a_mail())
        assert connection.read_line() == "DONE"
        connection.send(f"{tag} OK done")
        return True

    toy.next("IDLE", deaf)
    async with reading(world, box, patient(poll=0.3)):
        await there(toy, Processed=1)


@pytest.mark.parametrize("fault", ["dead", "bye", "dropped"])
async def test_a_connection_that_dies_in_idle_is_made_anew(
    world: World, toy: ToyImap, box: ImapMailbox, fault: str
) -> None:
    def bye(connection: Connection, _tag: str, _rest: str) -> bool:
        connection.send("+ idling", "* BYE idle for too long")
        connection.drop()
        return True

    def dead(connection: Connection, tag: str, rest: str) -> bool:
        connection.send("+ idling")
        return silence(connection, tag, rest)

    toy.next("IDLE", {"dead": dead, "bye": bye, "dropped": drop}[fault])
    async with reading(world, box):
        await eventually(partial(_logins, toy, 2))
        toy.put(a_mail())
        await there(toy, Processed=1)


async def _logins(toy: ToyImap, count: int) -> bool:
    return len(toy.logins) >= count


def test_idle_is_renewed_before_ten_minutes_are_over() -> None:
    door = MailboxDoor(None, None, replace(wanted(), patience=patient(poll=3600).patience))  # type: ignore[arg-type]  # asked for a number only
    waits = [door._wait() for _ in range(1000)]
    assert min(waits) >= 300
    assert max(waits) <= 540


def patient(**changed: float) -> MailboxOptions:
    return replace(wanted(), patience=replace(QUICK, **({"idle": (300.0, 540.0)} | changed)))  # type: ignore[arg-type]  # numbers


async def test_after_a_read_timeout_the_connection_is_thrown_away(
    world: World, toy: ToyImap, box: ImapMailbox
) -> None:
    toy.put(a_mail())
    toy.next("UID FETCH", silence)
    async with reading(world, box):
        await there(toy, Processed=1)
        assert "did not answer in time" in (await error(world, "in time"))["last_error"]
    assert len(toy.logins) == 2


@pytest.mark.parametrize(
    ("command", "said", "words"),
    [
        ("UID MOVE", "TAG NO [OVERQUOTA] no room", "the mailbox is full"),
        ("SELECT", "TAG BAD User is authenticated but not connected.", "no mailbox for it"),
        ("LOGIN", "TAG NO [LIMIT] slow down", "a limit is reached"),
        ("LOGIN", "TAG NO [INUSE] locked", "another program has locked"),
        ("LOGIN", "TAG NO Too many simultaneous connections", "no more connections"),
    ],
    ids=["over quota", "not connected", "limit", "in use", "too many"],
)
async def test_a_provider_that_says_not_now_is_asked_again_and_the_reason_is_shown(
    world: World, toy: ToyImap, box: ImapMailbox, monkeypatch: pytest.MonkeyPatch,
    command: str, said: str, words: str,
) -> None:  # fmt: skip
    monkeypatch.setattr("maild.intake.mailbox.REPEAT", (0.1, 0.2))
    toy.folders["Processed"] = {}
    toy.put(a_mail())
    toy.next(command, answer(said))
    async with reading(world, box):
        await there(toy, INBOX=0, Processed=1)
        await error(world, words)
    assert await numbers(world) == ["1"]


async def test_a_wrong_password_is_told_at_once_and_tried_seldom(
    world: World, toy: ToyImap, box: ImapMailbox
) -> None:
    toy.password = "another"
    options = replace(wanted(), patience=replace(QUICK, logins=3, per=30.0))
    async with reading(world, box, options):
        said = await error(world, "refuses this user name and password")
        assert (said["state"], said["dead"]) == ("login_refused", True)
        await eventually(partial(_logins, toy, 3))
        await asyncio.sleep(0.5)
        assert len(toy.logins) == 3


class Tokens:
    """Gives tokens: an old one, and a new one when it is asked for."""

    def __init__(self, *, fresh: str | None = "fresh") -> None:
        self.asked: list[bool] = []
        self._fresh = fresh

    async def token(self, name: str, *, fresh: bool = False) -> str:
        self.asked.append(fresh)
        if fresh and self._fresh is None:
            raise ConsentNeeded(f"{name} needs consent: maild connect google acme")
        return str(self._fresh) if fresh else "expired"


async def test_an_expired_token_is_renewed_once_and_a_lost_consent_is_told(
    world: World, toy: ToyImap, tmp_path: Path
) -> None:
    toy.password = "fresh"
    tokens = Tokens()
    box = at(toy, tmp_path, account="acme-mail", tokens=tokens)
    await box.connect()
    await box.close()
    assert (tokens.asked, toy.logins) == ([False, True], ["expired", "fresh"])
    lost = at(toy, tmp_path, account="acme-mail", tokens=Tokens(fresh=None))
    with pytest.raises(LoginRefused, match="maild connect google acme"):
        await lost.connect()
    await lost.close()


async def test_a_folder_that_was_deleted_is_told_and_not_made(
    world: World, account: DovecotBox
) -> None:
    account.make_anew("Facturen", [a_mail("1")])
    options = wanted(folders=["INBOX", "Facturen"], after={"action": "keep"})
    async with reading(world, account.mailbox, options):
        await eventually(partial(_count, world, 1))
        with account.dovecot.login(account.address) as client:
            client.delete_folder("Facturen")
        await error(world, '"Facturen" cannot be opened')
        account.put(a_mail("2"))
        await eventually(partial(_count, world, 2))
        with account.dovecot.login(account.address) as client:
            assert not client.folder_exists("Facturen")


async def test_a_great_backlog_comes_in_batches_and_each_body_once(
    world: World, toy: ToyImap, box: ImapMailbox
) -> None:
    for number in range(450):
        toy.put(b"From: a@x.example\r\nSubject: %d\r\n\r\nno document\r\n" % number)
    options = wanted(after={"action": "keep"}, rules=[{"subject": "4?9", "take": "ignore"}])
    async with reading(world, box, options):
        await eventually(partial(_rows, world, 450), within=60)
    heads = [one for one in toy.said if "HEADER.FIELDS" in one]
    bodies = [one for one in toy.said if "BODY.PEEK[]" in one]
    asked = [uid for one in bodies for uid in one.split(" ")[2].split(",")]
    assert max(one.split(" ")[2].count(",") for one in heads) < 200
    assert len(asked) == len(set(asked)) == 450 - 5


async def test_a_message_under_several_labels_of_gmail_is_one_document(
    world: World, tmp_path: Path
) -> None:
    toy = ToyImap("IDLE", "MOVE", "UIDPLUS", "X-GM-EXT-1")
    toy.start()
    toy.folders["Work"] = {}
    toy.put(a_mail())
    toy.same[1] = 4711
    toy.put(a_mail(), "Work")
    options = wanted(folders=["INBOX", "Work"], after={"action": "keyword"})
    async with reading(world, at(toy, tmp_path), options):
        await eventually(partial(_rows, world, 2))
        await eventually(partial(_all_settled, world))
    toy.stop()
    assert await numbers(world) == ["1"]
    assert sum("BODY.PEEK[]" in one for one in toy.said) == 1
    assert len(toy.labels) == 2
    assert "Processed" in toy.labels[0]


async def test_of_two_maild_on_one_mailbox_one_stands_by_and_takes_over(
    world: World, account: DovecotBox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("maild.intake.mailbox.LEASE", timedelta(seconds=0.3))
    second = DovecotBox(account.dovecot, account.address, account.password)
    async with reading(world, second.mailbox, replace(wanted(), alone=False)):
        await eventually(partial(_reads, world))
        # The clock of the world stands still, so a lease never runs out by itself.
        first = DovecotBox(account.dovecot, account.address, account.password)
        async with reading(world, first.mailbox, replace(wanted(), alone=False)):
            account.put(a_mail("1"))
            await eventually(partial(_count, world, 1))
            assert first.mailbox._session is None
    async with reading(world, account.mailbox, replace(wanted(), alone=False)):
        account.put(a_mail("2"))
        await eventually(partial(_count, world, 2))


async def _reads(world: World) -> bool:
    return (await health(world)).get("state") == "connected"


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (b"* 1 FETCH (UID 1 BODY[]<0> {1000000000}\r\n", "1,000,000,000 bytes"),
        (b"* " + b"x" * 1_100_000, "more than 1,000,000 bytes"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "unexpected response"),
        (b"* 1 FETCH (UID x BODY (\r\n", ""),
        (b"* 1 FETCH " + b"(" * 100_000 + b"\r\nTAG OK done\r\n", ""),
        (b"\x00\xff\xfe\r\n", "unexpected response"),
    ],
    ids=["literal", "line", "http", "broken", "nested", "binary"],
)
async def test_garbage_ends_the_connection_within_bounds_and_is_told(
    world: World, toy: ToyImap, box: ImapMailbox, said: bytes, words: str
) -> None:
    def garbage(connection: Connection, tag: str, _rest: str) -> bool:
        connection.raw(said.replace(b"TAG", tag.encode()))
        return True

    toy.put(a_mail())
    toy.next("UID FETCH", garbage)
    async with reading(world, box):
        await there(toy, Processed=1)
        await error(world, words)
    assert await numbers(world) == ["1"]
    assert len(toy.logins) == 2


async def test_a_mailbox_that_stays_silent_is_dead_after_a_while_and_recovers(
    world: World, toy: ToyImap, box: ImapMailbox
) -> None:
    toy.next("LOGIN", *(answer("TAG NO [UNAVAILABLE] later") for _ in range(3)))
    options = replace(wanted(), alarm_after=timedelta(minutes=30))
    async with reading(world, box, options):
        await error(world, "out of order")
        world.later(minutes=31)
        await eventually(partial(_is_dead, world))
        toy.mischief.clear()
        await eventually(partial(_recovered, world))


async def _is_dead(world: World) -> bool:
    return bool((await health(world)).get("dead"))


async def _recovered(world: World) -> bool:
    return (await health(world)).get("dead") is False
