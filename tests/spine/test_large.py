"""Large mails: what they cost the daemon while they come in."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psutil
import pytest

from maild.reading.wrap import wrap
from tests.spine import papers
from tests.spine.conftest import Shared
from tests.spine.post import TEAM

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
