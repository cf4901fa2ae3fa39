"""Finds English that was left on a page in another language, by comparing it with the English page.

A word is a remnant when the English page has it too, the word files of the page's language do not, and
it is neither data (what a stage is made of) nor a date. What is quoted, and what is code, is not read.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from html.parser import HTMLParser
from typing import Final

from babel.core import Locale

from maild.render.said import sentences
from maild.render.templates import phrases
from maild.web.words import texts

_WORD: Final = re.compile(r"[^\W\d_]{2,}(?:[’'-][^\W\d_]+)*")
# Addresses, paths, numbers, tags such as +credit, keys such as team.acme.
_ADDRESS: Final = re.compile(
    r"\S+[@/]\S+|\+[a-z-]+|\w+(?:\.\w+)+|\S*\d\S*|\S+\.(?:example|pdf|xml|toml|zip)\b"
)
_SHOWN: Final = frozenset({"title", "alt", "placeholder", "aria-label", "value"})
_NOT_READ: Final = frozenset({"script", "style", "code", "pre", "textarea", "svg"})
_NO_END: Final = frozenset({"meta", "link", "input", "br", "img", "hr", "rect"})
# Names that are the same in every language: of products, of what a file holds, of columns.
_NAMES: Final = frozenset(
    {
        "maild",
        "qr",
        "pdf",
        "ubl",
        "zip",
        "iban",
        "dns",
        "csv",
        "excel",
        "brussels",
        "europe",
        "localhost",
    }
)


def remnants(
    page: str, english: str, *, language: str, data: Iterable[str]
) -> tuple[tuple[str, str], ...]:
    """Each text of `page` that has English in it, with those words; `english` is the same page in English.

    `data` are texts that stand in both as they are: names of rules, companies, files.
    """
    theirs = frozenset(_words(" ".join(_texts(english))))
    known = _vocabulary(language) | _NAMES
    whole = "|".join(re.escape(one) for one in sorted(set(data), key=len, reverse=True) if one)
    same = re.compile(rf"(?<!\w)(?:{whole})(?!\w)") if whole else re.compile("(?!)")
    found = {}
    for text in _texts(page):
        left = same.sub(" ", text)
        odd = [one for one in _words(_ADDRESS.sub(" ", left)) if one in theirs and one not in known]
        if odd:
            found[text] = " ".join(odd)
    return tuple(found.items())


def strings(value: object) -> Iterator[str]:
    """Every text in what TOML or JSON gave, and the names of its tables."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, one in value.items():
            if isinstance(one, Mapping):
                yield str(key)
            yield from strings(one)
    elif isinstance(value, Collection):
        for one in value:
            yield from strings(one)


class _Reader(HTMLParser):
    """Collects what a person reads of a page, and a screen reader says."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self._open: list[tuple[str, bool]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = dict(attrs)
        if not self._shut and tag != "html":
            for name in _SHOWN & said.keys():
                # The value of a field is what was typed or chosen.
                if name != "value":
                    self.found.append(said[name] or "")
        if tag in _NO_END:
            return
        classes = (said.get("class") or "").split()
        foreign = tag != "html" and said.get("lang") is not None
        self._open.append((tag, tag in _NOT_READ or "code" in classes or foreign))

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        if not self._shut and data.strip():
            self.found.append(" ".join(data.split()))

    @property
    def _shut(self) -> bool:
        return any(shut for _, shut in self._open)


def _texts(page: str) -> list[str]:
    reader = _Reader()
    reader.feed(page)
    reader.close()
    return reader.found


def _words(text: str) -> list[str]:
    return [one.lower() for one in _WORD.findall(text)]


def _vocabulary(language: str) -> frozenset[str]:
    """The words that maild has in a language, and those of its dates."""
    locale = Locale.parse(language)
    dates = (
        *locale.months["format"]["abbreviated"].values(),
        *locale.months["format"]["wide"].values(),
    )
    files = (texts(language), phrases(language), sentences(language))
    ours = (re.sub(r"\{+[^{}]*\}+", " ", one) for file in files for one in strings(file))
    return frozenset(_words(" ".join((*ours, *dates))))
