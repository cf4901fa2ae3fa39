"""Walks the entities of a parsed mail: its text, and every file in it, however deep it lies.

Archives are opened by the function it is given, or stay files when it is given none. Which files are
documents is decided later; here only pictures that belong to the text, and signatures, are told apart.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

from maild.errors import Problem, Unreadable
from maild.reading.bounds import MAX_BYTES
from maild.reading.entity import (
    Entity,
    content_of,
    declared_type,
    disposition,
    file_name,
    inner_entities,
    parse,
)
from maild.reading.headers import header
from maild.reading.leaf import Leaf, leaf_of, parts_of, problem
from maild.reading.mail import Part
from maild.reading.names import type_of
from maild.reading.unpack import Bomb, Budget, Inside, Sealed
from maild.reading.uuencoded import uuencoded

MAX_PARTS: Final = 200
MAX_DEPTH: Final = 20

_LONGEST_TEXT: Final = 2_000_000  # characters of the text that are kept
_CID: Final = re.compile(r"""cid:([^"'\s<>()]{1,250})""", re.IGNORECASE)
_TEXTS: Final = frozenset({"text/plain", "text/html", "text/enriched", "text/rtf"})
# The control part of an encrypted mail (RFC 3156 section 4) is no file.
_CONTROL: Final = frozenset({"application/pgp-encrypted"})
# What stands for a file that the mail does not hold (RFC 2046 section 5.2).
_NOT_HERE: Final = {
    "message/external-body": "the mail only says where a file lies, and maild fetches nothing; "
    "attach the file itself",
    "message/partial": "this is a piece of a mail that was sent in several; send it as one mail",
}
Opener = Callable[..., Sequence[Inside]]


class Leaves:
    """The text and the files of one mail, within limits. Use: `collect`, then `parts`."""

    def __init__(self, opener: Opener | None = None) -> None:
        self.text = ""
        self.html = ""
        self.problems: list[Problem] = []
        self._opener = opener
        self._budget = Budget()
        self._found: list[Leaf] = []
        self._shown: set[str] = set()
        self._seen = 0
        self._bytes = 0

    def collect(self, message: Entity, *, depth: int = 0, path: tuple[str, ...] = ()) -> None:
        """Take everything out of an entity. Raises Unreadable when it is out of bounds."""
        self._count(depth)
        declared = declared_type(message)
        if declared in _NOT_HERE:
            self._say("not_here", file_name(message) or declared, _NOT_HERE[declared])
            return
        parts = list(inner_entities(message))
        if declared.startswith("message/") and parts:
            path = (*path, file_name(message) or "forwarded.eml")
        for inner in parts:
            self.collect(inner, depth=depth + 1, path=path)
        if not parts and message.raw_payload is not None:
            self._entity(message, declared=declared, depth=depth, path=path)

    def parts(self) -> tuple[Part, ...]:
        """The files that were found, in their order, with names that are safe and unique."""
        return parts_of(self._found, self._shown)

    def _count(self, depth: int) -> None:
        self._seen += 1
        if self._seen > MAX_PARTS:
            raise Unreadable(
                f"the mail has more than {MAX_PARTS} parts; send fewer files in one mail"
            )
        if depth > MAX_DEPTH:
            raise Unreadable(f"the mail is nested more than {MAX_DEPTH} levels deep")

    def _entity(self, message: Entity, *, declared: str, depth: int, path: tuple[str, ...]) -> None:
        """A file or a text."""
        content = content_of(message)
        self._bytes += len(content)
        if self._bytes > MAX_BYTES:
            raise Unreadable(f"the files of the mail have more than {MAX_BYTES:,} bytes together")
        name = file_name(message)
        how = disposition(message)
        if name is None and how != "attachment" and self._is_text(content, declared):
            self._take_text(message, content, declared=declared, path=path)
            return
        if declared in _CONTROL and name is None:
            return
        leaf = Leaf(
            name=name,
            content=content,
            declared=declared,
            path=path,
            content_id=(header(message, "content-id") or "").strip("<> "),
            disposition=how,
        )
        self._file(leaf, depth=depth, level=1)

    def _is_text(self, content: bytes, declared: str) -> bool:
        """Whether an entity without a name is what the sender wrote, and no file of his."""
        if declared.startswith("multipart/"):
            return True  # parts that nobody could tell apart
        if declared not in _TEXTS:
            return False
        return type_of(content, declared=declared) in {declared, "text/html", "application/json"}

    def _take_text(
        self, message: Entity, content: bytes, *, declared: str, path: tuple[str, ...]
    ) -> None:
        text = _decoded(content, charset=_charset(message))[:_LONGEST_TEXT]
        if declared == "text/html":
            self.html = self.html or text
            self._shown.update(one.lower() for one in _CID.findall(text))
            return
        if declared == "text/plain":
            self.text = self.text or text
            for name, inside in uuencoded(content):
                self._keep(Leaf(name, inside, (*path, "uuencode")))

    def _file(self, leaf: Leaf, *, depth: int, level: int) -> None:
        """Keep a file, or what is in it when it is a mail or an archive."""
        name = leaf.name or ""
        if leaf.is_mail:
            inner = (*leaf.path, name or "forwarded.eml")
            self.collect(parse(leaf.content), depth=depth + 1, path=inner)
        elif leaf.is_archive and self._opener is not None:
            self._archive(leaf, self._opener, depth=depth, level=level)
        else:
            self._keep(leaf)

    def _keep(self, leaf: Leaf) -> None:
        self._found.append(leaf)
        if leaf.trouble is not None:
            self.problems.append(leaf.trouble)

    def _archive(self, leaf: Leaf, opener: Opener, *, depth: int, level: int) -> None:
        """The files in an archive; one that cannot be opened stays a file, and that is said."""
        kept, said = len(self._found), len(self.problems)
        try:
            inside = opener(
                leaf.content, media_type=leaf.media_type, level=level, budget=self._budget
            )
            path = (*leaf.path, leaf.name or "archive")
            for one in inside:
                self._file(leaf_of(one, path=path), depth=depth + 1, level=level + 1)
        except (Sealed, Unreadable) as fault:
            del self._found[kept:], self.problems[said:]
            if isinstance(fault, Bomb) and level > 1:
                raise
            self._found.append(leaf)
            if isinstance(fault, Sealed):
                self._say(fault.problem.code, leaf.name, fault.problem.message)
            else:
                self._say("unreadable_archive", leaf.name, f"in the archive, {fault}")

    def _say(self, code: str, name: str | None, message: str) -> None:
        self.problems.append(problem(code, name, message))


def _charset(message: Entity) -> str:
    try:
        return message.get_content_charset() or ""
    except Exception:  # noqa: BLE001 - damaged parameters: the text is read without their help
        return ""


def _decoded(content: bytes, *, charset: str) -> str:
    for one in (charset, "utf-8"):
        try:
            return content.decode(one)
        except (LookupError, ValueError):
            continue
    return content.decode("windows-1252", "replace")
