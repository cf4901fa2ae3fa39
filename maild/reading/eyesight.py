"""What may be believed of figures that OCR read: what a check holds up, and what was seen clearly.

Pure. A misread digit fails check digits and arithmetic, but looks as good as the right one: so nothing else
proves what stands on a picture, and where the reading was unsure of a figure's words, nothing does.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from maild.model.figures import Field, Figures, Verdict
from maild.reading.rows import Sheet, Source

# One reading that errs on a letter errs on the same letter twice.
_NO_CHECK_OF_LOOKS: Final = frozenset({"number = payment reference"})


def doubted(
    figures: Figures, sheets: Iterable[Sheet], *, looks: frozenset[str] = frozenset()
) -> Figures:
    """The figures with the verdicts that pages allow which were read by OCR.

    `looks` are further checks that only compare how a figure on the page looks.
    """
    seen = {one.number: one for one in sheets if one.source is Source.OCR}
    if not seen:
        return figures
    return {key: _doubted(field, seen, looks=looks) for key, field in figures.items()}


def _doubted(field: Field, seen: dict[int, Sheet], *, looks: frozenset[str]) -> Field:
    if field.verdict is not Verdict.PROVEN or (field.page is not None and field.page not in seen):
        return field
    # What stands nowhere on the page was not misread there.
    compared = looks if field.page is not None else frozenset[str]()
    checked = set(field.checks) - _NO_CHECK_OF_LOOKS - compared
    if checked and not (field.page is not None and _is_faint(field, seen[field.page])):
        return field
    return replace(field, verdict=Verdict.LIKELY)


def _is_faint(field: Field, sheet: Sheet) -> bool:
    """Whether the box of a field lies over words that may be misread."""
    if field.box is None:
        return False
    left, top, right, bottom = field.box
    return any(
        one.left < right and left < one.right and one.top < bottom and top < one.bottom
        for one in sheet.faint
    )
