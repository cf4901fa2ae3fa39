"""What a mail server's reply means for a delivery. Pure: no connection is made here."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta

from maild.errors import Cause, Deferred, DeliveryError, Refused, Unavailable

LONGEST_TEXT = 500  # characters of a reply that are kept; the rest tells nobody anything
LONGEST_WISH = timedelta(hours=4)  # no server may ask for a longer pause than our own longest
EXPECTED = {"DATA": 3}  # the first digit of a good reply, where it is not 2

# "Greylisted, try again in 300 seconds", "... please retry after 5 min" (Postgrey, rspamd, milters).
_WISH = re.compile(
    r"\b(?:in|after)\s+(\d{1,5})\s*(s|secs?|seconds?|m|mins?|minutes?)\b", re.IGNORECASE
)
# Exchange Online takes the mail and then says that the account may not send as this address: its
# names for that, since 5.2.252 and 5.7.60 stand for other things elsewhere.
_FOREIGN_SENDER = re.compile(
    r"\bSendAsDenied\b|does not have permissions to send as this sender", re.IGNORECASE
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


@dataclass(frozen=True, slots=True)
class Reply:
    """A code, and the text of all lines as one."""

    code: int
    text: str

    def __str__(self) -> str:
        return f"{self.code} {self.text}".rstrip()


def read_reply(lines: list[bytes]) -> Reply:
    """The reply that these lines make (without line ends).

    Raises ValueError when the last one does not begin with a code. RFC 5321 section 4.2.
    """
    code = lines[-1][:3]
    if not (code.isdigit() and len(code) == 3 and code[:1] in b"2345"):
        raise ValueError(f"{lines[-1][:80]!r} is no SMTP reply")
    words = " ".join([line[4:].decode("utf-8", "replace").strip() for line in lines])
    return Reply(int(code), _CONTROL.sub(" ", words)[:LONGEST_TEXT].strip())


def is_good(step: str, reply: Reply) -> bool:
    """Whether the dialogue may go on after this reply to a step ("MAIL", "RCPT", "DATA", "DOT")."""
    return reply.code // 100 == EXPECTED.get(step, 2)


def fault_of(step: str, reply: Reply) -> DeliveryError:
    """The fault that a bad reply to a step is. Source: mail.md 6.4.

    The connector rests (Unavailable) where the reply is about us and not about this mail: the
    server closes (421), wants a login (530, 535), or refuses our sender by policy (5.7.x at MAIL).
    So it does where the server may not send as the team, which some say after the body only.
    A reply that belongs to no answer of that step (250 to DATA) says nothing final: Deferred.
    """
    said = str(reply)
    if cause := _about_us(step, reply):
        return Unavailable(said, retry_after=wish_of(reply), cause=cause)
    if reply.code // 100 == 5:
        return Refused(said)
    return Deferred(said, retry_after=wish_of(reply))


def wish_of(reply: Reply) -> timedelta | None:
    """How long the server asks us to wait, if its text says so."""
    found = _WISH.search(reply.text)
    if not found:
        return None
    number, unit = int(found[1]), found[2].lower()
    return min(timedelta(seconds=number * (1 if unit.startswith("s") else 60)), LONGEST_WISH)


def _about_us(step: str, reply: Reply) -> Cause | None:
    """Why the server takes nothing of ours at all; None where it speaks of this mail."""
    if reply.code == 530 and "STARTTLS" in reply.text.upper():  # RFC 3207 section 4
        return "tls"
    if reply.code in {530, 535}:
        return "login"
    if (step == "MAIL" and _is_policy(reply)) or _FOREIGN_SENDER.search(reply.text):
        return "policy"
    return "network" if reply.code in {421, 454} else None


def _is_policy(reply: Reply) -> bool:
    # RFC 3463 section 3.8: x.7.y is security and policy.
    return reply.code // 100 == 5 and reply.text.startswith("5.7.")
