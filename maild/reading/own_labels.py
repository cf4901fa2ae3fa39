"""Labels that an accountant adds to those of maild: a TOML file in the form of maild's own, checked.

    [nl]
    number = ["bonnummer", "nota nr"]

A language that maild knows, then lists of words by what stands after them. Nothing is taken away.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any, Final

from maild.reading.labels import LANGUAGES, Labels, Tables, shipped, tables

LARGEST: Final = 100_000  # octets
MOST: Final = 1_000  # labels
_LONGEST: Final = 60  # characters


def read(text: str) -> tuple[Tables, tuple[str, ...]]:
    """The labels of such a file, and what is wrong with it, each with its key; what is wrong is left out."""
    try:
        told = tomllib.loads(text)
    except tomllib.TOMLDecodeError as fault:
        return {}, (f"no TOML: {fault}",)
    problems: list[str] = []
    found: dict[str, dict[str, list[str]]] = {}
    known = sorted({meaning for table in tables().values() for meaning in table})
    for language, table in told.items():
        if language not in LANGUAGES or not isinstance(table, dict):
            problems.append(f"{language}: it must be a table, one of {', '.join(LANGUAGES)}")
            continue
        for meaning, words in table.items():
            wrong = list(_wrong(meaning, words, known=known))
            problems += [f"{language}.{meaning}: {one}" for one in wrong]
            if not wrong:
                found.setdefault(language, {})[meaning] = words
    count = sum(len(words) for table in found.values() for words in table.values())
    if count > MOST:
        problems.append(f"it has {count:,} labels; at most {MOST:,} are taken")
    return (found if count <= MOST else {}), tuple(problems)


def with_shipped(own: Tables) -> Labels:
    """The dictionary that comes with maild, and these besides."""
    if not own:
        return shipped()
    merged: dict[str, dict[str, list[str]]] = {}
    for table in (tables(), own):
        for language, words in table.items():
            for meaning, phrases in words.items():
                merged.setdefault(language, {}).setdefault(meaning, []).extend(phrases)
    return Labels(merged)


def _wrong(meaning: str, words: Any, *, known: list[str]) -> Iterator[str]:
    if meaning not in known:
        near = get_close_matches(meaning, known, n=1)
        hint = f'did you mean "{near[0]}"?' if near else f"there are {', '.join(known)}"
        yield f"maild knows no such meaning; {hint}"
    if not isinstance(words, list) or not all(isinstance(one, str) for one in words):
        yield 'it must be a list of words, as ["bonnummer", "nota nr"]'
        return
    for one in words:
        if len(one) > _LONGEST or not any(char.isalpha() for char in one):
            yield f'"{one[:_LONGEST]}" must have a letter and at most {_LONGEST} characters'
