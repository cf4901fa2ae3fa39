"""The PDF of a document that came without one: made once and kept, as the outbox does."""

from __future__ import annotations

from functools import partial
from typing import Final

from maild.children import ChildDied, JobFailed
from maild.model.bill import Bill
from maild.model.document import Document, File, Role
from maild.model.team import Team
from maild.outbox.contents import Typesetter
from maild.outbox.enclosures import base_name
from maild.render.fields import language_of
from maild.render.templates import phrases
from maild.store import blobs, documents
from maild.store.blobs import BlobStore, Staged
from maild.store.database import Database, Tx

_PDF: Final = "application/pdf"


class Pages:
    """Makes the PDFs that are missing."""

    def __init__(self, db: Database, store: BlobStore, renderer: Typesetter) -> None:
        self._db, self._blobs, self._renderer = db, store, renderer

    async def make(
        self, document: Document, bill: Bill, *, ubl: bytes, team: Team
    ) -> tuple[File, bytes] | None:
        """The PDF of a bill, kept as a file of its document; None when it cannot be typeset."""
        # As the outbox makes it, so that both give one and the same file.
        language = language_of(document.language, otherwise=language_of(team.language))
        base = base_name(document, kind=phrases(language)["name"][document.kind.value])
        try:
            made = await self._renderer.render(
                bill, branding=team.branding, language=language, ubl=ubl, base_name=base
            )
        except (ChildDied, JobFailed):
            return None
        staged = await self._blobs.stage(made.content)
        file = File(Role.PDF, f"{base}.pdf", _PDF, staged.size, staged.sha256, made=True)
        await self._db.write(partial(_keep, document=document.id, file=file, staged=staged))
        return file, made.content


def _keep(tx: Tx, document: str, *, file: File, staged: Staged) -> None:
    blobs.keep(tx, staged)
    documents.add_file(tx, document, file)
