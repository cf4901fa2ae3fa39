"""The words that stand before figures, in four languages, and where a row has them.

The words are data: `maild/reading/labels/*.toml`, a table of lists. They are compared without case,
accents, blanks and signs, since OCR drops blanks and no two programs write "BTW-nr." alike.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import Final, TypeAlias

LANGUAGES: Final = ("nl", "fr", "de", "en")
# A word this short is one only when it stands alone: "ht" is in "achten".
_SHORT: Final = 6
_LONGEST_CELL: Final = 400  # characters of a cell in which words are looked for


# Language, then meaning, then words.
Tables: TypeAlias = Mapping[str, Mapping[str, Sequence[str]]]


@dataclass(frozen=True, slots=True)
class Label:
    """Words found in a cell: what they may mean, where they stand, in which languages they are words."""

    meanings: frozenset[str]
    start: int
    end: int
    words: str
    languages: frozenset[str]


class Labels:
    """A dictionary of labels. Made once; `shipped()` is that of maild."""

    def __init__(self, words: Tables) -> None:
        self._meanings: dict[str, set[str]] = {}
        self._languages: dict[str, set[str]] = {}
        for language, table in words.items():
            for meaning, phrases in table.items():
                for phrase in phrases:
                    plain = _plain(phrase)[0]
                    self._meanings.setdefault(plain, set()).add(meaning)
                    self._languages.setdefault(plain, set()).add(language)
        longest_first = sorted(self._meanings, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, longest_first)))

    def found_in(self, text: str) -> tuple[Label, ...]:
        """The labels in a cell's text, from left to right; the longest at a place counts."""
        plain, places = _plain(text[:_LONGEST_CELL])
        found, at = [], 0
        while match := self._pattern.search(plain, at):
            start, end = places[match.start()], places[match.end() - 1] + 1
            if _begins(text, start) and _ends(text, end, length=len(match[0])):
                found.append(self._label(match[0], start, end))
                at = match.end()
            else:
                at = match.start() + 1
        return tuple(found)

    def _label(self, words: str, start: int, end: int) -> Label:
        meanings, languages = self._meanings[words], self._languages[words]
        return Label(frozenset(meanings), start, end, words, frozenset(languages))


@cache
def shipped() -> Labels:
    """The dictionary that comes with maild."""
    return Labels(tables())


@cache
def tables() -> Tables:
    """The words of that dictionary."""
    folder = files("maild.reading") / "labels"
    return {name: tomllib.loads((folder / f"{name}.toml").read_text("utf-8")) for name in LANGUAGES}


def _plain(text: str) -> tuple[str, list[int]]:
    """Letters and digits alone, in lower case without accents, and where in the text each stood."""
    told, places = [], []
    for at, char in enumerate(text):
        for part in _letters(char):
            told.append(part)
            places.append(at)
    return "".join(told), places


@lru_cache(maxsize=4096)
def _letters(char: str) -> str:
    """What is compared of a character: "É" is "e", "°" is nothing, "#" is itself."""
    parts = "" if char == "°" else unicodedata.normalize("NFKD", char).casefold()
    return "".join(part for part in parts if part.isalnum() or part == "#")


def _begins(text: str, start: int) -> bool:
    return start == 0 or not (text[start - 1].isalpha() and text[start].isalpha())


def _ends(text: str, end: int, *, length: int) -> bool:
    """Whether a label may end there. OCR glues a value to a long one, which is thus let through."""
    if end >= len(text) or not text[end].isalpha():
        return True
    return length > _SHORT and text[end].isupper()
