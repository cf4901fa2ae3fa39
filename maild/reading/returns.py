"""Mail about mail: is this a bounce, a receipt, an automatic reply, a complaint, and of what?

`classify` is the one question. It looks at the headers first, so that an ordinary mail costs next to
nothing. It does not know our deliveries; `maild.intake.returns` finds the one that is meant.
"""

from __future__ import annotations

import re
from dataclasses import replace
from email.message import Message
from typing import Final

from maild.model.returned import GOOD, Action, Report, Returned, Sort
from maild.reading import returns_other, returns_signs
from maild.reading.headers import addresses, header
from maild.reading.returns_codes import one_line
from maild.reading.returns_status import (
    ADDRESS,
    MAX_RECIPIENTS,
    bare,
    envelope_id,
    read_feedback,
    read_shown,
    read_status,
)
from maild.reading.returns_text import Context, action_of, read_words
from maild.reading.returns_view import View, head_of, view

_ID: Final = re.compile(r"<[^<>\s]{3,250}@?[^<>\s]{0,250}>")
_UNSUBSCRIBE: Final = re.compile(r"^\s*unsubscribe\s*$", re.IGNORECASE)
_DOCUMENTS: Final = {"application/pdf", "application/xml", "text/xml", "application/json"}
_HOTMAIL: Final = re.compile(r"complaint about message from ", re.IGNORECASE)
MAX_IDS: Final = 20
MAX_SAID: Final = 600  # characters of a report's first words, for a person


def classify(raw: bytes, *, null_sender: bool = False) -> Report | None:
    """What a mail about mail says; None for every other mail.

    `null_sender` tells that its envelope had no sender. Never raises, whatever the bytes are; reads
    at most the first half megabyte.
    """
    head = head_of(raw)
    sender = header(head, "from") or ""
    known = returns_other.inbox_of(sender) is not None
    subject = header(head, "subject") or ""
    asked = null_sender or known or _UNSUBSCRIBE.match(subject) or _HOTMAIL.match(subject)
    if not (asked or returns_signs.is_worth_reading(head)):
        return None
    seen = view(raw)
    found = (
        _complaint(seen)
        or _by_status(seen)
        or _shown(seen)
        or returns_other.read_notification(seen.words)
        or _receipt(seen, sender)
        or _in_words(seen, null_sender=null_sender)
    )
    return None if found is None else _completed(found, seen)


def _by_status(seen: View) -> Report | None:
    returned = read_status(seen.status, seen.words) if seen.status else []
    if not returned:
        return None
    good = all(one.action in GOOD for one in returned)
    sort = Sort.RECEIPT if good else Sort.BOUNCE
    return Report(sort, tuple(returned), envelope_id=envelope_id(seen.status))


def _complaint(seen: View) -> Report | None:
    if seen.feedback:
        returned = read_feedback(seen.feedback, _recipients(seen.returned))
        return Report(Sort.FEEDBACK, tuple(returned))
    subject = header(seen.head, "subject") or ""
    sender = addresses(header(seen.head, "from") or "")
    if _HOTMAIL.match(subject) and seen.returned is not None:
        named = addresses(header(seen.returned, "x-hmxmroriginalrecipient") or "")
        if named:
            return Report(Sort.FEEDBACK, (Returned(named[0], Action.COMPLAINED, None, "abuse"),))
    if _UNSUBSCRIBE.match(subject) and sender and returns_signs.is_auto_reply(seen.head):
        # Apple Mail's "unsubscribe" (RFC 2369): the reader does not want this mail.
        return Report(Sort.FEEDBACK, (Returned(sender[0], Action.COMPLAINED, None, "unsubscribe"),))
    return None


def _shown(seen: View) -> Report | None:
    returned, message_id = read_shown(seen.shown)
    if not seen.shown:
        return None
    ids = (message_id,) if message_id else ()
    return Report(Sort.RECEIPT, tuple(returned), message_ids=ids)


def _receipt(seen: View, sender: str) -> Report | None:
    if _brings_documents(seen):
        return None  # accounting software sends invoices too
    told = returns_other.read_receipt(sender, header(seen.head, "subject") or "", seen.words)
    if told is None:
        return None
    action, words = told
    # To whom it was sent is who answers, as far as the answer tells.
    address = next(iter(addresses(header(seen.head, "reply-to") or sender)), sender)
    return Report(Sort.RECEIPT, (Returned(address, action, None, words or None),))


def _in_words(seen: View, *, null_sender: bool) -> Report | None:
    """A report without a machine-readable part, or an automatic reply: who speaks decides."""
    head = seen.head
    daemon = returns_signs.is_daemon(head)
    automatic = returns_signs.is_auto_reply(head) or (
        returns_signs.seems_auto_reply(head) and not _brings_documents(seen)
    )
    subject = returns_signs.has_subject(head)
    if automatic and not (daemon or subject):
        return Report(Sort.AUTO_REPLY)
    null = null_sender or returns_signs.has_null_path(head)
    words = returns_signs.has_words(seen.words)
    named = head.get("x-failed-recipients") is not None
    back = seen.returned is not None
    sure = null or _is_report(seen) or (back and returns_signs.is_robot(head))
    if (daemon and (subject or words or named)) or (
        words and sure and (subject or (null and back))
    ):
        found = _failed(seen)
        if found is not None:
            return found
    return Report(Sort.AUTO_REPLY) if automatic else None


def _failed(seen: View) -> Report | None:
    head = seen.head
    subject = header(head, "subject") or ""
    returned = _recipients(seen.returned)
    context = Context(
        subject=subject,
        failed=header(head, "x-failed-recipients") or "",
        ours=frozenset(bare(one).lower() for one in _ours(head, seen.returned)),
        returned=returned,
    )
    found = read_words(seen.words, context)
    if not found:
        return None
    good = all(one.action in GOOD for one in found)
    return Report(Sort.RECEIPT if good else Sort.BOUNCE, tuple(found))


def _brings_documents(seen: View) -> bool:
    return bool(_DOCUMENTS & set(seen.types))


def _is_report(seen: View) -> bool:
    return seen.types[:1] == ["multipart/report"]


def _completed(found: Report, seen: View) -> Report:
    """The same, with what ties it to the mail that it is about."""
    head, returned = seen.head, seen.returned
    ids = list(found.message_ids)
    if returned is not None:
        ids += _ids(header(returned, "message-id"))
    for name in ("in-reply-to", "references", "x-original-message-id"):
        ids += _ids(header(head, name))
    ids += _ids(_named_id(seen.words))
    trace = header(returned, "x-maild-delivery") if returned is not None else None
    sender = addresses(header(head, "from") or "")
    return replace(
        found,
        message_ids=tuple(dict.fromkeys(ids))[:MAX_IDS],
        delivery=trace,
        sender=sender[0] if sender else None,
        subject=header(head, "subject") or "",
        words=one_line(seen.words, most=MAX_SAID),
    )


def _ids(text: str | None) -> list[str]:
    return _ID.findall(text or "")


def _named_id(words: str) -> str | None:
    found = re.search(r"(?im)^[ \t>]*(?:original-)?message-id *: *(\S+)", words)
    return found[1] if found else None


def _recipients(returned: Message | None) -> tuple[str, ...]:
    if returned is None:
        return ()
    named = [
        address
        for name in ("to", "x-original-to", "cc", "delivered-to", "x-envelope-to")
        for address in addresses(header(returned, name) or "")
    ]
    return tuple(dict.fromkeys(one for one in named if ADDRESS.fullmatch(one)))[:MAX_RECIPIENTS]


def _ours(head: Message, returned: Message | None) -> list[str]:
    """Addresses of the report itself and of who sent the mail: not those that failed."""
    names = ("from", "to", "reply-to", "sender", "return-path", "delivered-to")
    found = [one for name in names for one in addresses(header(head, name) or "")]
    if returned is not None:
        back = ("from", "return-path", "sender", "reply-to")
        found += [one for name in back for one in addresses(header(returned, name) or "")]
    return found


__all__ = ["Report", "action_of", "classify"]
