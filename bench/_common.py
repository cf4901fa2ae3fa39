"""What the benchmarks share: a line of the result, a daemon, a sink, a quick client. No benchmark.

The underscore keeps it out of `make bench`, which runs every other file of this folder.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from maild.simulators.mailsink import LOOPBACK
from tests.builders_bill import a_line
from tests.servers.instance import SEARCH_PATH
from tests.servers.smtp_sink import SmtpSink
from tests.spine import papers
from tests.spine.house import configured

SENDER, TEAM = "facturen@acme.example", "acme@post.example"
PATIENCE = 120.0


def say(
    name: str, value: float, *, unit: str, peer: str, peer_value: float | None, **facts: object
) -> None:
    """Print one figure beside its peer; `ratio` is value over peer."""
    ratio = round(value / peer_value, 2) if peer_value else None
    known = {"bench": name, "value": round(value, 3), "unit": unit, "peer": peer}
    known |= {"peer_value": round(peer_value, 3) if peer_value else None, "ratio": ratio}
    print(json.dumps(known | facts), flush=True)


@dataclass(frozen=True, slots=True)
class Started:
    """A daemon that runs: its process, where its door is, how long it took to be ready."""

    process: subprocess.Popen[str]
    port: int
    took: float


@contextlib.contextmanager
def a_daemon(
    folder: Path, relay: int, *changes: tuple[str, str], more: str = ""
) -> Iterator[Started]:
    """`maild run` with the first configuration, in a new folder, until the block ends."""
    folder.mkdir(parents=True)
    config = folder / "maild.toml"
    config.write_text(configured(relay, *changes, more=more))
    # As an installed maild: its modules are compiled once, not at every start.
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    began = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, "-m", "maild", "run", "--config", str(config)],
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    ) as process:
        assert process.stderr is not None
        try:
            for line in process.stderr:
                event = json.loads(line) if line.startswith("{") else {}
                if event.get("event") == "daemon.ready":
                    break
            else:
                raise SystemExit(f"the daemon did not start; see {config}")
            took = time.perf_counter() - began
            # Its log is read on, so that a full pipe never stops it.
            reading = threading.Thread(target=process.stderr.read)
            reading.start()
            yield Started(process, int(event["smtpd"][0].rpartition(":")[2]), took)
            process.terminate()
            reading.join()
        finally:
            process.terminate()


@contextlib.contextmanager
def a_sink(folder: Path | None = None) -> Iterator[int]:
    """The mail sink in a process of its own, which may keep each mail as a file; gives its port."""
    command = [sys.executable, "-m", "maild.simulators.mailsink"]
    command += ["--folder", str(folder)] if folder else []
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        listen = json.loads(process.stdout.readline())["listen"]
        try:
            yield int(listen.rpartition(":")[2])
        finally:
            process.terminate()


@dataclass(frozen=True, slots=True)
class Sink:
    """Where mails end: the port, and the folder where each is a file of that pattern."""

    port: int
    folder: Path
    pattern: str

    def has(self, count: int) -> bool:
        """Whether so many mails are here, whole to the last boundary; cheap until they are many enough."""
        files = list(self.folder.glob(self.pattern))
        return len(files) >= count and all(map(_is_whole, files))

    def message_ids(self) -> list[bytes]:
        """The Message-ID of each mail."""
        heads = (file.read_bytes()[:4000] for file in self.folder.glob(self.pattern))
        return [head.partition(b"Message-ID: ")[2].split(b"\n", 1)[0].strip() for head in heads]


def _is_whole(file: Path) -> bool:
    with file.open("rb") as mail:
        mail.seek(-min(8, mail.seek(0, os.SEEK_END)), os.SEEK_CUR)
        return mail.read().rstrip().endswith(b"--")


@contextlib.contextmanager
def a_cheap_sink(folder: Path) -> Iterator[Sink]:
    """A sink that keeps every mail and takes little of the processors: it is not what is measured.

    Postfix's smtp-sink, which is written in C, where it can run; else our own, under `folder`.
    """
    if os.geteuid() != 0 or shutil.which("smtp-sink", path=SEARCH_PATH) is None:
        with a_sink(folder) as port:
            yield Sink(port, folder, "*.eml")
        return
    sink = SmtpSink()
    sink.start()
    try:
        yield Sink(sink.port, sink.kept, "mail.*")
    finally:
        sink.remove()


def an_invoice(number: str, *, lines: int = 1) -> bytes:
    """A UBL invoice of the team with so many lines."""
    return papers.invoice(number, lines=tuple(a_line(str(at + 1)) for at in range(lines)))


class Mails:
    """Mails that differ in one number only and are made by replacing it, which costs nothing.

    Each holds an invoice as UBL, and where asked for a PDF of its own of about so many bytes on the
    wire; no two invoices and no two PDFs are alike.
    """

    _NUMBER = "N000000000"

    def __init__(self, *, lines: int = 1, pdf_size: int = 0) -> None:
        boundary = "=_bench"
        head = (
            f"From: {SENDER}\r\nTo: {TEAM}\r\nSubject: Factuur {self._NUMBER}\r\n"
            f"Message-ID: <{self._NUMBER}@bench.example>\r\nMIME-Version: 1.0\r\n"
            f'Content-Type: multipart/mixed; boundary="{boundary}"\r\n\r\n'
        )
        ubl = an_invoice(self._NUMBER, lines=lines).replace(b"\n", b"\r\n")
        parts = [b'Content-Type: application/xml; name="f.xml"\r\n\r\n' + ubl]
        if pdf_size:
            line = b"0123456789ABCDEF" * 4 + b"\r\n"
            # "%PDF-1.7" and the number, both as base64.
            start = b"JVBERi0xLjcKJSUl" + self._NUMBER.encode() + b"AA\r\n"
            head_of_part = (
                b'Content-Type: application/pdf; name="f.pdf"\r\n'
                b"Content-Transfer-Encoding: base64\r\n\r\n"
            )
            parts.append(head_of_part + start + line * (pdf_size // len(line)))
        edge = f"--{boundary}".encode()
        body = b"".join(edge + b"\r\n" + part + b"\r\n" for part in parts)
        self._template = head.encode() + body + edge + b"--\r\n"
        self._made = 0

    def more(self, count: int) -> list[bytes]:
        """So many new ones."""
        first, self._made = self._made + 1, self._made + count
        number = self._NUMBER.encode()
        return [self._template.replace(number, b"N%09d" % at) for at in range(first, first + count)]


def post_all(port: int, mails: Sequence[bytes], *, at_once: int) -> float:
    """Send every mail over `at_once` connections that are kept; the seconds until the last 250."""
    shares = [mails[at::at_once] for at in range(at_once)]
    failures: list[BaseException] = []

    def work(share: Sequence[bytes]) -> None:
        try:
            _post_share(port, share)
        except BaseException as fault:  # noqa: BLE001 - told by the thread that waits
            failures.append(fault)

    threads = [threading.Thread(target=work, args=(share,)) for share in shares if share]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.perf_counter() - began
    if failures:
        raise failures[0]
    return took


def _post_share(port: int, mails: Sequence[bytes]) -> None:
    """One connection; MAIL, RCPT and DATA go in one packet (RFC 2920), as good clients do."""
    envelope = f"MAIL FROM:<{SENDER}>\r\nRCPT TO:<{TEAM}>\r\nDATA\r\n".encode()
    with socket.create_connection((LOOPBACK, port), timeout=PATIENCE) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        replies = sock.makefile("rb")
        _expect(replies, b"220")
        sock.sendall(b"EHLO bench.example\r\n")
        _expect(replies, b"250")
        for mail in mails:
            sock.sendall(envelope)
            for code in (b"250", b"250", b"354"):
                _expect(replies, code)
            sock.sendall(mail + b".\r\n")
            _expect(replies, b"250")


def _expect(replies: object, code: bytes) -> None:
    line = replies.readline()  # type: ignore[attr-defined]  # BufferedReader of a socket
    while line[3:4] == b"-":
        line = replies.readline()  # type: ignore[attr-defined]  # the same
    assert line.startswith(code), line
