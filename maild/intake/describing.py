"""A document in a few words, and the words of one whose number came before."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from maild.model.delivery import Delivery, HoldCode, State
from maild.model.document import Document

STRANGER: Final = "sender.unknown"  # the event of a document that somebody unknown sent
REVIEW: Final = 'decide with "maild review confirm" or "maild review reject"'


def describe(document: Document) -> str:
    """A document in a few words: "invoice 2026-001 (d-...)"."""
    return " ".join(
        filter(None, (document.kind.value.replace("_", " "), document.number, f"({document.id})"))
    )


def held_for_review(delivery: Delivery, earlier: Document) -> Delivery:
    """The same, held since its number came before with other content."""
    if delivery.state is State.CANCELLED:
        return delivery
    reason = f"the number came before with other content, as {describe(earlier)}; {REVIEW}"
    return replace(delivery, state=State.HELD, reason=reason, hold_code=HoldCode.REVIEW)
