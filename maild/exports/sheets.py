"""The files of some documents, read from the store, made where they are missing, and compressed.

A few documents at a time: what is small is held in memory, what is large is only opened.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from typing import Final

from maild.errors import DocumentError, NotFound
from maild.exports.choosing import Place
from maild.exports.entries import Held
from maild.exports.naming import Names
from maild.exports.pages import Pages
from maild.exports.parts import Content, Loose
from maild.model.bill import Bill
from maild.model.document import Document, File, Role
from maild.model.export import Form
from maild.model.team import Team
from maild.render.archive import pack
from maild.store.blobs import BlobStore
from maild.ubl.document import read
from maild.ubl.figures import read_figures

LARGE: Final = 1 << 19  # bytes of a file that is not held in memory
MOST_HELD: Final = 2 << 20  # bytes of files that are held together
MOST_TOGETHER: Final = 64  # documents
_LOST: Final = "the bytes of {} of {} are not in the store; `maild verify` tells more"
_UNREAD: Final = "the UBL of {} could not be read: its figures are not in the sums"
_FORMS: Final = {Role.PDF: Form.PDF, Role.UBL: Form.UBL, Role.ATTACHMENT: Form.ATTACHMENTS}


@dataclass(frozen=True, slots=True)
class Bundle:
    """A document with its files, ready to be written."""

    place: Place
    document: Document
    bill: Bill | None
    contents: tuple[Content, ...]
    held: tuple[Held, ...]
    missing: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """A document with what was read of it; nothing is compressed yet."""

    place: Place
    document: Document
    bill: Bill | None
    contents: dict[str, bytes | Loose]  # by sha256
    notes: tuple[str, ...] = ()


def together(
    places: Sequence[Place], found: dict[str, Document]
) -> Iterator[list[tuple[Place, Document]]]:
    """Documents in few enough bytes to be held at once, in order."""
    some: list[tuple[Place, Document]] = []
    size = 0
    for place in places:
        document = found[place.document]
        weight = sum(one.size for one in document.files if one.size <= LARGE)
        if some and (size + weight > MOST_HELD or len(some) >= MOST_TOGETHER):
            yield some
            some, size = [], 0
        some.append((place, document))
        size += weight
    if some:
        yield some


class Sheets:
    """Reads and prepares the files of one package."""

    def __init__(
        self, blobs: BlobStore, pages: Pages, *, team: Team, forms: Sequence[Form]
    ) -> None:
        self._blobs, self._pages, self._team = blobs, pages, team
        self._forms = frozenset(forms)
        self._names = Names()

    async def find(self, some: Sequence[tuple[Place, Document]]) -> list[Found]:
        """These documents with their files. Raises OSError when stored bytes are damaged."""
        contents = await self._contents(some)
        found = await asyncio.to_thread(_examined, some, contents)
        if Form.PDF in self._forms:
            found = list(await asyncio.gather(*map(self._with_page, found)))
        return found

    def bundles(self, found: Sequence[Found], pool: Executor) -> list[Bundle]:
        """These documents ready to be written; blocks. `pool` is where they are compressed.

        To be called in their order: it gives the files their names.
        """
        named = [(one, list(self._paths(one))) for one in found]
        packing = [
            [
                (file, path, _packed(one.contents.get(file.sha256), path, pool))
                for file, path in files
            ]
            for one, files in named
        ]
        return [
            self._bundle(one, [(file, path, content()) for file, path, content in files])
            for one, files in zip(found, packing, strict=True)
        ]

    def _bundle(self, found: Found, files: list[tuple[File, str, Content | None]]) -> Bundle:
        there = [(file, path, content) for file, path, content in files if content]
        roles = {file.role for file, _, _ in there}
        missing = [
            form.value
            for role, form in _FORMS.items()
            if form in self._forms and form is not Form.ATTACHMENTS and role not in roles
        ]
        lost = [file.name for file, _, content in files if content is None]
        return Bundle(
            place=found.place,
            document=found.document,
            bill=found.bill,
            contents=tuple(content for _, _, content in there),
            held=tuple(
                Held(path, file.role.value, file.size, file.sha256) for file, path, _ in there
            ),
            missing=tuple(missing),
            notes=(*found.notes, *(_LOST.format(name, found.document.id) for name in lost)),
        )

    async def _contents(self, some: Sequence[tuple[Place, Document]]) -> dict[str, bytes | Loose]:
        files = [file for _, document in some for file in document.files if self._is_read(file)]
        small = [one.sha256 for one in files if one.size <= LARGE]
        contents: dict[str, bytes | Loose] = dict(await self._blobs.several(small))
        for file in files:
            if file.size > LARGE and file.sha256 not in contents:
                try:
                    contents[file.sha256] = await self._loose(file)
                except NotFound:
                    continue
        return contents

    def _is_read(self, file: File) -> bool:
        # A UBL is read for its figures whether or not it is asked for.
        return file.role is Role.UBL or _FORMS.get(file.role) in self._forms

    async def _loose(self, file: File) -> bytes | Loose:
        content = await self._blobs.content(file.sha256, at_once=LARGE)
        if isinstance(content, bytes):
            return content
        return Loose("", file.size, lambda size, start: content.read(size, start=start))

    async def _with_page(self, found: Found) -> Found:
        document = found.document
        ubl = document.file(Role.UBL)
        content = found.contents.get(ubl.sha256) if ubl else None
        if document.file(Role.PDF) or found.bill is None or not isinstance(content, bytes):
            return found
        try:
            bill = await asyncio.to_thread(read, content)
        except DocumentError:
            return found  # what cannot be read whole is no page to show
        made = await self._pages.make(document, bill, ubl=content, team=self._team)
        if made is None:
            return found
        file, page = made
        return replace(
            found,
            document=replace(document, files=(*document.files, file)),
            contents=found.contents | {file.sha256: page},
        )

    def _paths(self, found: Found) -> Iterator[tuple[File, str]]:
        """The files that go in, each with its place: one PDF, one UBL, then what else came."""
        stem = found.place.stem
        for role, extension in ((Role.PDF, ".pdf"), (Role.UBL, ".xml")):
            file = found.document.file(role)
            if file and _FORMS[role] in self._forms:
                yield file, self._names.free(stem, extension)
        if Form.ATTACHMENTS in self._forms:
            for file in found.document.files:
                if file.role is Role.ATTACHMENT:
                    yield file, self._names.attachment(stem, file.name, file.media_type)


def _packed(
    content: bytes | Loose | None, path: str, pool: Executor
) -> Callable[[], Content | None]:
    """What gives a file ready to be written: begun here, waited for there."""
    if isinstance(content, bytes):
        return pool.submit(pack, path, content).result
    return lambda: content and replace(content, name=path)


def _examined(
    some: Sequence[tuple[Place, Document]], contents: dict[str, bytes | Loose]
) -> list[Found]:
    return [_examine(place, document, contents) for place, document in some]


def _examine(place: Place, document: Document, contents: dict[str, bytes | Loose]) -> Found:
    own = {one.sha256: contents[one.sha256] for one in document.files if one.sha256 in contents}
    ubl = document.file(Role.UBL)
    content = own.get(ubl.sha256) if ubl else None
    if isinstance(content, Loose):
        content = b"".join(content.pieces())
    if content is None:
        return Found(place, document, None, own)
    try:
        return Found(place, document, read_figures(content), own)
    except DocumentError:
        return Found(place, document, None, own, (_UNREAD.format(document.id),))
