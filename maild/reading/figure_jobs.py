"""What is done to the words of a stranger's pages, inside the child: their figures, and how these look.

Each job takes the answer of the job that told the words, so that the daemon only hands it on: reading a
page costs its event loop nothing, and what takes too long ends here. `maild.reading.pages` asks.
"""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

from maild.model.figures import figures_from, figures_json
from maild.model.supplier import Remembered, Sign
from maild.reading.fields import read_fields
from maild.reading.memory import recalled, signs_of
from maild.reading.own_labels import with_shipped
from maild.reading.owner import Own
from maild.reading.packed import pack, unpack
from maild.reading.pdf import sheets_from
from maild.reading.rows import Sheet


def read(payload: bytes) -> bytes:
    """The figures of the pages, for a customer of these `numbers` and `names`."""
    head, sheets = _taken(payload)
    own = Own(frozenset(head["numbers"]), frozenset(head["names"]))
    found = read_fields(sheets, own=own, labels=with_shipped(head["labels"]))
    has_text = any(one.rows for one in sheets)
    return pack({"figures": figures_json(found), "has_text": has_text})


def recall(payload: bytes) -> bytes:
    """The same figures beside what is remembered of their supplier."""
    head, sheets = _taken(payload)
    told = head["supplier"]
    known = Remembered(
        key=told["key"],
        name=told["name"],
        currency=told["currency"],
        accounts=frozenset(told["accounts"]),
        signs=tuple(Sign(**one) for one in told["signs"]),
    )
    figures = recalled(
        figures_from(head["figures"]), sheets, known, labels=with_shipped(head["labels"])
    )
    return pack({"figures": figures_json(figures)})


def signs(payload: bytes) -> bytes:
    """How figures that a person confirmed look on the pages."""
    head, sheets = _taken(payload)
    labels = with_shipped(head["labels"])
    found = signs_of(head["said"], figures_from(head["figures"]), sheets, labels=labels)
    return pack({"signs": [asdict(one) for one in found]})


def _taken(payload: bytes) -> tuple[dict[str, Any], tuple[Sheet, ...]]:
    head, [words] = unpack(payload)
    sheets = sheets_from(unpack(words)[0])
    return head, tuple(_below(one, float(head["below"])) for one in sheets)


def _below(sheet: Sheet, height: float) -> Sheet:
    """The page without what stands above that height on the first one."""
    if sheet.number != 1 or not height:
        return sheet
    return replace(sheet, rows=tuple(one for one in sheet.rows if one.middle >= height))
