"""How long it takes to read the figures of a PDF's pages, beside the text alone of the same pages.

Prints JSON lines. The peer is pypdfium2 extracting the plain text, of which nothing is understood; the
limits are 20 ms for the median document and 500 ms for the worst, with the totals solved. Over the text
documents of the corpus, or over invoices of our own where it is not at hand. A page that is a picture is
read by OCR within 4 s of processor, where the extra is installed: drawing, reading and figures, models loaded.

    python -m bench.reading_pdf [--rounds 3]
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pypdfium2

from bench._common import say
from maild.reading import ocr, pdf_jobs
from maild.reading.fields import read_fields
from maild.reading.packed import pack, unpack
from maild.reading.pdf import sheets_from
from tests.builders_page import an_invoice_page
from tests.builders_scan import a_scan

CORPUS = Path(__file__).resolve().parents[2] / "shared" / "corpus" / "purchase-pdf"
MEDIAN, WORST, PICTURE = 20.0, 500.0, 4_000.0  # milliseconds
SCANS = 5


def the_corpus() -> list[bytes]:
    """The text documents of the corpus; our own where there is none."""
    files = [one for one in sorted(CORPUS.glob("*.pdf")) if not one.name.startswith("scan-")]
    return [one.read_bytes() for one in files] or [an_invoice_page(at).content for at in range(50)]


def plain_text(content: bytes) -> object:
    """The text of all pages, in the order of the file."""
    document = pypdfium2.PdfDocument(content)
    return [document[at].get_textpage().get_text_range() for at in range(len(document))]


def figures(content: bytes) -> object:
    """Rows, candidates, totals and verdicts."""
    head, _ = unpack(pdf_jobs.words(content))
    return read_fields(sheets_from(head))


def ocr_figures(content: bytes) -> object:
    """The same of a scan's first page, in this process."""
    from maild.reading import ocr_jobs, scan_jobs  # noqa: PLC0415 - the extra may be missing

    sheet, *_ = sheets_from(unpack(pdf_jobs.words(content))[0])
    head, pixels = unpack(scan_jobs.pixels(bytes(4) + content))
    told, _ = unpack(ocr_jobs.lines(pack(head, pixels)))
    page = ocr.page_from(told, sheet, across=head["across"], down=head["down"])
    return read_fields(sheets_from({"sheets": [page]}))


def each(contents: Sequence[bytes], do: Callable[[bytes], object], *, rounds: int) -> list[float]:
    """Milliseconds of processor for each document, the best of some rounds."""
    best = []
    for content in contents:
        times = []
        for _ in range(rounds):
            began = time.process_time()
            do(content)
            times.append(time.process_time() - began)
        best.append(min(times) * 1000)
    return best


def main() -> None:
    """The median beside the peer, then beside the limit, then the worst."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    contents = the_corpus()
    text = statistics.median(each(contents, plain_text, rounds=rounds))
    read = each(contents, figures, rounds=rounds)
    median, facts = statistics.median(read), {"documents": len(contents)}
    say("reading_pdf.figures", median, unit="ms", peer="plain text", peer_value=text, **facts)
    say("reading_pdf.median", median, unit="ms", peer="limit", peer_value=MEDIAN)
    say("reading_pdf.worst", max(read), unit="ms", peer="limit", peer_value=WORST)
    if ocr.is_installed():
        scans = [a_scan(an_invoice_page(seed).content, askew=0.5) for seed in range(SCANS)]
        ocr_figures(scans[0])
        took = statistics.median(each(scans, ocr_figures, rounds=1))
        say("reading_pdf.picture", took, unit="ms", peer="limit", peer_value=PICTURE)


if __name__ == "__main__":
    main()
