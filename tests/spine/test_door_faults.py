"""The worst moments of taking a mail, with a real daemon: killed, on a full disk, on a broken one."""

from __future__ import annotations

import contextlib
import os
import smtplib
import subprocess
from collections.abc import Iterator
from email import policy
from pathlib import Path

import pytest

from tests.spine import papers
from tests.spine.house import SHADOW, Daemon, House, configured
from tests.spine.post import SENDER, TEAM, Reply, a_mail, hand_in
from tests.spine.tracing import NEEDS_STRACE, DiedAlready, calls, traced
from tests.spine.waiting import until

LARGE = 900_000  # bytes of a PDF: its mail is streamed to the disk
WAL = "maild.db-wal"


def an_invoice(number: str, *, size: int = 0) -> bytes:
    """A mail with an invoice, as bytes on the wire less the dot; with a PDF where a size is said."""
    files = [("f.xml", papers.invoice(number))]
    if size:
        files.append(("f.pdf", papers.a_pdf(number) + b"%" + os.urandom(size)))
    return a_mail(*files).as_bytes(policy=policy.SMTP)


class Client:
    """A client that stops where it is told."""

    def __init__(self, port: int) -> None:
        self._smtp = smtplib.SMTP("127.0.0.1", port, timeout=30, local_hostname="erp.acme.example")
        self._smtp.ehlo()

    def begin(self, *, size: int | None = None) -> None:
        """Up to the 354."""
        self._smtp.mail(SENDER, [f"size={size}"] if size else [])
        self._smtp.rcpt(TEAM)
        assert self._smtp.docmd("DATA")[0] == 354

    def write(self, content: bytes) -> None:
        """Send some of the body."""
        assert self._smtp.sock is not None
        self._smtp.sock.sendall(content)

    def dot(self) -> Reply:
        """End the body, and hear the reply."""
        self.write(b"\r\n.\r\n")
        code, text = self._smtp.getreply()
        return Reply(code, text.decode())

    def noop(self) -> Reply:
        """Ask for nothing; by its reply the one before has left for certain."""
        code, text = self._smtp.noop()
        return Reply(code, text.decode())

    def dot_unheard(self) -> None:
        """End the body; no reply comes."""
        self.write(b"\r\n.\r\n")
        self.hears_nothing()

    def hears_nothing(self) -> None:
        """The connection ends without a reply."""
        with pytest.raises((smtplib.SMTPServerDisconnected, ConnectionError)):
            self._smtp.getreply()

    def send(self, content: bytes) -> Reply:
        """A whole mail."""
        self.begin()
        self.write(content)
        return self.dot()

    def close(self) -> None:
        """Hang up."""
        self._smtp.close()


@contextlib.contextmanager
def client_of(daemon: Daemon) -> Iterator[Client]:
    client = Client(daemon.port)
    try:
        yield client
    finally:
        client.close()


@pytest.fixture
def taking(house: House) -> House:
    """A house whose daemon only takes: in shadow mode, so nothing leaves."""
    house.write(configured(9, SHADOW))
    return house


def stored(house: House, number: str) -> int:
    """How many documents have that number."""
    return len(house.documents("--number", number))


def parts(house: House) -> list[Path]:
    """The files that are being received."""
    return list((house.folder / "state" / "blobs" / "parts").glob("*"))


def blobs(house: House) -> list[Path]:
    """The files that have their name."""
    return [one for one in (house.folder / "state" / "blobs").rglob("*") if len(one.name) == 64]


def test_killed_before_the_dot_nothing_is_stored_and_its_file_goes_at_the_start(
    taking: House,
) -> None:
    mail = an_invoice("D-1", size=LARGE)
    with taking.running() as daemon, client_of(daemon) as client:
        client.begin()
        client.write(mail[: LARGE // 2])
        until(lambda: parts(taking) and parts(taking)[0].stat().st_size > 0)
        daemon.kill()
    with taking.running() as daemon:
        assert parts(taking) == []
        assert stored(taking, "D-1") == 0
        assert hand_in(daemon.port, mail, TEAM).code == 250


@NEEDS_STRACE
@pytest.mark.parametrize("size", [0, LARGE], ids=["small", "large"])
def test_killed_after_the_dot_and_before_the_commit_the_sender_keeps_the_mail(
    taking: House, tmp_path: Path, size: int
) -> None:
    mail, wal = an_invoice("D-2", size=size), taking.folder / "state" / WAL
    # The commit begins with a write to the log of the database; it never comes to that.
    dies = ("-P", str(wal), "-e", "trace=pwrite64", "-e", "inject=pwrite64:signal=KILL:when=1")
    # A busy machine comes late to what a daemon notes by itself after its start, and it dies of that.
    for attempt in range(3):
        with (
            contextlib.suppress(DiedAlready),
            taking.running() as daemon,
            client_of(daemon) as client,
        ):
            client.begin()
            client.write(mail)
            with traced(daemon, *dies, log=tmp_path / f"trace{attempt}"):
                client.dot_unheard()
                daemon.wait()
            break
    else:
        pytest.fail("it died three times before the dot was sent")
    with taking.running() as daemon:
        assert stored(taking, "D-2") == 0
        assert parts(taking) == []
        reply = hand_in(daemon.port, mail, TEAM)
        assert (reply.code, "Already" in reply.text) == (250, False)
    assert stored(taking, "D-2") == 1


@NEEDS_STRACE
def test_killed_after_the_commit_and_before_the_250_the_mail_is_there_once(
    taking: House, tmp_path: Path
) -> None:
    mail = an_invoice("D-3")
    # The loop is woken, and the reply leaves, a second after each was meant to.
    slow = ("-e", "trace=sendto", "-e", "inject=sendto:delay_enter=1000000")
    with taking.running() as daemon, client_of(daemon) as client:
        client.begin()
        client.write(mail)
        with traced(daemon, *slow, log=tmp_path / "trace"):
            client.write(b"\r\n.\r\n")
            until(lambda: stored(taking, "D-3"))
            daemon.kill()
        client.hears_nothing()
    assert stored(taking, "D-3") == 1
    with taking.running() as daemon:
        # The sender heard nothing, so he tries again.
        reply = hand_in(daemon.port, mail, TEAM)
        assert (reply.code, "Already known" in reply.text) == (250, True)
    assert stored(taking, "D-3") == 1


@NEEDS_STRACE
@pytest.mark.parametrize("answer", ["decided", "kept"])
def test_a_power_cut_takes_nothing_back_all_is_on_the_disk_before_the_250(
    house: House, tmp_path: Path, answer: str
) -> None:
    house.write(configured(9, SHADOW, ("[smtpd]", f'[smtpd]\nanswer = "{answer}"')))
    watched = ("-e", "trace=fsync,fdatasync,rename,renameat,renameat2,sendto,pwrite64")
    with house.running() as daemon, client_of(daemon) as client:
        client.begin()
        client.write(an_invoice("D-4", size=LARGE))
        with traced(daemon, *watched, log=tmp_path / "trace"):
            assert client.dot().code == 250
            assert client.noop().code == 250  # else the trace may end before it tells of the reply
    seen = calls(tmp_path / "trace")
    original = max(blobs(house), key=lambda one: one.stat().st_size)
    said = at(seen, "sendto", "250 2.0.0")
    committed = last(seen[:said], WAL, "fsync", "fdatasync")
    written = last(seen[:committed], WAL, "pwrite64")
    named = last(seen[:written], original.name, "rename", "renameat", "renameat2")
    # The bytes before the name, the name before the row, the row before the reply.
    assert last(seen[:named], "/parts/", "fsync") < named
    assert at(seen, "fsync", f"<{original.parent}>") in range(named, written)
    assert named < written < committed < said


def at(seen: list[tuple[str, str]], name: str, words: str) -> int:
    """Where a call with these words first stands."""
    return next(n for n, (call, rest) in enumerate(seen) if call == name and words in rest)


def last(seen: list[tuple[str, str]], words: str, *names: str) -> int:
    """Where one of the calls with these words last stands."""
    found = [n for n, (call, rest) in enumerate(seen) if call in names and words in rest]
    assert found, (words, names)
    return found[-1]


@NEEDS_STRACE
@pytest.mark.parametrize("where", ["the log of the database", "the file of a mail"])
def test_after_a_failed_fsync_nothing_is_taken_any_more_and_the_process_ends(
    taking: House, tmp_path: Path, where: str
) -> None:
    large = where == "the file of a mail"
    mail = an_invoice("D-5", size=LARGE if large else 0)
    call = "fsync" if large else "fsync,fdatasync"
    fails = ["-e", f"trace={call}", "-e", f"inject={call}:error=EIO:when=1"]
    with taking.running() as daemon, client_of(daemon) as client:
        client.begin()
        client.write(mail)
        with traced(daemon, *fails, log=tmp_path / "trace"):
            reply = client.dot()
            assert (reply.code, reply.text[:5]) == (451, "4.3.0")
            assert "EIO" not in str(reply)
            assert "Input/output" not in str(reply)
            assert daemon.wait() == 70
        assert daemon.events("store.broken")
    with taking.running() as daemon:
        assert hand_in(daemon.port, mail, TEAM).code == 250
    assert stored(taking, "D-5") == 1


class SmallDisk:
    """A file system of a few megabytes that can be filled up."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._filler = folder / "filler"

    def fill(self, *, leave: int) -> None:
        """Take all room but so many bytes."""
        disk = os.statvfs(self.folder)
        # The daemon writes too: the room may be gone a little earlier than was counted.
        with self._filler.open("wb", buffering=0) as filler, contextlib.suppress(OSError):
            for _ in range(disk.f_bavail - leave // disk.f_frsize):
                filler.write(b"x" * disk.f_frsize)

    def empty(self) -> None:
        """Give the room back."""
        self._filler.unlink()


@pytest.fixture
def small_disk(house: House) -> Iterator[SmallDisk]:
    """The data of a house on a disk of 24 MB."""
    folder = house.folder / "state"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=24m", "none", str(folder)]
    made = subprocess.run(mount, capture_output=True, text=True, check=False)
    if made.returncode:
        pytest.skip(f"no file system can be mounted here: {made.stderr.strip()}")
    try:
        yield SmallDisk(folder)
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.fixture
def cramped(house: House, small_disk: SmallDisk) -> Iterator[Daemon]:
    """A daemon whose data lie on the small disk."""
    assert small_disk.folder.is_dir()
    house.write(configured(9, SHADOW, ("[smtpd]", '[smtpd]\nmax_size = "4MB"')))
    with house.running() as daemon:
        yield daemon


def test_a_disk_that_fills_up_inside_a_mail_is_a_later_and_it_recovers_by_itself(
    house: House, cramped: Daemon, small_disk: SmallDisk
) -> None:
    mail = an_invoice("D-6", size=2_000_000)
    with client_of(cramped) as client:
        client.begin()
        client.write(mail[:400_000])
        until(lambda: parts(house) and parts(house)[0].stat().st_size > 0)
        small_disk.fill(leave=500_000)
        client.write(mail[400_000:])
        reply = client.dot()
        assert (reply.code, reply.text[:5]) == (452, "4.3.1")
        assert until(lambda: not parts(house))
        # What is under the floor is said before anybody sends anything.
        assert refused(cramped).startswith("452 4.3.1")
        small_disk.empty()
        assert client.send(mail).code == 250
    assert stored(house, "D-6") == 1


def test_a_disk_that_is_full_at_the_commit_is_a_later_and_the_connection_stays_usable(
    house: House, cramped: Daemon, small_disk: SmallDisk
) -> None:
    with client_of(cramped) as client:
        client.begin()
        client.write(an_invoice("D-7"))
        small_disk.fill(leave=0)
        reply = client.dot()
        assert reply.text[:5] in {"4.3.0", "4.3.1"}
        assert reply.code in {451, 452}
        assert "database" not in reply.text
        small_disk.empty()
        assert client.send(an_invoice("D-7")).code == 250
    assert stored(house, "D-7") == 1


def refused(daemon: Daemon) -> str:
    """What the door says to another mail."""
    return str(hand_in(daemon.port, an_invoice("D-8"), TEAM))


def test_mails_that_were_kept_and_not_decided_outlive_a_kill(house: House) -> None:
    house.write(configured(9, SHADOW, ("[smtpd]", '[smtpd]\nanswer = "kept"')))
    numbers = [f"D-9-{at}" for at in range(12)]
    with house.running() as daemon, client_of(daemon) as client:
        for number in numbers:
            assert client.send(an_invoice(number)).code == 250
        daemon.kill()
    with house.running():
        until(lambda: not house.status()["undecided"])
    assert sorted(one["number"] for one in house.documents()) == sorted(numbers)
