"""How long it takes to read a UBL, to decide about it, to take it out of its mail, and to write one.

Prints JSON lines. The peer of reading is the floor that einvoicing.md section 3 names: lxml parses
and checks the same bytes against the OASIS schema, and nothing is understood; where the schemas are
not at hand, parsing alone. The peer of writing is lxml serialising the finished tree. Medians over
the whole documents of the corpus, or over a bill of our own where the corpus is not at hand.

    python -m bench.reading [--rounds 5]
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from lxml import etree

from bench._common import an_invoice, say
from maild import teams
from maild.errors import MaildError
from maild.intake.extract import extract
from maild.model.document import Document
from maild.model.team import Team
from maild.reading import mime
from maild.reading.wrap import wrap
from maild.rules.decide import decide
from maild.ubl import document as ubl
from maild.ubl import xml
from tests.builders_rules import a_document
from tests.spine.house import configured

SHARED = Path(__file__).resolve().parents[2] / "shared"
NOW = datetime(2026, 3, 27, 12, tzinfo=UTC)
MOST = 2.0  # milliseconds for reading and deciding
Thing = TypeVar("Thing")


def milliseconds(things: Iterable[Thing], do: Callable[[Thing], object], *, rounds: int) -> float:
    """The median over all things of the best of some rounds each."""
    best = []
    for thing in things:
        times = []
        for _ in range(rounds):
            began = time.perf_counter()
            do(thing)
            times.append(time.perf_counter() - began)
        best.append(min(times) * 1000)
    return statistics.median(best)


def the_corpus() -> list[bytes]:
    """Whole invoices and credit notes that maild takes; our own where there is no corpus."""
    expected = SHARED / "corpus" / "ubl" / "expected.jsonl"
    if not expected.is_file():
        return [an_invoice("2026-1", lines=lines) for lines in (1, 2, 3, 5, 10)]
    found = []
    for line in expected.read_text("utf-8").splitlines():
        row = json.loads(line)
        if row["kind"] == "document" and row["root"] in {"Invoice", "CreditNote"}:
            content = (expected.parent / row["file"]).read_bytes()
            try:
                ubl.read(content)
            except MaildError:
                continue
            found.append(content)
    return found


def the_floor() -> tuple[str, Callable[[bytes], object]]:
    """What lxml does with the same bytes: parse, and check against the schema where it is at hand."""
    folder = SHARED / "artefacts" / "oasis-ubl-2.1" / "xsdrt" / "maindoc"
    if not folder.is_dir():
        return "lxml parse", etree.fromstring
    schemas = {
        root: etree.XMLSchema(etree.parse(folder / f"UBL-{root}-2.1.xsd"))
        for root in ("Invoice", "CreditNote")
    }

    def check(content: bytes) -> object:
        root = etree.fromstring(content)
        return schemas[etree.QName(root).localname].validate(root)

    return "lxml parse and XSD", check


def the_team() -> Team:
    """The team of the first configuration."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "maild.toml"
        file.write_text(configured(9), encoding="utf-8")
        [team] = teams.check(file).teams
    return team


def main() -> None:
    """Each alone, then all that happens to a mail before it is stored."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    contents, team = the_corpus(), the_team()
    bills = [ubl.read(content) for content in contents]
    peer, floor = the_floor()
    lowest = milliseconds(contents, floor, rounds=rounds)
    reading = milliseconds(contents, ubl.read, rounds=rounds)
    facts = {"documents": len(contents)}
    say("reading.read", reading, unit="ms", peer=peer, peer_value=lowest, **facts)
    papers = [replace(a_document(), bill=bill) for bill in bills]

    def judge(one: Document) -> object:
        return decide(team, one, now=NOW)

    deciding = milliseconds(papers, judge, rounds=rounds)
    both = reading + deciding
    say("reading.decide", deciding, unit="ms", peer="reading", peer_value=reading)
    say("reading.read_and_decide", both, unit="ms", peer="limit", peer_value=MOST)
    raws = [wrap([("f.xml", content)]) for content in contents]
    foreign = replace(team, vat=())  # the tag says what they are: their sellers are not this team

    def take(raw: bytes) -> object:
        return extract(mime.read(raw), team=foreign, tag="invoice")

    taking = milliseconds(raws, take, rounds=rounds)
    say("reading.from_the_mail", taking, unit="ms", peer="limit", peer_value=MOST)
    trees = [xml.parse(content) for content in contents]
    serialising = milliseconds(trees, etree.tostring, rounds=rounds)
    ours = [an_invoice("2026-1", lines=lines) for lines in (1, 2, 3, 5, 10)]
    writing = milliseconds([ubl.read(one) for one in ours], ubl.write, rounds=rounds)
    say("reading.write", writing, unit="ms", peer="lxml tostring", peer_value=serialising)
    large = an_invoice("2026-1", lines=1000)
    thousand = milliseconds([large], ubl.read, rounds=rounds)
    say(
        "reading.1000_lines",
        thousand,
        unit="ms",
        peer=peer,
        peer_value=milliseconds([large], floor, rounds=rounds),
    )


if __name__ == "__main__":
    main()
