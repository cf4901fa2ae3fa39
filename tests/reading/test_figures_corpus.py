"""How much of the printed figures is read right on the public corpus, and whether proven means proven."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from maild.errors import UserError
from maild.intake.evaluation import evaluate
from maild.intake.figures import figures_of
from maild.intake.scores import is_same
from maild.reading.sandbox import Sandbox
from tests import builders_pdf as make

pytestmark = pytest.mark.anyio
RIGHT, PROVEN = 95.0, 99.5  # percent
CERTAIN = (
    "net_total",
    "vat_total",
    "gross_total",
    "amount_due",
    "iban",
    "supplier_vat",
    "structured_communication",
)


@pytest.fixture(scope="module")
async def sandbox() -> AsyncIterator[Sandbox]:
    made = Sandbox(1)
    yield made
    await made.close()


@pytest.fixture(scope="module")
async def told(
    sandbox: Sandbox, shared: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    """What `maild eval` says of the corpus, without the scans."""
    folder = tmp_path_factory.mktemp("texts")
    for file in (shared / "corpus/purchase-pdf").glob("*.*"):
        if not file.name.startswith("scan-"):
            (folder / file.name).symlink_to(file)
    return await evaluate(sandbox, folder)


async def test_of_the_printed_fields_nearly_all_are_right(told: dict[str, Any]) -> None:
    assert told["documents"] == 76
    assert told["all"]["right_percent"] >= RIGHT, told["wrong"]
    assert told["unreadable"] == []


async def test_what_is_called_proven_is_right(told: dict[str, Any]) -> None:
    assert told["all"]["proven_right_percent"] >= PROVEN
    assert told["all"]["proven"] > 400
    certain = {key: told["fields"][key] for key in CERTAIN}
    assert {
        key: one["proven"] - one["proven_right"] for key, one in certain.items()
    } == dict.fromkeys(CERTAIN, 0)


async def test_totals_that_contradict_each_other_are_never_proven(
    sandbox: Sandbox, shared: Path
) -> None:
    for name in ("nl-setu-1-1", "nl-ubl-1-1"):
        content = (shared / "corpus/purchase-pdf" / f"{name}.pdf").read_bytes()
        figures = await figures_of(sandbox, content)
        totals = [figures[key].verdict.value for key in CERTAIN[:4]]
        assert "proven" not in totals, name


async def test_a_folder_without_truth_says_what_is_missing(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    (tmp_path / "a.pdf").write_bytes(make.a_pdf())
    with pytest.raises(UserError, match=r"FILE\.json"):
        await evaluate(sandbox, tmp_path)


async def test_what_cannot_be_opened_counts_as_not_read(sandbox: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(b"%PDF-1.7 nothing")
    (tmp_path / "a.json").write_text(json.dumps({"gross_total": "1.00", "net_total": None}))
    told = await evaluate(sandbox, tmp_path)
    assert told["all"]["printed"] == 1
    assert told["all"]["right"] == 0
    assert [one.startswith("a.pdf: ") for one in told["unreadable"]] == [True]


@pytest.mark.parametrize(
    ("key", "value", "truth", "same"),
    [
        ("gross_total", "-12.10", "12.1", True),
        ("gross_total", "12.10", "12.11", False),
        ("iban", ["BE71 0961 2345 6769"], ["BE71096123456769"], True),
        ("supplier_name", "Janssens", "Janssens BV", True),
        ("invoice_number", "2026-1", "2026/1", True),
        ("invoice_number", None, "2026/1", False),
        (
            "vat_breakdown",
            [
                {"rate": "21", "base": "100.00", "vat": "21.00"},
                {"rate": "0", "base": "5.00", "vat": "0"},
            ],
            [
                {"rate": "21.0", "base": "100", "vat": "21.00"},
                {"rate": "0", "base": "2", "vat": "0"},
                {"rate": "0", "base": "3", "vat": "0"},
            ],
            True,
        ),
    ],
)
def test_values_are_compared_as_a_bookkeeper_would(
    key: str, value: Any, truth: Any, same: Any
) -> None:
    assert is_same(key, value, truth=truth) is same
