"""Three mailboxes that fill up while another client tidies them, and a daemon that is killed again and again.

What is asserted about the end of it is in `test_mailboxes`.
"""

from __future__ import annotations

import hashlib
import random
import smtplib
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import imapclient

from tests.servers.dovecot import PASSWORD, Dovecot
from tests.servers.world import MailWorld
from tests.spine import papers
from tests.spine.house import ACCOUNTANT, BOOKS, House, configured
from tests.spine.post import SENDER, a_mail
from tests.spine.waiting import until

ENDS = ("Processed", "Duplicate", "Not understood")
ELSEWHERE = "Elsewhere"
QUICK = '\n[outbox]\nretry = ["1s"]\ndoubt_pause = "1s"\nloss_pause = "1s"\n'


def section(name: str, dovecot: Dovecot, address: str, **more: object) -> str:
    """A [mailbox.NAME] that reads an account of this Dovecot; its password is in ./secret."""
    keys = {
        "host": "127.0.0.1",
        "port": dovecot.imap_port,
        "tls": "none",
        "username": address,
        "password_file": "secret",
        "team": "acme",
        **more,
    }
    lines = (
        f'{key} = "{one}"' if isinstance(one, str) else f"{key} = {one}"
        for key, one in keys.items()
    )
    return f"\n[mailbox.{name}]\n" + "\n".join(lines) + "\n"


def prepared(
    house: House, world: MailWorld, boxes: Sequence[str], *, accountant: str, books: str
) -> None:
    """Write the configuration: these mailboxes in, the accountant and the books out."""
    (house.folder / "secret").write_text(PASSWORD)
    more = "".join(section(f"box{n}", world.dovecot, one) for n, one in enumerate(boxes))
    changes = ((ACCOUNTANT, accountant), (BOOKS, books))
    house.write(configured(world.smtp_port, *changes, more=QUICK + more))


def invoices(count: int) -> Iterator[tuple[str, bytes]]:
    """Mails with one invoice each, by their Message-ID; two of three bring a PDF."""
    for n in range(count):
        number = f"B-{n:05}"
        files = [("f.xml", papers.invoice(number))]
        files += [("f.pdf", papers.a_pdf(number))] if n % 3 else []
        yield number, _named(number, a_mail(*files).as_bytes())


def strange_mails(shared: Path, count: int) -> Iterator[tuple[str, bytes]]:
    """Mails of the public corpora: whatever people send, and PDFs with invoices of strangers."""
    odd = sorted(
        one for one in (shared / "corpus" / "mime").iterdir() if one.suffix in {".eml", ".txt"}
    )[::3]
    pdfs = sorted((shared / "corpus" / "hybrid-pdf").rglob("*.pdf"))[::3]
    made = 0
    for n, path in enumerate([*pdfs, *odd]):
        raw = path.read_bytes()
        if path.suffix == ".pdf":
            raw = a_mail((path.name, raw), to="acme+purchase@post.example").as_bytes()
        if made < count and _is_deliverable(raw):
            made += 1
            yield f"S-{n:05}", _named(f"S-{n:05}", raw)


def _named(name: str, raw: bytes) -> bytes:
    return b"Message-ID: <%s@b.test>\r\n" % name.encode() + raw.replace(b"\r\n", b"\n").replace(
        b"\n", b"\r\n"
    )


def _is_deliverable(raw: bytes) -> bool:
    lines = raw.split(b"\n")
    first = lines[0].partition(b":")[0]
    return (
        b"\0" not in raw
        and b"\r" not in raw.replace(b"\r\n", b"\n")
        and max(map(len, lines)) < 990
        and bool(first) and b" " not in first and b":" in lines[0]
    )  # fmt: skip


@dataclass
class Load:
    """Delivers mails over a while, by LMTP and by SMTP, while another client moves and deletes."""

    world: MailWorld
    boxes: Sequence[str]
    mails: Sequence[tuple[str, bytes]]
    seconds: float
    chance: random.Random
    touched: set[str] = field(default_factory=set)
    _over: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)
    fault: BaseException | None = None

    def start(self) -> None:
        for work in (self._deliver, self._tidy):
            thread = threading.Thread(target=self._guarded, args=(work,))
            self._threads.append(thread)
            thread.start()

    def finish(self) -> None:
        """Wait until all is delivered, then end the other client too."""
        self._threads[0].join()
        self._over.set()
        self._threads[1].join()
        assert self.fault is None, self.fault

    def give_up(self) -> None:
        self._over.set()
        for one in self._threads:
            one.join()

    def _guarded(self, work: Any) -> None:
        try:
            work()
        except BaseException as fault:  # noqa: BLE001 - told by the test
            self.fault = fault

    def _deliver(self) -> None:
        pause = self.seconds / len(self.mails)
        for n, (_, raw) in enumerate(self.mails):
            if self._over.is_set():
                return
            to = self.boxes[n % len(self.boxes)]
            port, client = (
                (self.world.smtp_port, smtplib.SMTP)
                if n % 3 == 0
                else (self.world.dovecot.lmtp_port, smtplib.LMTP)
            )
            with client("127.0.0.1", port, timeout=30) as session:
                session.sendmail(SENDER, [to], raw)
            self._over.wait(pause)

    def _tidy(self) -> None:
        """Another client: now and then it moves or deletes what lies in an inbox."""
        while not self._over.wait(0.3):
            with self.world.dovecot.login(self.chance.choice(self.boxes)) as client:
                self._tidy_one(client)

    def _tidy_one(self, client: imapclient.IMAPClient) -> None:
        client.select_folder("INBOX")
        found = client.fetch(client.search("ALL"), ["BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)]"])
        if not found or self.chance.random() < 0.5:
            return
        uid = self.chance.choice(sorted(found))
        [head] = [value for key, value in found[uid].items() if key.startswith(b"BODY")]
        self.touched.add(_name_in(head or b""))
        if self.chance.random() < 0.5:
            if not client.folder_exists(ELSEWHERE):
                client.create_folder(ELSEWHERE)
            client.move([uid], ELSEWHERE)
        else:
            client.delete_messages([uid])
            client.uid_expunge([uid])


def _name_in(head: bytes) -> str:
    return head.partition(b"<")[2].partition(b"@")[0].decode("ascii", "replace")


@dataclass(frozen=True, slots=True)
class End:
    """What is there when all has settled."""

    lying: dict[str, list[tuple[str, bytes]]]  # by the name of a mail: folders and bytes
    documents: list[dict[str, Any]]
    arrived: Counter[str]  # by Message-ID, at the accountant and in the books
    rows: list[tuple[str, str, str]]  # outcome, Message-ID, sha256
    inboxes: int


def seen(house: House, world: MailWorld, boxes: Sequence[str], *, ends: Sequence[str]) -> End:
    """Look everywhere."""
    lying: dict[str, list[tuple[str, bytes]]] = {}
    inboxes = 0
    for box in boxes:
        with world.dovecot.login(box) as client:
            for _, _, folder in client.list_folders():
                client.select_folder(folder, readonly=True)
                uids = client.search("ALL")
                inboxes += len(uids) if folder == "INBOX" else 0
                for one in (client.fetch(uids, ["BODY.PEEK[]"]) if uids else {}).values():
                    raw = one[b"BODY[]"]
                    name = _name_in(raw[raw.find(b"Message-ID: ") :])
                    lying.setdefault(name, []).append((folder, raw))
    with sqlite3.connect(house.folder / "state" / "maild.db") as db:
        rows = db.execute("SELECT outcome, message_id, sha256 FROM mailbox_messages").fetchall()
    db.close()
    arrived = Counter(str(mail.message["Message-ID"]) for end in ends for mail in world.mails(end))
    return End(lying, house.documents("--limit", "10000"), arrived, rows, inboxes)


def has_original(house: House, sha256: str) -> bool:
    """Whether the store has these very bytes."""
    for file in (house.folder / "state" / "blobs").rglob(sha256):
        return hashlib.sha256(file.read_bytes()).hexdigest() == sha256
    with sqlite3.connect(house.folder / "state" / "maild.db") as db:
        found = db.execute("SELECT content FROM small_blobs WHERE sha256 = ?", (sha256,)).fetchone()
    db.close()
    return found is not None and hashlib.sha256(found[0]).hexdigest() == sha256


def kill_again_and_again(
    house: House, *, times: int, longest: float, chance: random.Random
) -> None:
    """Start a daemon and kill it at a moment of chance, so many times."""
    for _ in range(times):
        daemon = house.start()
        try:
            if chance.random() < 0.85:
                daemon.wait_for("daemon.ready")
            time.sleep(chance.uniform(0.05, longest))
        finally:
            daemon.kill()


def settle(house: House, world: MailWorld, boxes: Sequence[str], *, within: float) -> int:
    """Let a last daemon finish; how many deliveries the person had to let go.

    Kills that come faster than a message can be composed look like a document that kills maild:
    after the third one its delivery waits for a person, who does here what its reason tells him.
    """
    freed = 0

    def quiet() -> bool:
        time.sleep(0.3)  # each look costs the daemon a little
        for box in boxes:
            with world.dovecot.login(box) as client:
                client.select_folder("INBOX", readonly=True)
                if client.search("ALL"):
                    return False
        nonlocal freed
        for one in house.queue("--state", "held"):
            if one["hold_code"] == "losses":
                assert house.json("queue", "release", one["id"])[0]["state"] == "queued"
                freed += 1
        queue = house.status()["queue"]
        return not any(queue[name] for name in ("queued", "sending", "uncertain"))

    with house.running() as daemon:
        until(quiet, within=within, explain=house.status)
        assert daemon.stop() == 0
    return freed
