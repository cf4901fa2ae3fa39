"""docs/sources.md: each recipe says everything, its settings are right, and a test hands it in."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.intake.recipes import LABELS, PAGE, Recipe, recipes

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
