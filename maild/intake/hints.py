"""What a subject and a file name tell of a PDF that nobody reads: a number and a name, no figures.

These are hints for lists and letters. They are never checked against the PDF here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

_WORDS = (
    r"invoice|factuur|facture|rechnung|bill|credit[ -]?note|credit[ -]?nota|creditnota"
    r"|note de cr[eé]dit|avoir|gutschrift|quote|quotation|offerte|devis|angebot"
)
_NUMBER = r"[A-Za-z]{0,8}[-_/.]?\d[\w/.-]{0,30}"
_LABELLED: Final = re.compile(
    rf"(?i)\b(?:{_WORDS})\w*[\s_:.-]*(?:n[ro°]\.?|num(?:mer|ber|[eé]ro)|#)?[\s_:.#-]*({_NUMBER})"
)
_LONE: Final = re.compile(rf"(?<![\w/.-])({_NUMBER})(?![\w/-])")
# "van", "von", "de": who sent it; "voor", "pour", "für": who gets it.
_FROM: Final = re.compile(r"(?i)\b(?:from|van|von|de la part de|door)\s+([^\W\d_][^,;:()|]{1,80})")
_FOR: Final = re.compile(r"(?i)\b(?:for|voor|pour|für|aan)\s+([^\W\d_][^,;:()|]{1,80})")
_DATE: Final = re.compile(
    r"(?:19|20)\d\d[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.](?:19|20)\d\d"
)


@dataclass(frozen=True, slots=True)
class Hints:
    """A document number and the name of the other side, where they could be seen."""

    number: str | None = None
    counterparty: str | None = None


def hints(subject: str | None, stem: str, *, purchase: bool) -> Hints:
    """Hints from a subject and a file name without its extension; the file name's number comes first.

    A label ("factuur 2026-014") wins over a number that stands alone, and a date is no number.
    """
    texts = [_readable(stem), _readable(subject or "")]
    number = _first(_LABELLED, texts) or _first(_LONE, texts)
    name = _first(_FROM if purchase else _FOR, texts[::-1])
    return Hints(number=number, counterparty=_cut(name) if name else None)


def _readable(text: str) -> str:
    return _DATE.sub(" ", text.replace("_", " "))[:300]


def _first(pattern: re.Pattern[str], texts: Sequence[str]) -> str | None:
    for text in texts:
        match = pattern.search(text)
        if match:
            return match[1].strip(" ./-") or None
    return None


def _cut(name: str) -> str:
    """The name up to a dash or a number, where the next thing begins."""
    return re.split(r"\s[-–]\s|\s\d", name)[0].strip(" .-")
