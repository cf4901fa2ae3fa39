"""The document of an entry and the files attached to it: what is there stays, what is missing comes.

The entry is booked first and the document names it, so that a try that was cut short leaves a booked
entry whose document is completed, and no document without an entry (exact_online.md A4, way 2).
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from functools import partial
from typing import Final

from maild.connectors.exact_answers import Row, day, guid, text
from maild.connectors.exact_api import Books
from maild.connectors.exact_booking import Booking
from maild.errors import DeliveryError, Doubtful
from maild.model.delivery import Content, Enclosure

DOCUMENTS: Final = "documents/Documents"
ATTACHMENTS: Final = "documents/DocumentAttachments"
_PIECE: Final = 3 << 18  # octets; a multiple of three, so that pieces of base64 join


async def find_document(books: Books, booking: Booking, *, party: str, entry: Row) -> str | None:
    """The key of an entry's document; None when it has none yet."""
    if known := entry.get("Document"):
        return str(known)
    where = f"Subject eq {text(booking.subject)} and Account eq {guid(party)}"
    select = "ID,FinancialTransactionEntryID"
    rows = await books.rows(DOCUMENTS, where=where, select=select)
    ours = [row for row in rows if row.get("FinancialTransactionEntryID") == entry["EntryID"]]
    return str(ours[0]["ID"]) if ours else None


async def make_document(books: Books, booking: Booking, *, party: str, entry: Row) -> str:
    """Add the document of an entry; its key. Where no answer came, the one that was added after all."""
    values = {
        **booking.document_values,
        "Subject": booking.subject,
        "Type": booking.document_type,
        "Account": party,
        "DocumentDate": day(booking.booked_on),
        "FinancialTransactionEntryID": entry["EntryID"],
    }
    find = partial(find_document, books, booking, party=party, entry=entry)
    try:
        return str((await books.create(DOCUMENTS, values))["ID"])
    except Doubtful as fault:
        return await _after_all(find, fault)


async def attached(books: Books, document: str) -> frozenset[str]:
    """The names of the files that a document has."""
    where = f"Document eq {guid(document)}"
    rows = await books.rows(ATTACHMENTS, where=where, select="ID,FileName")
    return frozenset(str(row.get("FileName")) for row in rows)


async def attach(books: Books, document: str, *, files: Sequence[Enclosure]) -> None:
    """Add files to a document. Raises Refused, Doubtful, Unavailable."""
    for file in files:
        head = {"Document": document, "FileName": file.name}
        before = json.dumps(head)[:-1].encode() + b', "Attachment": "'
        size = len(before) + 4 * -(-len(file.content) // 3) + len(_END)
        body = partial(_body, before, file.content)
        try:
            await books.send(ATTACHMENTS, body, length=size)
        except Doubtful as fault:
            await _after_all(partial(_find_file, books, document, name=file.name), fault)


_END: Final = b'"}'


async def _body(before: bytes, content: Content) -> AsyncIterator[bytes]:
    """The JSON of an attachment, piece by piece: a large file is never held as base64."""
    yield before
    for start in range(0, len(content), _PIECE):
        if isinstance(content, bytes):
            piece = content[start : start + _PIECE]
        else:
            piece = await asyncio.to_thread(content.read, _PIECE, start=start)
        yield base64.b64encode(piece)
    yield _END


async def _find_file(books: Books, document: str, *, name: str) -> str | None:
    return name if name in await attached(books, document) else None


async def _after_all(find: Callable[[], Awaitable[str | None]], fault: Doubtful) -> str:
    """What was added though no answer came. Raises the fault when it is not there."""
    try:
        found = await find()
    except DeliveryError:
        raise fault from None
    if found is None:
        raise fault
    return found
