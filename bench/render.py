"""How fast bills become PDFs: first, warm, 500 lines, many at once, how much memory it takes.

Prints JSON lines. The peer is the same content by hand-coded reportlab in the same run: plain PDF, no
tags, no PDF/A, no attachment, its layout in Python code (rendering.md section 2 takes it as the
yardstick). Read the ratios, the absolute figures belong to the machine. Targets are those of
rendering.md section 8.

    python bench/render.py [--count 60]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import time
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import psutil
import segno
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.platypus import Image, Paragraph, SimpleDocTemplate, Spacer, Table

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from maild.model.bill import Bill
from maild.model.team import Branding
from maild.render.payment import epc_payload
from maild.render.pdf import Renderer
from maild.render.view import view
from tests.render.bills import a_bill

LOOK = Branding()
UBL = b"<Invoice>" + b"<Line/>" * 2000 + b"</Invoice>"


def say(name: str, value: float, *, unit: str, target: float | None, **more: object) -> None:
    """Print one figure."""
    known = {"bench": name, "value": round(value, 3), "unit": unit, "target": target}
    print(json.dumps({**known, **more}))


def bills(count: int, *, lines: int) -> list[Bill]:
    """Bills that differ, so that nothing answers from a cache."""
    return [replace(a_bill(lines=lines), number=f"2026-{at:05}") for at in range(count)]


def by_reportlab(bill: Bill) -> bytes:
    """The peer: the same strings and code, laid out by hand."""
    shown: dict[str, Any] = view(bill, branding=LOOK, language="nl")
    style = getSampleStyleSheet()["BodyText"]
    code = BytesIO()
    segno.make_qr((epc_payload(bill) or "").encode(), error="m").save(code, kind="png", scale=4)
    rows = [["", "Omschrijving", "Aantal", "", "Prijs", "Btw", "Bedrag"]]
    for line in shown["lines"]:
        text = Paragraph("<br/>".join([line["name"], *line["details"]]), style)
        columns = [line[key] for key in ("quantity", "unit", "price", "vat", "net")]
        rows.append([line["no"], text, *columns])
    story = [
        Paragraph("<br/>".join([shown["seller"]["name"], *shown["seller"]["address"]]), style),
        Paragraph("<br/>".join([shown["buyer"]["name"], *shown["buyer"]["address"]]), style),
        Table(shown["meta"]),
        Paragraph(f"{shown['title']} {shown['number']}", getSampleStyleSheet()["Title"]),
        Table(rows, repeatRows=1, colWidths=[20, 200, 50, 40, 55, 40, 60]),
        Table([[row["rate"], row["base"], row["amount"]] for row in shown["taxes"]]),
        Table([*shown["totals"], (shown["payable"]["label"], shown["payable"]["value"])]),
        Spacer(1, 12),
        Image(BytesIO(code.getvalue()), 80, 80),
        Table(shown["panel"]["rows"]),
    ]
    out = BytesIO()
    SimpleDocTemplate(out, pagesize=A4, invariant=1).build(story)
    return out.getvalue()


def cpu_of(renderer: Renderer) -> float:
    """Seconds of processor time that the children have used."""
    times = [psutil.Process(pid).cpu_times() for pid in renderer.pids]
    return float(sum(one.user + one.system for one in times))


def peer_cpu(work: list[Bill]) -> float:
    """Milliseconds of processor time that the peer takes for each."""
    by_reportlab(work[0])
    before = time.process_time()
    for bill in work:
        by_reportlab(bill)
    return (time.process_time() - before) / len(work) * 1000


async def warm(renderer: Renderer, *, count: int) -> None:
    """One after another, 25 lines on 2 pages; the daemon's own share is told apart."""
    work, walls = bills(count, lines=25), []
    await renderer.pdf(work[0], branding=LOOK, language="nl", ubl=UBL)
    child, ours = cpu_of(renderer), time.process_time()
    for bill in work:
        start = time.perf_counter()
        size = len(await renderer.pdf(bill, branding=LOOK, language="nl", ubl=UBL))
        walls.append((time.perf_counter() - start) * 1000)
    ours = (time.process_time() - ours) / count * 1000
    child = (cpu_of(renderer) - child) / count * 1000
    peer = peer_cpu(work)
    ratio = {"peer": "reportlab", "peer_value": round(peer, 1), "ratio": round(child / peer, 2)}
    # 65 for the page and 12 for packing it.
    say("render.warm", child, unit="ms cpu", target=77, **ratio)
    say("render.warm.daemon", ours, unit="ms cpu", target=None)
    say("render.warm.p50", statistics.median(walls), unit="ms wall", target=80)
    say("render.warm.p95", sorted(walls)[int(count * 0.95)], unit="ms wall", target=150)
    say("render.size", size / 1000, unit="kB", target=60)


async def large() -> None:
    """500 lines, in a child of its own, with the memory it leaves behind."""
    renderer = Renderer(1)
    await renderer.pdf(a_bill(), branding=LOOK, language="nl", ubl=UBL)
    (pid,) = renderer.pids
    (bill,) = bills(1, lines=500)
    start = time.perf_counter()
    work = asyncio.create_task(renderer.pdf(bill, branding=LOOK, language="nl", ubl=UBL))
    peak = 0
    while not work.done():
        await asyncio.sleep(0.02)
        if psutil.pid_exists(pid):
            peak = max(peak, psutil.Process(pid).memory_info().rss)
    took = time.perf_counter() - start
    await renderer.close()
    peer = peer_cpu([bill]) / 1000
    ratio = {"peer": "reportlab", "peer_value": round(peer, 2), "ratio": round(took / peer, 2)}
    say("render.500", took, unit="s wall", target=1.2, **ratio)
    say("render.500.memory", peak / (1 << 20), unit="MB", target=400)


async def together(renderer: Renderer, *, count: int) -> None:
    """As many as the children can take."""
    work = bills(count, lines=25)
    start = time.perf_counter()
    jobs = (renderer.pdf(one, branding=LOOK, language="nl", ubl=UBL) for one in work)
    await asyncio.gather(*jobs)
    rate = count / (time.perf_counter() - start)
    memory = max(psutil.Process(pid).memory_info().rss for pid in renderer.pids)
    say("render.throughput", rate, unit="documents/s, 2 children", target=25)
    say("render.memory", memory / (1 << 20), unit="MB, largest child", target=150)


async def first() -> None:
    """From asking for the first child to the first bill."""
    start = time.perf_counter()
    renderer = Renderer(1)
    await renderer.start()
    await renderer.pdf(a_bill(lines=25), branding=LOOK, language="nl", ubl=UBL)
    say("render.first", time.perf_counter() - start, unit="s wall", target=0.25)
    await renderer.close()


async def main(count: int) -> None:
    """Run them all."""
    await first()
    renderer = Renderer(2)
    await renderer.start()
    await warm(renderer, count=count)
    await together(renderer, count=2 * count)
    await renderer.close()
    await large()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=60)
    asyncio.run(main(parser.parse_args().count))
