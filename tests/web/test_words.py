"""Every language says everything that pages ask for, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from maild.web.words import LANGUAGES, Words, best_language, texts

WEB = Path(__file__).resolve().parents[2] / "maild" / "web"
FIELD = re.compile(r"\{(\w+)\}")


def flat(table: Mapping[str, Any], path: str = "") -> dict[str, str]:
    found: dict[str, str] = {}
    for key, value in table.items():
        found |= flat(value, f"{path}{key}.") if isinstance(value, Mapping) else {path + key: value}
    return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_language_has_the_keys_and_fields_of_the_others(language: str) -> None:
    mine, english = flat(texts(language)), flat(texts("en"))
    assert mine.keys() == english.keys()
    for key, text in mine.items():
        assert set(FIELD.findall(text)) == set(FIELD.findall(english[key])), key
        assert text == text.strip(), key


def test_templates_and_pages_ask_for_texts_that_exist_and_for_all_of_them() -> None:
    known = set(flat(texts("en")))
    sources = [*WEB.rglob("*.html"), *WEB.rglob("*.py")]
    source = "\n".join(one.read_text("utf-8") for one in sources)
    named = set(re.findall(r"""['"]([a-z_]+(?:\.[a-z_]+)+)['"]""", source))
    begun = set(re.findall(r"""\bt\(['"]([a-z_.]+\.)['"] ~""", source))
    begun |= {f"{one}." for one in re.findall(r"""\bt\.named\('([a-z_]+)'""", source)}
    asked = set(re.findall(r"""\bt\(['"]([a-z_]+(?:\.[a-z_]+)+)['"]""", source))
    tables = {key.rpartition(".")[0] for key in known if key.endswith(".other")}
    assert asked - known - tables == set()
    unused = {
        key
        for key in known
        if key not in named
        and key.rpartition(".")[0] not in named & tables
        and not any(key.startswith(start) for start in begun)
    }
    assert unused == set()


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("nl-BE,nl;q=0.9,en;q=0.8", "nl"),
        ("de,fr;q=0.5,en;q=0.7", "en"),
        ("fr", "fr"),
        ("", "en"),
        ("*;q=x, ;;;, nl;q=0", "en"),
    ],
)
def test_a_browser_gets_the_first_of_our_languages_that_it_wants(
    accepted: str, language: str
) -> None:
    assert best_language(accepted) == language


def test_what_happened_this_second_happened_just_now() -> None:
    now = datetime(2026, 11, 24, 12, tzinfo=UTC)
    words = Words("nl", ZoneInfo("Europe/Brussels"))
    assert words.ago(now, now) == "zonet"
    assert words.ago(now - timedelta(seconds=5), now) == "5 seconden geleden"
    assert words.ago(now + timedelta(hours=3), now) == "over 3 uur"
