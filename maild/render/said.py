"""What maild says of itself in the language of the reader: rules, runs of the clock, faults.

The words are `templates/said/LANGUAGE.toml`, by the code of the sentence; English is the sentence
itself. What has no code, or comes from a store of before there were codes, is quoted as it is.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

from babel.core import Locale
from babel.lists import format_list
from babel.numbers import format_currency, format_decimal

from maild.model.automatic import SWITCHED_ON_BY
from maild.model.said import ALL_OF, PLACED, Said
from maild.render.fields import clean

LANGUAGES: Final = ("nl", "fr")
_LOCALES: Final = {"nl": "nl_BE", "fr": "fr_BE"}
_BETWEEN: Final = {"nl": "; ", "fr": " ; "}
_NAMED: Final = frozenset({"what", "found", "asked", "kind", "kinds", "state", "field"})
_LONGEST: Final = 500


@dataclass(frozen=True, slots=True)
class Told:
    """`words` are ours, in the language that was asked for; `quoted` is literal, or empty."""

    words: str
    quoted: str = ""

    @property
    def line(self) -> str:
        """Both in one line, for a mail."""
        return (
            f"{self.words} ({self.quoted})"
            if self.words and self.quoted
            else self.words or self.quoted
        )


def said_in(text: str, language: str) -> Told:
    """A text of maild's own in a language: our words where it has a code, otherwise quoted."""
    if not text or language == "en":
        return Told(_clean(text))
    words = _words(text, language) if language in LANGUAGES else None
    if words is None:
        return Told("", _clean(text))
    return Told(_clean(words), _clean("; ".join(_quotes(text))))


def plain(words: str) -> str:
    """Words without the backticks that a page makes code of."""
    return words.replace("`", "")


def rule_in(name: str, language: str) -> str:
    """What a rule is called: its name, which is the team's; one that a partner switched on has ours."""
    if name.startswith(SWITCHED_ON_BY) and language in LANGUAGES:
        by = name.removeprefix(SWITCHED_ON_BY)
        return f"{sentences(language)['rule']['switched_on_by']} {by}"
    return name


@cache
def sentences(language: str) -> Mapping[str, Any]:
    """Everything that maild says of itself in that language, and the names of values in it."""
    source = files("maild.render").joinpath("templates", "said", f"{language}.toml")
    return tomllib.loads(source.read_text("utf-8"))


def _words(text: str, language: str) -> str | None:
    """The sentence with its facts filled in; None for a text that has none in this language."""
    if not isinstance(text, Said):
        return None
    if text.code in {ALL_OF, PLACED}:
        return _whole(text, language)
    sentence = sentences(language)["said"].get(text.code)
    if isinstance(sentence, Mapping):
        sentence = sentence["one" if text.facts.get("count") == 1 else "other"]
    if sentence is None:
        return None
    shown = {name: _shown(name, value, language) for name, value in text.facts.items()}
    return str(sentence).format_map(shown)


def _whole(text: Said, language: str) -> str | None:
    """A sentence that is made of others."""
    parts = [_words(one, language) for one in text.facts["parts"]]
    if None in parts:
        return None
    words = _BETWEEN[language].join(filter(None, parts))
    return f"`{text.facts['place']}`: {words}" if text.code == PLACED else words


def _quotes(text: str) -> Iterator[str]:
    """What others said literally: the fact `why`, which stands beside our words."""
    if isinstance(text, Said):
        for part in text.facts.get("parts", ()):
            yield from _quotes(part)
        if why := text.facts.get("why"):
            yield str(why)


def _shown(name: str, value: Any, language: str) -> str:
    locale = Locale.parse(_LOCALES[language])
    match value:
        case int():
            return format_decimal(value, locale=locale)
        case Said():
            return _words(value, language) or str(value)
        case [Said(), *_]:
            return ", ".join(_shown(name, one, language) for one in value)
        case list() | tuple():
            return format_list([_shown(name, one, language) for one in value], "or", locale=locale)
        case _ if name == "amount":
            number, _, currency = str(value).rpartition(" ")
            return format_currency(number, currency, "#,##0.00 ¤¤", locale=locale)
        case _ if name in _NAMED:
            # A value such as "credit_note" has a name in each language; others are shown as they are.
            return str(sentences(language)["value"].get(value, value))
        case _:
            return str(value)


def _clean(text: str) -> str:
    return clean(text, longest=_LONGEST)
