"""Codes in what servers say: enhanced status codes (RFC 3463) and SMTP replies (RFC 5321). Pure."""

from __future__ import annotations

import re
from typing import Final

LONGEST: Final = 1_000  # characters of a server's words that are kept

# Not inside an address of the net ("192.0.2.5.1") or a version ("4.5.6-p2"): RFC 3463 section 2.
_STATUS: Final = re.compile(r"(?<![\w.-])([245])\.(\d{1,3})\.(\d{1,3})(?![\w.]*\.\w)(?!\d)")
_REPLIED: Final = re.compile(r"(?<=[245]\d\d)[ -][\'\"#(]{0,2}[245]\.\d{1,3}\.\d{1,3}\b")
_REPLY: Final = re.compile(r"(?<![\w.:/@=-])([245][0-5]\d)(?=[ \t:;#-]|$)", re.MULTILINE)


def statuses(text: str) -> list[str]:
    """The enhanced status codes in a text, in their order."""
    return [f"{one[1]}.{int(one[2])}.{int(one[3])}" for one in _STATUS.finditer(text[:20_000])]


def status_in(text: str, *, like: str = "") -> str | None:
    """The most telling code of a text: the first that is not x.0.0, of the class of `like` if given."""
    # Right after a reply ("421 4.4.2") it is a server's own word, not a summary of it.
    replied = [one[0] for one in _REPLIED.finditer(text[:20_000])]
    found = [one for one in (*statuses("\n".join(replied)), *statuses(text)) if _fits(one, like)]
    return next((one for one in found if not is_vague(one)), found[0] if found else None)


def _fits(status: str, like: str) -> bool:
    return not like or status[0] == like[0]


def is_vague(status: str) -> bool:
    """Whether it tells no more than success, later or never: x.0.0."""
    return status.endswith(".0.0")


def reply_in(text: str) -> str | None:
    """The first SMTP reply code in a text, such as "550"."""
    found = _REPLY.search(text[:20_000])
    return found[1] if found else None


def better(status: str | None, *texts: str) -> str | None:
    """A status, or where it is vague a more telling one of its class from the first text that has one."""
    if status is not None and not is_vague(status):
        return status
    for text in texts:
        found = status_in(text, like=status or "")
        if found is not None and not is_vague(found):
            return found
    return status or next(filter(None, (status_in(text) for text in texts)), None)


def one_line(text: str, *, most: int = LONGEST) -> str:
    """A text in one line, without control characters and bounded."""
    kept = "".join(one if one.isprintable() else " " for one in text[: 4 * most])
    return " ".join(kept.split())[:most]
