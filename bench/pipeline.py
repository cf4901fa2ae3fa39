"""UBL in by SMTP, PDF made, mail out: how many documents a second go all the way.

Prints JSON lines. The peer is what as many PDF children do alone in the same run, with nothing else
to do: the pipeline should be bounded by them. Two processes of their own take part beside the
daemon, the sink and this one, which hands the mails in; all of them share the processors.

    python -m bench.pipeline [--count 300]
"""

from __future__ import annotations

import argparse
import asyncio
import os
import tempfile
import time
from pathlib import Path

import psutil

from bench._common import (
    PATIENCE,
    Mails,
    Sink,
    a_cheap_sink,
    a_daemon,
    an_invoice,
    post_all,
    say,
)
from maild.model.team import Branding
from maild.render.pdf import Renderer
from tests.spine import papers

AT_ONCE = 4
WARM = 8  # documents before the clock runs
LEAST = 20.0  # documents/s, and the share of the children's own rate
SHARE = 0.7


async def alone(count: int, *, lines: int, children: int) -> float:
    """Documents a second that the children make when nothing else is to be done."""
    renderer = Renderer(children)
    await renderer.start()
    contents = [an_invoice(f"A{at:09}", lines=lines) for at in range(count)]

    async def one(content: bytes) -> None:
        bill = papers.read(content)
        await renderer.pdf(bill, branding=Branding(), language="nl", ubl=content)

    await asyncio.gather(*(one(content) for content in contents[:WARM]))
    began = time.perf_counter()
    await asyncio.gather(*(one(content) for content in contents[WARM:]))
    took = time.perf_counter() - began
    await renderer.close()
    return (count - WARM) / took


def through(folder: Path, count: int, *, lines: int) -> tuple[float, float]:
    """Documents a second all the way, and the daemon's own milliseconds of processor time for each."""
    mails = Mails(lines=lines)
    with a_cheap_sink(folder / "sink") as sink, a_daemon(folder / "house", sink.port) as daemon:
        _carry(daemon.port, mails.more(WARM), sink=sink, arrived=2 * WARM)
        before = _cpu(daemon.process.pid)
        took = _carry(daemon.port, mails.more(count), sink=sink, arrived=2 * (WARM + count))
        cpu = _cpu(daemon.process.pid) - before
    return count / took, cpu / count * 1000


def _carry(port: int, mails: list[bytes], *, sink: Sink, arrived: int) -> float:
    """Hand them in and wait until so many mails, each whole and another, lie in the sink's folder."""
    began = time.perf_counter()
    post_all(port, mails, at_once=AT_ONCE)
    while not sink.has(arrived):
        if time.perf_counter() - began > PATIENCE:
            raise SystemExit("the mails did not arrive")
        time.sleep(0.02)
    took = time.perf_counter() - began
    ids = sink.message_ids()
    if not len(ids) == len(set(ids)) == arrived:
        raise SystemExit(
            f"{arrived} mails were to arrive; {len(ids)} came, {len(set(ids))} of them once"
        )
    return took


def _cpu(pid: int) -> float:
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


def main() -> None:
    """Short bills, whose PDFs are cheap, and bills of two pages."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=200)
    count = parser.parse_args().count
    children = min(os.cpu_count() or 1, 4)
    for lines in (1, 25):
        with tempfile.TemporaryDirectory(prefix="bench-pipeline-") as folder:
            # The peer before and after: other programs only ever slow either down.
            peers = [asyncio.run(alone(count, lines=lines, children=children))]
            rate, cpu = through(Path(folder), count, lines=lines)
            peers.append(asyncio.run(alone(count, lines=lines, children=children)))
        name, facts = f"pipeline.{lines}", {"lines": lines, "target": LEAST, "target_ratio": SHARE}
        peer = f"{children} PDF children alone"
        say(name, rate, unit="documents/s", peer=peer, peer_value=max(peers), **facts)
        say(f"{name}.daemon", cpu, unit="ms cpu/document", peer="none", peer_value=None)


if __name__ == "__main__":
    main()
