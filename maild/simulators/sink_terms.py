"""What the mail sink and its dialogues share: the steps, the faults, a mail as caught.

No connection is led here; `sink_dialogue` does that.
"""

from __future__ import annotations

import asyncio
import ssl
from collections import Counter
from dataclasses import dataclass, field
from typing import Protocol

LONGEST_COMMAND = 2048  # octets; RFC 5321 section 4.5.3.1.4 asks for 512, extensions add to it
LONGEST_LINE = 998  # octets without CRLF; RFC 5321 section 4.5.3.1.6
STEPS = (
    "CONNECT",
    "EHLO",
    "STARTTLS",
    "AUTH",
    "MAIL",
    "RCPT",
    "DATA",
    "BODY",
    "DOT",
    "RSET",
    "QUIT",
)


@dataclass(frozen=True, slots=True)
class Caught:
    """One mail as it came: the envelope, and the bytes with their stuffed dots removed."""

    sender: str
    recipients: tuple[str, ...]
    content: bytes = field(repr=False)
    session: int
    tls: bool


@dataclass(slots=True)
class Faults:
    """What goes wrong from now on; keys are steps of the dialogue (`STEPS`).

    `reply` answers a step with this line instead of doing it ("BODY": in the middle of the body,
    then it hangs up); `drop` hangs up without an answer (at "DOT" the mail is kept first); `delay`
    waits so many seconds before the answer (the mail is kept before the wait).
    """

    reply: dict[str, str] = field(default_factory=dict)
    drop: set[str] = field(default_factory=set)
    delay: dict[str, float] = field(default_factory=dict)
    greylist: bool = False  # 451 to the first sight of each sender and recipient


class Sink(Protocol):
    """What a dialogue needs of the sink."""

    faults: Faults
    steps: Counter[str]
    transports: set[asyncio.Transport]  # of the connections that are open
    seen: set[tuple[str, str]]
    count: int
    max_size: int | None
    tls: ssl.SSLContext | None
    users: dict[str, str] | None
    extensions: tuple[str, ...]

    def saw(self, step: str) -> None:
        """Count a step of a dialogue and wake who waits for it."""

    def catch(self, mail: Caught) -> None:
        """Keep a mail."""


def read_path(rest: str, prefix: str) -> tuple[str | None, list[str]]:
    """The address and the parameters of MAIL or RCPT; None where it is not written as it must be."""
    if not rest.upper().startswith(f"{prefix}<"):
        return None, []
    address, closed, parameters = rest[len(prefix) + 1 :].rpartition(">")
    return (address, parameters.upper().split()) if closed else (None, [])


def fault_of(content: bytes) -> str | None:
    """What is wrong with the lines of a mail, or None."""
    ends = content.count(b"\r\n")
    if content.count(b"\n") != ends or content.count(b"\r") != ends:
        return "a line ends with CR or LF alone"
    if max(map(len, content.split(b"\r\n"))) > LONGEST_LINE:
        return f"a line is longer than {LONGEST_LINE} octets"
    return "there is a NUL" if b"\0" in content else None
