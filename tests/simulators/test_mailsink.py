"""The mail sink itself: strict where a real server is, and whole in what it keeps."""

from __future__ import annotations

import json
import smtplib
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

Started = tuple[int, Path]


@pytest.fixture
def started(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Started]:
    """The sink as a command that keeps its mails in a folder; parametrise with more arguments."""
    more: list[str] = getattr(request, "param", [])
    folder = tmp_path / "mails"
    command = [sys.executable, "-m", "maild.simulators.mailsink", "--folder", str(folder), *more]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        listen = json.loads(process.stdout.readline())["listen"]
        yield int(listen.rpartition(":")[2]), folder
        process.terminate()
        assert process.wait() == 0


def test_a_mail_is_kept_as_a_file_with_its_envelope_beside_it(started: Started) -> None:
    port, folder = started
    with smtplib.SMTP("127.0.0.1", port) as client:
        client.sendmail("a@b.example", ["C.d@E.example"], b"Subject: x\r\n\r\n.dot\r\n")
    assert (folder / "000001.eml").read_bytes() == b"Subject: x\r\n\r\n.dot\r\n"
    envelope = json.loads((folder / "000001.json").read_text())
    assert envelope == {"sender": "a@b.example", "recipients": ["C.d@E.example"], "tls": False}


@pytest.mark.parametrize(
    ("body", "reply"),
    [
        (b"a\nb\r\n", "550 5.6.0 a line ends with CR or LF alone"),
        (b"a\rb\r\n", "550 5.6.0 a line ends with CR or LF alone"),
        (b"x" * 999 + b"\r\n", "550 5.6.0 a line is longer than 998 octets"),
        (b"a\0b\r\n", "550 5.6.0 there is a NUL"),
        (b"x" * 998 + b"\r\n", "250 2.0.0 kept as 1"),
        # The ways to end a mail that are none (mail.md 3.1): the rest stays a part of the body.
        (b"a\n.\r\nb\r\n", "550 5.6.0 a line ends with CR or LF alone"),
        (b"a\r\n.\nb\r\n", "550 5.6.0 a line ends with CR or LF alone"),
        (b"a\r\n.\rb\r\n", "550 5.6.0 a line ends with CR or LF alone"),
    ],
)
def test_what_a_strict_server_refuses_is_refused(started: Started, body: bytes, reply: str) -> None:
    said = _talk(
        started[0],
        b"EHLO me\r\nMAIL FROM:<>\r\nRCPT TO:<a@b>\r\nDATA\r\n" + body + b".\r\nQUIT\r\n",
    )
    assert said[-2:] == [reply, "221 2.0.0 bye"]


def test_a_command_that_ends_with_lf_alone_ends_the_dialogue(started: Started) -> None:
    assert _talk(started[0], b"EHLO me\nMAIL FROM:<>\r\n")[-1].startswith("500 5.5.2")


@pytest.mark.parametrize("started", [["--greylist"]], indirect=True)
def test_a_greylist_lets_the_second_try_through(started: Started) -> None:
    ask = b"EHLO me\r\nMAIL FROM:<>\r\nRCPT TO:<a@b>\r\nQUIT\r\n"
    assert _talk(started[0], ask)[-2] == "451 4.7.1 greylisted, come back"
    assert _talk(started[0], ask)[-2] == "250 2.1.5 ok"


@pytest.mark.parametrize(
    "started", [["--reply", "MAIL=451 4.3.0 no", "--drop", "RSET"]], indirect=True
)
def test_faults_are_switched_on_from_the_command_line(started: Started) -> None:
    said = _talk(started[0], b"EHLO me\r\nMAIL FROM:<>\r\nRSET\r\nNOOP\r\n")
    assert said[-1] == "451 4.3.0 no"


@pytest.mark.parametrize("started", [["--max-size", "100"]], indirect=True)
@pytest.mark.parametrize("size", [200, 3_000_000])
def test_a_mail_over_the_limit_is_read_and_refused(started: Started, size: int) -> None:
    begin = b"EHLO me\r\nMAIL FROM:<>\r\nRCPT TO:<a@b>\r\nDATA\r\n"
    said = _talk(started[0], begin + b"x\r\n" * (size // 3) + b".\r\nQUIT\r\n")
    assert said[-2:] == ["552 5.3.4 message too large", "221 2.0.0 bye"]


def _talk(port: int, text: bytes) -> list[str]:
    """Every line that the sink answers to one packet."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as client:
        client.sendall(text)
        said = b""
        while piece := client.recv(65536):
            said += piece
    return said.decode().splitlines()
