"""The pictures of docs/: each is shown somewhere, says what is on it, and is small."""

from __future__ import annotations

import re
from pathlib import Path

from tools.screenshots import LARGEST, PICTURES, SHOWN

ROOT = Path(__file__).resolve().parents[2]
IN_ALL = 1_200_000  # bytes
_PICTURE = re.compile(r"!\[([^\]]*)\]\(([^)]+)\)")


def test_every_picture_is_taken_by_the_tool_and_shown_with_words() -> None:
    shown = {
        (page.parent / path).resolve()
        for page in (ROOT / "README.md", *(ROOT / "docs").glob("*.md"))
        for words, path in _PICTURE.findall(page.read_text("utf-8"))
        if words
    }
    there = set(PICTURES.iterdir())
    assert there == shown
    assert there == {PICTURES / f"{one.name}.png" for one in SHOWN}


def test_the_pictures_are_small() -> None:
    sizes = [one.stat().st_size for one in PICTURES.iterdir()]
    assert max(sizes) <= LARGEST
    assert sum(sizes) <= IN_ALL


def test_no_two_pictures_have_one_name() -> None:
    assert len({one.name for one in SHOWN}) == len(SHOWN)
