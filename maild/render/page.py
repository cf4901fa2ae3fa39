"""A letter before it is laid out: its parts in order, and the two ways to write them down.

What the parts say is decided in `letter`; nothing here knows a document.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from maild.render.templates import lay_out

# Lines of plain text as people have read them in mail for decades (RFC 5322 section 2.1.1: 78).
_WIDTH = 76


@dataclass(frozen=True, slots=True)
class Page:
    """What one letter says. Every string is plain text; `words` are the language's fixed ones."""

    language: str
    title: str
    greeting: str
    signature: str
    words: Mapping[str, Any]
    colour: str  # "#rrggbb", the line on top
    paragraphs: tuple[str, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()  # label and value
    entries: tuple[str, ...] = ()  # one sentence each, as a list
    files: tuple[tuple[str, str], ...] = ()  # name, and what it is for or ""
    steps: tuple[tuple[str, str], ...] = ()  # what to do, and the command that does it
    closing: tuple[str, ...] = ()


def as_text(page: Page) -> str:
    """The letter as plain text: short lines, a blank line between its parts."""
    words = page.words
    wide = max((len(label) for label, _ in page.facts), default=0)
    blocks = [page.greeting, *(_wrapped(one) for one in page.paragraphs)]
    blocks.append("\n".join(f"{label:<{wide}}  {value}" for label, value in page.facts))
    blocks.append("\n".join(_wrapped(f"- {one}", indent="  ") for one in page.entries))
    blocks.append(_listed(words["enclosed"], [_file(name, what) for name, what in page.files]))
    blocks.append(_listed(words["next"], [f"{what}\n  {command}" for what, command in page.steps]))
    blocks.extend(_wrapped(one) for one in page.closing)
    blocks.append(f"{words['regards']}\n{page.signature}")
    return "\n\n".join(block for block in blocks if block) + "\n"


def as_html(page: Page) -> str:
    """The letter as one small HTML page: no pictures, no scripts, nothing from elsewhere."""
    return lay_out("letter.html", page=page)


def _wrapped(text: str, *, indent: str = "") -> str:
    return textwrap.fill(
        text, _WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )


def _listed(title: str, items: list[str]) -> str:
    return "\n".join([title, *(f"- {item}" for item in items)]) if items else ""


def _file(name: str, what: str) -> str:
    return f"{name} ({what})" if what else name
