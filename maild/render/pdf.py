"""The PDF of a bill: asks a child process to typeset it, and says what could not be done.

The engine lives in `maild.render.typeset` and is never loaded into the daemon. A PDF that was sent is
stored, not made again: another version of the typesetter makes other bytes (rendering.md section 4).
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
import unicodedata
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import metadata
from pathlib import Path

from maild import __version__
from maild.children import Children, Limits
from maild.model.bill import Bill
from maild.model.team import Branding
from maild.render.view import view
from maild.render.words import words

_JOB = "maild.render.typeset:pdf"
_MODULE = "maild.render.typeset"
# 500 lines take under a second and 330 MB; this is for bills that nobody would print.
_LIMITS = Limits(cpu=30, wall=30)
# The engines whose version is part of a render key: a change of theirs may change the bytes.
_ENGINES = ("typst", "pikepdf", "segno", "babel", "fontpkg-inter")
_UNSAFE = re.compile(r"[^\w.\- ]+")


@dataclass(frozen=True, slots=True)
class Rendering:
    """A PDF, and what the reader of a log should know about it.

    `key` is equal for equal input on an equal version, before anything is rendered. `archival` is
    False when the file had to give up its claim of PDF/A-3a and PDF/UA-1; `remarks` say why, and name
    a logo or text that was left out.
    """

    content: bytes = field(repr=False)
    key: str
    archival: bool
    remarks: tuple[str, ...] = ()


class Renderer:
    """Makes PDFs in a pool of warm child processes."""

    def __init__(self, workers: int | None = None) -> None:
        """`workers` child processes; one a core when not given."""
        self._children = Children(workers, modules=[_MODULE])

    @property
    def pids(self) -> tuple[int, ...]:
        """The child processes that live now."""
        return self._children.pids

    async def start(self) -> None:
        """Start the children, so that the first bill does not wait for them."""
        await self._children.start()

    async def close(self) -> None:
        """End the children. Safe to call twice."""
        await self._children.close()

    async def pdf(
        self, bill: Bill, *, branding: Branding, language: str, ubl: bytes | None = None
    ) -> bytes:
        """The PDF of a bill, with its UBL attached when there is one. Raises as `render`."""
        made = await self.render(bill, branding=branding, language=language, ubl=ubl)
        return made.content

    async def render(
        self,
        bill: Bill,
        *,
        branding: Branding,
        language: str,
        ubl: bytes | None = None,
        base_name: str | None = None,
    ) -> Rendering:
        """The PDF of a bill, and what could not be done as asked.

        `base_name` names the attached UBL (with ".xml"); by default it is made of title and number.
        Raises ChildDied when the child was killed, JobFailed when the typesetter refused the page.
        """
        logo, remark = await asyncio.to_thread(_read_logo, branding.logo)
        order = {
            "view": view(bill, branding=branding, language=language),
            "attachment": f"{base_name or default_name(bill, language=language)}.xml",
            "description": words(language).labels["copy_of"],
            "sizes": [len(logo), len(ubl or b"")],
        }
        head = json.dumps(order, ensure_ascii=False, sort_keys=True).encode("utf-8", "replace")
        payload = b"".join((head, b"\n", logo, ubl or b""))
        answer = await self._children.run(_JOB, payload, limits=_LIMITS)
        head, _, content = answer.partition(b"\n")
        said = json.loads(head)
        remarks = (*([remark] if remark else []), *said["remarks"])
        key = render_key(payload)
        return Rendering(content, key=key, archival=said["archival"], remarks=remarks)


def default_name(bill: Bill, *, language: str) -> str:
    """A base name for the files of a bill: its title and number, safe on every file system."""
    text = unicodedata.normalize("NFC", f"{words(language).title(bill)} {bill.number}")
    return _UNSAFE.sub("-", text).strip(" .-").replace(" ", "-")[:80] or str(bill.kind)


def render_key(payload: bytes) -> str:
    """A name for what will be rendered: equal input and engines, equal key (sha256, hex)."""
    return hashlib.sha256(_versions() + payload).hexdigest()


@lru_cache
def _versions() -> bytes:
    """Everything that shapes a page beside its values: engines, fonts, our code, the template."""
    names = [f"{name}={metadata.version(name)}" for name in _ENGINES]
    template = Path(__file__).parent / "templates" / "pdf" / "bill.typ"
    return "\n".join((f"maild={__version__}", *names)).encode() + template.read_bytes()


def _read_logo(path: str | None) -> tuple[bytes, str]:
    """The file's bytes and an empty remark, or nothing and why."""
    if not path:
        return b"", ""
    try:
        return Path(path).read_bytes(), ""
    except OSError as fault:
        return b"", f"the logo {path} cannot be read ({fault.strerror}); the page goes without it"
