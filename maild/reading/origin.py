"""Who sent a mail and what kind of sender that is, from its headers alone.

It tells what the mail says of itself. Whether that is to be believed is for `maild.reading.vouching`
and the team's own lists.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.message import Message
from email.parser import BytesHeaderParser
from email.policy import compat32
from typing import Final

from maild.reading.headers import MAX_VALUE, addresses, decoded_words, header

MAX_VERDICTS: Final = 10
_LISTS: Final = ("list-id", "list-unsubscribe", "list-post", "mailing-list", "x-mailing-list")
_MASS: Final = frozenset({"list", "bulk", "junk"})
_ROBOT: Final = re.compile(
    r"no[-_.]?reply|do[-_.]?not[-_.]?reply|ne[-_.]?pas[-_.]?repondre|niet[-_.]?beantwoorden"
    r"|mailer-daemon|postmaster|bounces?|daemon|listserv|majordomo|.*-(?:request|owner|bounces)"
    r"|owner-.*|notifications?|abuse",
    re.IGNORECASE,
)
_LANGUAGE: Final = re.compile(r"\s*([a-z]{2})\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Origin:
    """What the headers say of a sender.

    `sender` is the one address in From, None when there is none or more than one. `silent` says why
    nobody is to be answered, or is None (RFC 3834 section 2). `verdicts` are the values of
    Authentication-Results, the topmost first.
    """

    sender: str | None
    message_id: str | None
    mass: bool = False  # a newsletter, a mailing list
    silent: str | None = None
    language: str | None = None  # two letters
    verdicts: tuple[str, ...] = ()

    @property
    def domain(self) -> str:
        """The domain of the sender, or nothing."""
        return (self.sender or "").rpartition("@")[2].lower()


def read_origin(block: bytes) -> Origin:
    """Read the headers at the beginning of a mail. Never raises; what cannot be read is silent."""
    try:
        head: Message = BytesHeaderParser(policy=compat32).parsebytes(block)
    except Exception:  # noqa: BLE001 - the parser promises nothing
        return Origin(None, None, silent="its headers cannot be read")
    found = addresses(header(head, "from") or "")
    sender = found[0] if len(found) == 1 else None
    return Origin(
        sender=sender,
        message_id=header(head, "message-id"),
        mass=_is_mass(head),
        silent=_silent(head, sender),
        language=_language(head),
        verdicts=_verdicts(head),
    )


def _is_mass(head: Message) -> bool:
    precedence = (header(head, "precedence") or "").lower()
    return precedence in _MASS or any(head.get(name) is not None for name in _LISTS)


def _silent(head: Message, sender: str | None) -> str | None:
    """Why a program must not answer this mail, if it must not."""
    if sender is None:
        return "it names no sender, or several"
    if _ROBOT.fullmatch(sender.rpartition("@")[0]):
        return "nobody reads what is sent to its sender"
    automatic = (header(head, "auto-submitted") or "no").lower()
    if automatic.partition(";")[0].strip() != "no":
        return "a program sent it"
    if _is_mass(head):
        return "it went to a list"
    path = (header(head, "return-path") or "").strip()
    if path == "<>":
        return "it came without a sender on its envelope"
    suppress = (header(head, "x-auto-response-suppress") or "").lower()
    if suppress and re.search(r"\b(?:all|autoreply)\b", suppress):
        return "its sender wants no automatic replies"
    if head.get("x-loop") is not None or head.get("x-maild-delivery") is not None:
        return "it may go round in a circle"
    return None


def _language(head: Message) -> str | None:
    for name in ("content-language", "accept-language"):
        found = _LANGUAGE.match(header(head, name) or "")
        if found:
            return found[1].lower()
    return None


def _verdicts(head: Message) -> tuple[str, ...]:
    values = [
        decoded_words(str(value)[:MAX_VALUE])
        for name, value in head.raw_items()
        if name.lower() == "authentication-results"
    ]
    return tuple(re.sub(r"[\r\n]+", " ", one) for one in values[:MAX_VERDICTS])
