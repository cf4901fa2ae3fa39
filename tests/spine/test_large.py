"""Large mails: what they cost the daemon while they come in and go out."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psutil
import pytest

from maild.reading.wrap import wrap
from tests.spine import papers
from tests.spine.conftest import Running, Shared
from tests.spine.house import ACCOUNTANT, BOOKS
from tests.spine.post import TEAM
from tests.spine.sinks import Sink

MB = 1_000_000
A_PDF = b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\n" + random.Random(1).randbytes(13 * MB)


def beside() -> bytes:
    return wrap([("f.xml", papers.invoice("LARGE-1")), ("f.pdf", A_PDF)])


def inside() -> bytes:
    return wrap([("f.xml", papers.with_pdf_inside("LARGE-2", A_PDF))])


@contextmanager
def watched(pid: int) -> Iterator[list[int]]:
    """The most resident memory that a process had meanwhile, in the one place of the list."""
    process = psutil.Process(pid)
    most, stop = [process.memory_info().rss], threading.Event()

    def look() -> None:
        while not stop.wait(0.01):
            most[0] = max(most[0], process.memory_info().rss)

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield most
    finally:
        stop.set()
        thread.join()


@pytest.mark.parametrize("make", [beside, inside])
def test_a_large_mail_hardly_costs_memory(open_door: Shared, make: Callable[[], bytes]) -> None:
    """The PDF may lie beside its UBL or inside it; in the daemon neither is ever held whole."""
    daemon = open_door.daemon
    # Everything that is loaded once is there after a first mail of the kind.
    small = wrap([("a.xml", papers.invoice(f"SMALL-{make.__name__}"))])
    assert daemon.hand_in(small, TEAM).code == 250
    before = psutil.Process(daemon.process.pid).memory_info().rss
    with watched(daemon.process.pid) as most:
        assert daemon.hand_in(make(), TEAM).code == 250
    assert most[0] - before < 20 * MB


def beside_of(number: str, pdf: bytes) -> bytes:
    return wrap([("f.xml", papers.invoice(number)), ("f.pdf", pdf)])


def inside_of(number: str, pdf: bytes) -> bytes:
    return wrap([("f.xml", papers.with_pdf_inside(number, pdf))])


@pytest.mark.parametrize("make", [beside_of, inside_of])
def test_large_mails_hardly_cost_memory_on_their_way_out(
    run: Running, sink: Sink, make: Callable[[str, bytes], bytes]
) -> None:
    """Three of them to two inboxes each, which is six messages under way together."""
    daemon = run(
        (
            'address = "Acme.Verkoop@Inbox.Example", profile = "yuki"',
            'address = "Acme.Verkoop@Inbox.Example", profile = "mailbox"',
        )
    )
    assert daemon.hand_in(wrap([("a.xml", papers.invoice("SMALL"))]), TEAM).code == 250
    sink.wait_for(ACCOUNTANT)
    sink.wait_for(BOOKS)
    before = psutil.Process(daemon.process.pid).memory_info().rss
    with watched(daemon.process.pid) as most:
        for n in range(3):
            large = make(f"LARGE-{n}", A_PDF + str(n).encode())
            assert daemon.hand_in(large, TEAM).code == 250
        sink.wait_for(ACCOUNTANT, count=4)
        sink.wait_for(BOOKS, count=4)
    assert most[0] - before < 40 * MB
