"""The pages of a PDF and their figures: asked of the sandbox, told as values.

The words of the pages stay bytes here: they go from one child to the next.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from maild.children import Limits
from maild.errors import Unreadable
from maild.model.figures import Figures, figures_from, figures_json
from maild.model.supplier import Sign, Supplier
from maild.reading.mail import Body
from maild.reading.ocr import with_pictures
from maild.reading.owner import Own
from maild.reading.packed import pack, unpack
from maild.reading.sandbox import Sandbox

_WORDS: Final = "maild.reading.pdf_jobs:words"
_READ: Final = "maild.reading.figure_jobs:read"
_RECALL: Final = "maild.reading.figure_jobs:recall"
_SIGNS: Final = "maild.reading.figure_jobs:signs"
# A page takes a few milliseconds of processor; what takes half a second is no invoice, and the door
# waits for it. The kernel counts in whole seconds, so that a second is what it gets.
_LIMITS: Final = Limits(cpu=0.5, wall=10.0, memory=1 << 30)


@dataclass(frozen=True, slots=True)
class Pages:
    """The pages of a PDF with the figures that were read in them; `words` go to the next child.

    `below` is the height in points above which nothing on the first page is of the document.
    """

    figures: Figures
    has_text: bool
    words: bytes = field(repr=False)
    below: float = 0.0


async def read_pages(sandbox: Sandbox, content: Body, *, own: Own, below: float = 0.0) -> Pages:
    """Read a PDF; `own` is what is known of the customer, `below` see `Pages`.

    Pages that are pictures are read by OCR where it is installed. Raises Unreadable when its pages cannot
    be read, Parked when they kill or take too long.
    """
    words = await sandbox.run(_WORDS, content, limits=_LIMITS)
    words = await with_pictures(sandbox, content, words)
    asked = {"numbers": sorted(own.numbers), "names": sorted(own.names), "below": below}
    head = await _asked(sandbox, _READ, asked, words=words)
    return Pages(_figures(head), head.get("has_text") is True, words, below)


async def recalled(sandbox: Sandbox, pages: Pages, supplier: Supplier) -> Figures:
    """The figures with what agrees with the supplier's memory proven. Raises as `read_pages`."""
    told = {
        "key": supplier.key,
        "name": supplier.name,
        "currency": supplier.currency,
        "accounts": sorted(supplier.accounts),
        "signs": [asdict(one) for one in supplier.signs],
    }
    asked = {
        "figures": figures_json(pages.figures),
        "supplier": told,
        "below": pages.below,
    }
    return _figures(await _asked(sandbox, _RECALL, asked, words=pages.words))


async def signs(sandbox: Sandbox, pages: Pages, said: Mapping[str, str]) -> tuple[Sign, ...]:
    """How confirmed figures look on the pages. Raises as `read_pages`."""
    asked = {
        "figures": figures_json(pages.figures),
        "said": dict(said),
        "below": pages.below,
    }
    head = await _asked(sandbox, _SIGNS, asked, words=pages.words)
    try:
        return tuple(Sign(**one) for one in head["signs"])
    except (KeyError, TypeError) as error:
        raise _no_sense(error) from error


async def _asked(
    sandbox: Sandbox, job: str, asked: dict[str, Any], *, words: bytes
) -> dict[str, Any]:
    return unpack(
        await sandbox.run(job, pack(asked | {"labels": sandbox.labels}, [words]), limits=_LIMITS)
    )[0]


def _figures(head: Mapping[str, Any]) -> Figures:
    try:
        return figures_from(head["figures"])
    except (KeyError, TypeError, ValueError) as error:
        raise _no_sense(error) from error


def _no_sense(error: Exception) -> Unreadable:
    return Unreadable(
        "the process that read the pages gave no answer that makes sense", detail=repr(error)
    )
