"""Pages of PDFs that tests made themselves, read in this process: nothing of them is foreign."""

from __future__ import annotations

from maild.reading import pdf_jobs
from maild.reading.packed import unpack
from maild.reading.pdf import sheets_from
from maild.reading.rows import Sheet


def sheets_of(content: bytes) -> tuple[Sheet, ...]:
    """The rows of a PDF."""
    head, _ = unpack(pdf_jobs.words(content))
    return sheets_from(head)
