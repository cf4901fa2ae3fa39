"""The recipes of docs/sources.md: what each says, and its settings as maild reads them."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from maild import teams
from maild.config.settings import Settings
from tests.promised import PROMISED

PAGE = Path(__file__).resolve().parents[2] / "docs" / "sources.md"
LABELS = ("Set up", "What arrives", "Senders", "What maild makes of it", "Test")


@dataclass(frozen=True, slots=True)
class Recipe:
    """One way of one program: the text under each label, and the settings that it shows."""

    title: str
    said: tuple[tuple[str, str], ...]
    settings: str

    @property
    def tests(self) -> list[str]:
        """The tests that it names."""
        return re.findall(r"`(tests/[\w/]+\.py::test_\w+)`", dict(self.said).get("Test", ""))

    @property
    def allowed(self) -> list[str]:
        """The senders that it tells to allow."""
        found = re.findall(r"`senders_allow = (\[.*?\])`", dict(self.said).get("Senders", ""))
        return [one for each in found for one in json.loads(each)]

    def configured(self, folder: Path) -> Settings:
        """Its settings beside those of a first configuration, read as `maild check` does."""
        (folder / "secrets").mkdir(exist_ok=True)
        for name in re.findall(r'password_file = "(secrets/[\w-]+)"', self.settings):
            (folder / name).write_text("a password\n", encoding="utf-8")
            (folder / name).chmod(0o600)
        path = folder / "maild.toml"
        path.write_text(f"{PROMISED}\n{self.settings}", encoding="utf-8")
        checked = teams.check(path)
        assert checked.errors == ()
        assert checked.loaded.settings is not None
        return checked.loaded.settings


@cache
def recipes() -> dict[str, Recipe]:
    """Every recipe of the page, by its title."""
    text = PAGE.read_text(encoding="utf-8")
    sections = re.split(r"^#{2,3} ", text, flags=re.MULTILINE)[1:]
    made = [_recipe(*one.split("\n", 1)) for one in sections if "\n- **" in one]
    assert len({one.title for one in made}) == len(made)
    return {one.title: one for one in made}


def _recipe(title: str, body: str) -> Recipe:
    said = re.findall(
        r"^- \*\*(.+?)\*\*: (.*?)(?=^- \*\*|^```|\Z)", body, flags=re.MULTILINE | re.DOTALL
    )
    blocks = re.findall(r"^```toml\n(.*?)^```", body, flags=re.MULTILINE | re.DOTALL)
    return Recipe(
        title, tuple((label, " ".join(words.split())) for label, words in said), "\n".join(blocks)
    )
