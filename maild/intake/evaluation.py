"""Reads every PDF and picture of a folder that has its truth beside it, and scores what was read.

For an office that wants to know how well maild reads its own invoices before it trusts it; and for
us. Nothing is stored.
"""

from __future__ import annotations

import json
import statistics
import time
from pathlib import Path
from typing import Any, Final

from maild.errors import Unreadable, UserError
from maild.intake.figures import figures_of
from maild.intake.inspect import LARGEST
from maild.intake.scores import Tally
from maild.model.team import Team
from maild.reading.picture import paper_of
from maild.reading.sandbox import Sandbox

_LARGEST_TRUTH: Final = 1_000_000
_READ: Final = frozenset({".pdf", ".jpg", ".jpeg", ".png", ".tif", ".tiff", ".heic"})


async def evaluate(sandbox: Sandbox, folder: Path, *, team: Team | None = None) -> dict[str, Any]:
    """The object of `maild eval --json`.

    Raises UserError when the folder holds nothing with a truth file, or one that is no JSON object.
    """
    tally, took = Tally(), []
    unreadable: list[str] = []
    for file, beside in _pairs(folder):
        truth, content = _truth(beside), _content(file)
        began = time.perf_counter()
        try:
            paper = await paper_of(sandbox, content)
            figures = await figures_of(sandbox, paper, team=team)
        except Unreadable as fault:
            unreadable.append(f"{file.name}: {fault}")
            figures = {}
        took.append((time.perf_counter() - began) * 1000)
        tally.add(file.name, figures, truth=truth)
    if not took:
        raise UserError(
            f"{folder}: no PDF or picture with its truth beside it; beside each FILE.pdf put a "
            "FILE.json with the figures that the page prints, as docs/reading.md says"
        )
    times = {"median": round(statistics.median(took), 1), "most": round(max(took), 1)}
    return tally.json() | {"unreadable": unreadable, "milliseconds": times}


def _pairs(folder: Path) -> list[tuple[Path, Path]]:
    """Each PDF or picture of a folder with its truth."""
    files = [one for one in sorted(folder.glob("*")) if one.suffix.lower() in _READ]
    pairs = [(one, one.with_suffix(".json")) for one in files]
    return [(one, beside) for one, beside in pairs if beside.is_file()]


def _truth(path: Path) -> dict[str, Any]:
    try:
        told = json.loads(_content(path, most=_LARGEST_TRUTH))
    except ValueError as fault:
        raise UserError(f"{path}: no JSON ({fault})") from fault
    if not isinstance(told, dict):
        raise UserError(f"{path}: no JSON object with the figures of the page")
    return told


def _content(path: Path, *, most: int = LARGEST) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(most + 1)
    except OSError as fault:
        raise UserError(f"{path}: cannot be read ({fault.strerror or fault})") from fault
