"""Packages as their user has them: asked for on the command line, opened by another program."""

from __future__ import annotations

import io
import json
import re
import zipfile
from pathlib import Path

import pytest

from tests.spine import papers
from tests.spine.conftest import Running
from tests.spine.house import ACCOUNTANT, SHADOW, House, configured
from tests.spine.post import TEAM, a_mail, files_of
from tests.spine.sinks import Sink


@pytest.fixture
def filled(house: House) -> House:
    """A house whose team has two invoices and a credit note of March, and a purchase."""
    house.write(configured(9, SHADOW))
    for name, content in (
        ("a.xml", papers.invoice("F-001")),
        ("b.xml", papers.invoice("F-003")),
        ("c.xml", papers.credit_note("C-001")),
        ("d.xml", papers.purchase("P-001")),
    ):
        (house.folder / name).write_bytes(content)
        assert house.maild("send", name, "--team", "acme").code == 0
    return house


def test_the_package_of_a_period_is_a_file_that_says_what_is_in_it(filled: House) -> None:
    said = filled.maild("export", "acme", "2026", "--out", "year.zip")
    assert said.code == 0, said.err
    assert re.match(r"year\.zip: 4 documents of 2026, [0-9.]+ MB, sha256 [0-9a-f]{64}\n", said.out)
    assert "gap in the numbers of invoices: F-002" in said.err
    with zipfile.ZipFile(filled.folder / "year.zip") as archive:
        assert archive.testzip() is None
        index = json.loads(archive.read("index.json"))
        assert [one["number"] for one in index["documents"]] == ["P-001", "C-001", "F-001", "F-003"]
        # No PDF came along; a real child made each.
        pages = [name for name in archive.namelist() if name.endswith(".pdf")]
        assert len(pages) == 4
        assert archive.read(pages[0]).startswith(b"%PDF-1.7")
    [made] = filled.json("export", "acme", "2026", "--out", "again.zip")
    assert made["count"] == 4
    assert made["vat"] == index["vat"]


def test_what_nobody_can_mean_is_said_at_once_and_nothing_is_written(filled: House) -> None:
    said = filled.maild(
        "export", "acme", "2026", "--out", "x.zip", "--kinds", "invoyce,quote", "--formats", "doc"
    )
    assert said.code == 2
    assert '--kinds: "invoyce" is not known; did you mean "invoice"?' in said.err
    assert '--formats: "doc" is not known; there are pdf, ubl, attachments, csv, xlsx' in said.err
    for period in ("2026-13", "march", "2026-03-01T14Z"):
        assert filled.maild("export", "acme", period, "--out", "x.zip").code == 2
    assert filled.maild("export", "acne", "2026", "--out", "x.zip").code == 67
    said = filled.maild("export", "acme", "2026", "--out", "nowhere/x.zip")
    assert (said.code, said.err.splitlines()[0]) == (
        2,
        "nowhere/x.zip cannot be written: No such file or directory",
    )
    assert not list(filled.folder.glob("*.zip"))


def test_what_is_asked_for_decides_what_is_in_it(filled: House) -> None:
    made = filled.json(
        "export", "acme", "2026", "--out", "x.zip",
        "--direction", "sales", "--kinds", "invoice", "--formats", "ubl,csv", "--dialect", "rfc4180",
    )  # fmt: skip
    assert made[0]["count"] == 2
    with zipfile.ZipFile(filled.folder / "x.zip") as archive:
        assert [name for name in archive.namelist() if "/" in name] == [
            "sales/invoice/2026-03-02_F-001_Beta NV.xml",
            "sales/invoice/2026-03-02_F-003_Beta NV.xml",
        ]
        assert archive.read("index.csv").startswith(b"part,direction,kind,number,")


def test_nobody_else_may_read_the_file_and_nothing_is_left_beside_it(filled: House) -> None:
    assert filled.maild("export", "acme", "last-month", "--out", "empty.zip").code == 0
    path = filled.folder / "empty.zip"
    assert path.stat().st_mode & 0o777 == 0o600
    names = {one.name for one in Path(filled.folder).iterdir() if one.is_file()}
    assert names <= {"maild.toml", "empty.zip", "a.xml", "b.xml", "c.xml", "d.xml"}


def test_a_package_for_a_recipient_leaves_by_the_outbox_with_the_archive(
    house: House, sink: Sink, run: Running
) -> None:
    daemon = run()
    daemon.hand_in(a_mail(("f.xml", papers.invoice("F-001"))), TEAM)
    house.settled("F-001", "handed_over", "handed_over")
    [made] = house.json("export", "acme", "2026", "--to", "accountant")
    shown = house.settled("2026", "handed_over")
    assert shown["id"] == made["document"]
    assert (shown["kind"], shown["files"][0]["role"]) == ("export", "archive")
    [mail] = [one for one in sink.to(ACCOUNTANT) if one["subject"].startswith("Export")]
    assert mail["subject"] == "Export 2026 van Acme BV"
    [(name, content)] = files_of(mail).items()
    assert name == "acme_2026.zip"
    with zipfile.ZipFile(io.BytesIO(content)) as opened:
        assert "index.json" in opened.namelist()
        assert sum(name.endswith(".pdf") for name in opened.namelist()) == 1


def test_a_machine_inbox_and_a_stranger_get_no_package(filled: House) -> None:
    said = filled.maild("export", "acme", "2026", "--to", "books", "--to", "acountant")
    assert said.code == 2
    assert '"books" (yuki) takes no packages, bills only' in said.err
    assert '"acountant" is no recipient of team acme; did you mean "accountant"?' in said.err
    assert filled.maild("export", "acme", "2026").code == 2
