"""docs/sources.md: each recipe says everything, its settings are right, and a test hands it in."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from maild import teams
from maild.intake.senders import is_listed
from tests.intake.recipes import LABELS, PAGE, Recipe, recipes
from tests.promised import PROMISED

TESTS = Path(__file__).resolve().parents[1] / "intake" / "test_sources.py"
PROGRAMS = ("Odoo", "Billit", "Teamleader", "Exact", "Word", "printer", "web shop")
WAYS = ("BCC", "journal alias", "UBL by mail", "folder", "API", "IMAP")

by_recipe = pytest.mark.parametrize("recipe", recipes().values(), ids=list(recipes()))


@by_recipe
def test_a_recipe_says_what_to_set_up_what_arrives_and_what_becomes_of_it(recipe: Recipe) -> None:
    assert tuple(label for label, _ in recipe.said) == LABELS
    assert all(words for _, words in recipe.said)


@by_recipe
def test_a_recipe_has_a_test_of_its_own(recipe: Recipe) -> None:
    assert recipe.tests
    others = {test for one in recipes().values() if one is not recipe for test in one.tests}
    assert not others & set(recipe.tests)


@by_recipe
def test_the_settings_of_a_recipe_are_settings_that_maild_takes(
    recipe: Recipe, tmp_path: Path
) -> None:
    recipe.configured(tmp_path)


@by_recipe
def test_whom_a_recipe_tells_to_allow_is_let_in_by_that_and_by_nothing_else(
    recipe: Recipe, tmp_path: Path
) -> None:
    words = dict(recipe.said)["Senders"]
    assert recipe.allowed or "nobody" in words or "--always" in words
    path = tmp_path / "maild.toml"
    for allowed in ([], recipe.allowed):
        listed = f"[team.acme]\nsenders_allow = {json.dumps(allowed)}\n"
        text = PROMISED.replace("[team.acme]\n", listed)
        path.write_text(text, encoding="utf-8")
        checked = teams.check(path)
        assert checked.errors == ()
        senders = [one.replace("*@", "somebody@") for one in recipe.allowed]
        let_in = [is_listed(checked.teams[0], one) for one in senders]
        assert let_in == [bool(allowed)] * len(senders)


def test_every_test_of_a_source_is_named_by_its_recipe() -> None:
    there = re.findall(r"^async def (test_\w+)", TESTS.read_text(encoding="utf-8"), re.MULTILINE)
    named = [test for one in recipes().values() for test in one.tests]
    assert sorted(named) == sorted(f"tests/intake/test_sources.py::{name}" for name in there)


@pytest.mark.parametrize("program", PROGRAMS)
def test_every_usual_program_has_a_recipe(program: str) -> None:
    assert any(program in title for title in recipes())


@pytest.mark.parametrize("way", WAYS)
def test_every_way_is_told_and_used_by_a_recipe(way: str) -> None:
    ways, _, _ = PAGE.read_text(encoding="utf-8").partition("\n### ")
    assert f"**{way}**" in ways
    assert any(way in f"{one.title} {dict(one.said)['Set up']}" for one in recipes().values())
