"""The job that sets the text of a mail as a plain PDF, inside a child process.

For invoices that are no file but the mail itself. The page says what it is: made by maild, from a
mail. Same mail, same bytes.
"""

from __future__ import annotations

import json
from datetime import date
from functools import lru_cache
from pathlib import Path

from maild.errors import Unreadable
from maild.render.mail_blocks import of_html, of_text
from maild.render.typeset import typeset_plain

_NO_DAY = date(1970, 1, 1)


def pdf(payload: bytes) -> bytes:
    """Set a mail: "rows" (above the text, "head" points high), "html", "text", "day", "note" (below)."""
    order = json.loads(payload)
    blocks = of_html(order["html"]) or of_text(order["text"])
    if not blocks:
        raise Unreadable("the mail has no text that could be set as a page")
    view = {"rows": order["rows"], "head": order["head"], "blocks": blocks, "note": order["note"]}
    day = date.fromisoformat(order["day"]) if order["day"] else _NO_DAY
    return typeset_plain(_template(), view, day=day)


@lru_cache(maxsize=1)
def _template() -> bytes:
    return (Path(__file__).parent / "templates" / "pdf" / "mail.typ").read_bytes()
