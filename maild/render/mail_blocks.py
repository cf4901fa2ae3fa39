"""The text of a mail as plain blocks: headings, paragraphs, items, tables. Runs in the child only.

HTML is cleaned first (no scripts, styles, pictures, links), so that nothing is fetched and nothing
runs; what is left of it is words and their order. It knows nothing of pages.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import nh3
from lxml import etree, html

MOST_CHARACTERS: Final = 500_000
MOST_BLOCKS: Final = 3_000
MOST_CELLS: Final = 12  # in a row
_DEEPEST: Final = 100

_HEADINGS: Final = {"h1", "h2", "h3", "h4", "h5", "h6"}
_BLOCKS: Final = {
    "p", "div", "li", "ul", "ol", "blockquote", "pre", "section", "article", "header", "footer",
    "center", "dl", "dt", "dd", "figure", "address", "caption",
}  # fmt: skip
_TABLE: Final = {"table", "thead", "tbody", "tfoot", "tr", "td", "th"}
_ALLOWED: Final = _HEADINGS | _BLOCKS | _TABLE | {"br", "hr"}
# Their contents go too, not only their tags.
_SILENT: Final = {"script", "style", "title", "head", "noscript", "template", "svg", "math"}


@dataclass(slots=True)
class _Writer:
    """Blocks as they come, within bounds; text waits until its block ends."""

    blocks: list[dict[str, Any]] = field(default_factory=list)
    _waiting: list[str] = field(default_factory=list)
    _size: int = 0

    def say(self, text: str | None) -> None:
        if text and self._size < MOST_CHARACTERS:
            self._size += len(text)
            self._waiting.append(text)

    def end(self, kind: str = "text") -> None:
        """End a block; an empty one is none."""
        for line in "".join(self._waiting).split("\n"):
            words = " ".join(line.split())
            if words:
                self.put({"kind": kind, "text": words})
        self._waiting.clear()

    def put(self, block: dict[str, Any]) -> None:
        if len(self.blocks) < MOST_BLOCKS:
            self.blocks.append(block)


def of_text(text: str) -> list[dict[str, Any]]:
    """The blocks of plain text: a paragraph a line, as it was written."""
    writer = _Writer()
    writer.say(text[:MOST_CHARACTERS])
    writer.end()
    return writer.blocks


def of_html(source: str) -> list[dict[str, Any]]:
    """The blocks of HTML."""
    clean = nh3.clean(
        source[: 4 * MOST_CHARACTERS],
        tags=set(_ALLOWED),
        clean_content_tags=_SILENT,
        attributes={},
        strip_comments=True,
        link_rel=None,
    )
    # A parser of its own; nh3 has left nothing but plain tags without attributes.
    root = html.fragment_fromstring(clean, create_parent="div")
    writer = _Writer()
    _walk(root, writer, depth=0)
    writer.end()
    return writer.blocks


def _walk(at: Any, writer: _Writer, *, depth: int) -> None:
    if depth > _DEEPEST:
        writer.say(" ".join(_words(at)))
        return
    writer.say(_joined(at.text))
    for child in at.iterchildren(tag=etree.Element):
        _element(child, writer, depth=depth + 1)
        writer.say(_joined(child.tail))


def _element(at: Any, writer: _Writer, *, depth: int) -> None:
    tag = at.tag
    if tag == "br":
        writer.say("\n")
    elif tag == "hr":
        writer.end()
        writer.put({"kind": "rule"})
    elif tag == "table" and (rows := _rows(at)):
        writer.end()
        writer.put({"kind": "table", "rows": rows, "columns": max(map(len, rows))})
    elif tag in _HEADINGS | _BLOCKS | _TABLE:
        writer.end()
        _walk(at, writer, depth=depth)
        writer.end("heading" if tag in _HEADINGS else "item" if tag == "li" else "text")
    else:
        _walk(at, writer, depth=depth)


def _rows(table: Any) -> list[list[str]]:
    """The rows of a table that is one; none for those that only place things on a page.

    Mails are full of tables of one cell, and of tables inside tables: those are read as blocks.
    """
    if table.find(".//table") is not None:
        return []
    rows = []
    for row in table.iter("tr"):
        cells = [" ".join(_words(one)) for one in row.iterchildren("td", "th")][:MOST_CELLS]
        if any(cells):
            rows.append(cells)
    if len(rows) > MOST_BLOCKS or max(map(len, rows), default=0) < 2:
        return []
    return rows


def _words(at: Any) -> Iterator[str]:
    for text in at.itertext():
        yield from text.split()


def _joined(text: str | None) -> str | None:
    """White space of the source is one blank; only <br> breaks a line."""
    if text is None:
        return None
    words = " ".join(text.split())
    before = " " if text[:1].isspace() else ""
    after = " " if text[-1:].isspace() and words else ""
    return f"{before}{words}{after}"
