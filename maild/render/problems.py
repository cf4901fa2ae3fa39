"""What is wrong with a document and why it waits, in the language of the reader, by its code.

Where the case decides (which rule, which byte), the English sentence of the log stands with it: the
sender hands it on to whoever made the file. The codes are given where the problems are found.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from maild.errors import Problem
from maild.model.delivery import HoldCode
from maild.render.fields import clean
from maild.render.said import Told, plain, said_in
from maild.render.templates import fill, phrases
from maild.render.told import QUOTES
from maild.rules.book import TAGS

_LONGEST_WHERE: Final = 120
_LONGEST: Final = 300
# Codes that say the same to a sender; the first that the code begins with.
_ALIKE: Final = (
    ("encrypted", "encrypted"),
    ("json.", "json"),
    ("damaged_archive", "unreadable_archive"),
    ("unreadable_archive", "unreadable_archive"),
    ("archive_bomb", "unreadable_archive"),
    ("unreadable", "unreadable"),
    ("parked", "unreadable"),
    ("shape", "rule"),
    ("incomplete", "rule"),
)


def problem_in(problem: Problem, language: str) -> str:
    """Where it is, and what is wrong in one or two sentences; one line of clean text."""
    said = phrases(language)["problem"]
    fields = {
        "said": clean(problem.message, longest=_LONGEST),
        "tags": ", ".join(f"+{tag}" for tag in TAGS),
    }
    words = fill(said[key_of(problem.code, known=said)], fields)
    where = clean(problem.where, longest=_LONGEST_WHERE)
    return f"{where}: {words}" if where else words


def problem_told(problem: Problem, language: str) -> Told:
    """The same for a page, which shows beside our words what the log says in English."""
    sentences = phrases(language)["problem"]
    sentence = sentences[key_of(problem.code, known=sentences)]
    bare = QUOTES.sub("", sentence)
    if language == "en" or bare == sentence:
        return Told(problem_in(problem, language))
    where = clean(problem.where, longest=_LONGEST_WHERE)
    said = clean(problem.message, longest=_LONGEST)
    return Told(f"{where}: {bare}" if where else bare, said)


def hold_in(code: HoldCode | None, reason: str, language: str) -> str:
    """Why a delivery or a document waits; `reason` is as the records have it."""
    said = phrases(language)["held"]
    words: str = said[code.value if code else "other"]
    detail = plain(said_in(reason, language).words) or reason
    return fill(words, {"said": clean(detail, longest=_LONGEST)})


def key_of(code: str, *, known: Mapping[str, str]) -> str:
    """Which sentence a code has among those that are `known`."""
    for beginning, key in _ALIKE:
        if code.startswith(beginning):
            return key
    # Rules carry the names that their standards give them: BR-CO-15, PEPPOL-EN16931-R003, DE-R-022.
    if code[:1].isupper():
        return "rule"
    return code if code in known else "other"
