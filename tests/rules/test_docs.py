"""The pages on rules and profiles say what the code does, row by row."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest

from maild.config.http_map import VALUES
from maild.model.document import Kind
from maild.model.team import FILES, Conditions, Profile, Rule
from maild.rules.book import TAGS
from maild.rules.conditions import CONDITIONS
from maild.rules.profiles import PROFILES
from maild.rules.windows import parse

DOCS = Path(__file__).resolve().parents[2] / "docs"
RULES = (DOCS / "rules.md").read_text(encoding="utf-8")


def rows(section: str) -> list[list[str]]:
    """The rows of the table in a section of rules.md."""
    text = RULES.split(f"## {section}\n")[1].split("\n## ")[0]
    table = [line for line in text.splitlines() if line.startswith("| ")][2:]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in table]


def test_every_condition_has_its_row() -> None:
    keys = {key for row in rows("What a rule asks") for key in re.findall(r"`(\w+)`", row[0])}
    fields = {field.name for field in dataclasses.fields(Conditions)}
    assert keys == fields - {"total_from", "total_to"} | {"total"}
    assert len(rows("What a rule asks")) == len(CONDITIONS)


def test_every_wish_has_its_row() -> None:
    keys = {re.findall(r"`(\w+)`", row[0])[0] for row in rows("What a rule wants")}
    assert keys == {field.name for field in dataclasses.fields(Rule)} - {"conditions"}


@pytest.mark.parametrize("row", rows("When"), ids=lambda row: str(row[0]))
def test_every_time_that_is_shown_can_be_read(row: list[str]) -> None:
    assert parse(row[0].strip("`")).text
    for example in re.findall(r"as in `([^`]+)`", row[1]):
        assert parse(example).times


@pytest.mark.parametrize("word", [*Kind, *(f"+{tag}" for tag in TAGS), *FILES])
def test_every_kind_tag_and_file_is_explained(word: str) -> None:
    assert f"`{word}`" in RULES


def row_of(profile: Profile) -> str:
    """A profile as one row of docs/profiles.md."""
    files = " + ".join(profile.attach)
    if profile.needs_pair:
        files += " (never the UBL alone)"
    if profile.one_file_a_mail:
        files += " (one file a mail)"
    takes = ", ".join(kind for kind in Kind if kind in profile.kinds)
    size = f"{profile.max_size // 1_000_000} MB" if profile.max_size else ""
    everything = "everything" if profile.kinds == frozenset(Kind) else takes
    return f"| `{profile.name}` | {files} | {everything} | {size} | {profile.source} |"


def test_the_page_of_profiles_shows_each_as_it_is() -> None:
    page = (DOCS / "profiles.md").read_text(encoding="utf-8")
    shown = [line for line in page.splitlines() if line.startswith("| `")]
    assert shown == [row_of(profile) for profile in PROFILES.values()]
    for profile in PROFILES.values():
        if profile.hint:
            assert f"- **{profile.name}**: {profile.hint}" in page
        assert f"{profile.as_of:%B %Y}" in page
    sources = {key for one in PROFILES.values() for key in re.findall(r"\[S\d+\]", one.source)}
    assert sources == set(re.findall(r"^- (\[S\d+\]) \S", page, flags=re.MULTILINE))


def test_the_page_of_templates_names_every_value() -> None:
    page = (DOCS / "http.md").read_text(encoding="utf-8")
    shown = dict(re.findall(r"^\| `\{(\w+)\}` \| (.*) \|$", page, flags=re.MULTILINE))
    assert shown == dict(VALUES)
