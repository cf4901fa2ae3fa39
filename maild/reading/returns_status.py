"""Machine-readable reports: delivery status (RFC 3464, RFC 6533), feedback (RFC 5965), MDN (RFC 8098).

Blocks of fields become what happened to each recipient. What people read is `returns_text`'s business,
except that it may know a better code than the block gives.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from maild.model.returned import Action, Returned
from maild.reading.returns_codes import LONGEST, better, is_vague, one_line, status_in

MAX_RECIPIENTS: Final = 1_000

ADDRESS: Final = re.compile(
    r"[^\s<>()\[\]{}\",;:|@\\]{1,64}@[A-Za-z0-9\u0080-\uffff](?:[A-Za-z0-9._\u0080-\uffff-]{0,252}"
    r"[A-Za-z0-9\u0080-\uffff])?"
)
_ESCAPED: Final = re.compile(r"\\x\{([0-9A-Fa-f]{2,6})\}")  # RFC 6533 section 3
_XTEXT: Final = re.compile(r"\+([0-9A-F]{2})")  # RFC 3461 section 4
_STATUS: Final = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")
_ACTIONS: Final = {one.value: one for one in Action} | {
    "failure": Action.FAILED,
    "fail": Action.FAILED,
    "undeliverable": Action.FAILED,
    "expired": Action.FAILED,
    "delay": Action.DELAYED,
    "deliverable": Action.DELIVERED,
    "delivery": Action.DELIVERED,
}
_BY_CLASS: Final = {"2": Action.DELIVERED, "4": Action.DELAYED, "5": Action.FAILED}
_REMOVABLE: Final = ("original-rcpt-to", "removal-recipient", "original-recipient")


def read_status(blocks: Sequence[dict[str, str]], words: str) -> list[Returned]:
    """What the per-recipient blocks of a delivery status say, each recipient once."""
    found: dict[str, Returned] = {}
    mine = [one for one in blocks if _is_of_recipient(one)][:MAX_RECIPIENTS]
    for block in mine:
        one = _recipient(block, words, alone=len(mine) == 1)
        if one is not None:
            found.setdefault(one.recipient.lower(), one)
    return list(found.values())


def envelope_id(blocks: Iterable[dict[str, str]]) -> str | None:
    """The ENVID that the report repeats; servers spell its name in different cases."""
    for block in blocks:
        if block.get("original-envelope-id"):
            return _xtext_decoded(block["original-envelope-id"].strip())
    return None


def read_feedback(blocks: Sequence[dict[str, str]], returned: Sequence[str]) -> list[Returned]:
    """Who complained: the fields of the report, else the recipients of the returned mail."""
    named = [
        address
        for block in blocks
        for name in _REMOVABLE
        for address in ADDRESS.findall(block.get(name, ""))
    ]
    kind = next((one["feedback-type"] for one in blocks if one.get("feedback-type")), None)
    unique = list(dict.fromkeys(one.lower() for one in named or returned))
    shown = {one.lower(): one for one in reversed([*named, *returned])}
    return [Returned(shown[one], Action.COMPLAINED, None, kind) for one in unique[:MAX_RECIPIENTS]]


def read_shown(blocks: Sequence[dict[str, str]]) -> tuple[list[Returned], str | None]:
    """What a disposition notification says, and the Message-ID that it names.

    "displayed" is a receipt; "deleted" without display, "denied" and "failed" say nothing of the delivery.
    """
    found: list[Returned] = []
    message_id = None
    for block in blocks:
        message_id = message_id or block.get("original-message-id")
        address = _address(block.get("final-recipient", ""))
        disposition = block.get("disposition", "")
        if address and disposition:
            kind = disposition.partition(";")[2].strip().lower()
            shown = kind.startswith(("displayed", "processed", "dispatched"))
            action = Action.DISPLAYED if shown else Action.REPLIED
            original = _address(block.get("original-recipient", ""))
            found.append(Returned(address, action, None, one_line(disposition), original))
    return found, message_id


def bare(address: str) -> str:
    """An address as it is compared: its domain in lower case."""
    local, at, domain = address.strip().rpartition("@")
    return f"{local}{at}{domain.lower()}"


def _is_of_recipient(block: dict[str, str]) -> bool:
    return "final-recipient" in block or (
        "original-recipient" in block and ("action" in block or "status" in block)
    )


def _recipient(block: dict[str, str], words: str, *, alone: bool) -> Returned | None:
    final = _address(block.get("final-recipient", ""))
    original = _address(block.get("original-recipient", ""))
    actual = _address(block.get("x-actual-recipient", ""))
    if final and original and "." not in final.rpartition("@")[2]:
        final, original = original, None  # the name of a mailbox inside somebody's own system
    address = next((one for one in (final, original, actual) if one), None)
    if address is None:
        return None
    diagnostic = _diagnostic(block)
    status = _status(block.get("status", ""))
    said = _said_of(address, words) if status is None or is_vague(status) else ""
    # What the other server said tells more than what the reporting one made of it ("expired").
    told = status_in(diagnostic, like=status or "")
    if told is not None and not is_vague(told):
        status = told
    return Returned(
        recipient=address,
        action=_action(block.get("action", ""), status or status_in(diagnostic)),
        status=better(status, diagnostic, said, words if alone else ""),
        diagnostic=one_line(diagnostic or said) or None,
        original=original if original and bare(original) != bare(address) else None,
    )


def _action(text: str, status: str | None) -> Action:
    word = re.split(r"[^a-z]", text.strip().lower(), maxsplit=1)[0]
    known = _ACTIONS.get(word)
    if known is not None:
        return known
    return _BY_CLASS.get((status or "5")[0], Action.FAILED)


def _status(text: str) -> str | None:
    found = _STATUS.search(text)
    return f"{found[1]}.{int(found[2])}.{int(found[3])}" if found else None


def _diagnostic(block: dict[str, str]) -> str:
    text = block.get("diagnostic-code", "")
    kind, semicolon, rest = text.partition(";")
    return rest.strip() if semicolon and " " not in kind.strip() else text.strip()


def _said_of(address: str, words: str) -> str:
    """What the readable part says after an address: OpenSMTPD and Exim tell the reply only there."""
    at = 0
    while (at := words.find(address, at)) >= 0:
        at += len(address)
        first, *lines = words[at : at + 4 * LONGEST].split("\n")[:8]
        following = [first]
        for one in lines:
            other = ADDRESS.match(one.strip(" <")) and not one.startswith("    ")
            if not one.strip() or other:
                break
            following.append(one)
        said = " ".join(following).strip(" :<>")
        if said:
            return said
    return ""


def _address(value: str) -> str | None:
    """The address in "rfc822; <a@b>", with the escapes of RFC 6533 undone; None when it holds none."""
    kind, semicolon, rest = value.partition(";")
    text = rest if semicolon else kind
    text = _ESCAPED.sub(lambda one: _character(one[1]), text)
    if "@" not in text and "+40" in text:
        text = _xtext_decoded(text)
    text = text.strip().strip("<>").strip()
    quoted = re.fullmatch(r'("(?:[^"\\]|\\.)*"@\S+)', text)
    if quoted:
        return quoted[1]
    found = ADDRESS.search(text)
    return found[0].strip(".'") if found else None


def _character(digits: str) -> str:
    number = int(digits, 16)
    return chr(number) if number <= 0x10FFFF else "\ufffd"


def _xtext_decoded(text: str) -> str:
    return _XTEXT.sub(lambda one: chr(int(one[1], 16)), text)
