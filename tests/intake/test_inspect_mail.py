"""What `maild inspect` says of a mail: its files, its documents, what it reports; and never a traceback."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from maild.intake.inspect_mail import Inspector, is_mail
from maild.intake.opening import Opener
from maild.reading.reader import MailReader
from maild.reading.sandbox import Sandbox
from maild.store.spool import Spool
from tests.intake.conftest import A_PDF, a_mail, a_purchase, a_team, an_invoice


@pytest.fixture
async def inspector(tmp_path: Path) -> AsyncIterator[Inspector]:
    sandbox = Sandbox(1)
    reader = MailReader(sandbox, lambda: Spool(tmp_path))
    yield Inspector(reader, Opener(sandbox), a_team())
    await sandbox.close()


def a_zip(*files: tuple[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in files:
            archive.writestr(name, content)
    return out.getvalue()


async def test_a_mail_is_shown_with_its_files_and_each_document_with_its_pdf(
    inspector: Inspector,
) -> None:
    inside = a_zip(("b.xml", a_purchase("L-77")), ("b.pdf", A_PDF + b"2"), ("AGB.pdf", A_PDF))
    raw = a_mail(("a.xml", an_invoice()), ("b.zip", inside), ("scan F99.pdf", A_PDF + b"3"))
    seen = await inspector.inspect("mails/x.eml", raw)
    assert (seen["file"], seen["kind"], seen["verdict"]) == ("mails/x.eml", "mail", "documents")
    assert [(one["name"], one["path"]) for one in seen["attachments"]] == [
        ("a.xml", []),
        ("b.xml", ["b.zip"]),
        ("b.pdf", ["b.zip"]),
        ("AGB.pdf", ["b.zip"]),
        ("scan F99.pdf", []),
    ]
    told = [(one["kind"], one["number"], one["direction"]) for one in seen["documents"]]
    assert told == [
        ("invoice", "2026-001", "sales"),
        ("invoice", "L-77", "purchase"),
        ("other", "F99", None),
    ]
    assert [one["name"] for one in seen["documents"][1]["attachments"]] == ["b.pdf"]
    assert (seen["returns"], seen["problems"]) == ([], [])


async def test_an_archive_is_shown_as_a_mail_with_it_would_be(inspector: Inspector) -> None:
    seen = await inspector.inspect("bills.zip", a_zip(("f.xml", an_invoice())))
    assert (seen["kind"], seen["documents"][0]["number"]) == ("mail", "2026-001")


async def test_a_mail_without_files_holds_nothing(inspector: Inspector) -> None:
    seen = await inspector.inspect("x.eml", b"Subject: hello\r\n\r\nhello")
    assert (seen["verdict"], seen["attachments"], seen["problems"]) == ("nothing", [], [])


async def test_a_broken_bill_in_a_mail_is_named_with_what_is_wrong(inspector: Inspector) -> None:
    seen = await inspector.inspect("x.eml", a_mail(("f.xml", b'<?xml version="1.0"?><Invoice>')))
    assert seen["documents"] == []
    [problem] = seen["problems"]
    assert problem["where"].startswith("f.xml")


async def test_a_mail_out_of_bounds_says_so(inspector: Inspector) -> None:
    seen = await inspector.inspect("x.eml", b"Subject: " + b"x" * 20_000 + b"\r\n\r\n")
    assert (seen["kind"], seen["verdict"]) == ("mail", "nothing")
    assert "longer than 16,000" in seen["problems"][0]["message"]


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("x.EML", b"anything", True),
        ("x", b"From owner Mon Nov 2\nSubject: x\n\n", True),
        ("x", b"\n\nrubbish\nReceived: from a\n\n", True),
        ("x", b"Odd-Header: x\r\n\r\n%PDF-1.4", True),
        ("x", b"%PDF-1.4\nFrom: x", False),
        ("x", b'{"Subject: x": 1}', False),
        ("x", b"<a>\nSubject: x", False),
        ("x", b"just words", False),
        ("x", b"", False),
    ],
)
def test_a_mail_is_told_by_its_name_or_its_head(
    name: str, content: bytes, *, expected: bool
) -> None:
    assert is_mail(name, content) is expected


async def test_every_mail_of_the_corpora_is_shown_as_what_it_is(
    inspector: Inspector, shared: Path
) -> None:
    """Each file of an exact message by its hash; each report by its verdict; no other mail as one."""
    wrong = []
    for folder in ("mime", "bounces"):
        lines = (shared / "corpus" / folder / "index.jsonl").read_text().splitlines()
        for line in map(json.loads, lines):
            path = shared / "corpus" / folder / line["file"]
            seen = await inspector.inspect(path.name, path.read_bytes())
            assert set(seen) == KEYS
            if seen["kind"] != "mail" or not fits(seen, line, path.name):
                wrong.append(line["file"])
    assert wrong == []


KEYS = {"file", "kind", "verdict", "attachments", "documents", "returns", "problems"}


def fits(seen: dict[str, Any], line: dict[str, Any], name: str) -> bool:
    if "facts" not in line:
        return True  # how reports are read is judged in tests/reading
    if not line["facts"].get("exact"):
        return True
    wanted = {
        one["sha256"]
        for one in line["facts"]["attachments"]
        if not any(one.get(key) for key in ("may_differ", "damaged", "body", "newline_note"))
    }
    report = seen["verdict"] in {"bounce", "receipt", "feedback"}
    return wanted <= {one["sha256"] for one in seen["attachments"]} and not report
