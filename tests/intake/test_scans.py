"""Scans and photos at the desk: read, never sure by their looks, and waiting for a person."""

from __future__ import annotations

import io
from datetime import date
from functools import partial

import pytest

from maild.model.delivery import HoldCode
from maild.model.figures import Verdict
from maild.store import readings
from tests.builders_scan import a_photo, a_scan
from tests.intake.conftest import World
from tests.intake.test_pages import PAPER, came, held, known

pytestmark = pytest.mark.anyio


async def test_a_scan_of_a_known_supplier_waits_with_its_figures_since_looks_prove_no_number(
    world: World,
) -> None:
    await known(world)
    filed = await came(world, a_scan(PAPER.page("2026-002", date(2026, 2, 13)), askew=0.5))
    assert await held(world, filed) == {("held", HoldCode.FIGURES)}
    reading = await world.db.read(partial(readings.of_document, document=filed.document.id))
    assert reading is not None
    number, gross = (reading.figures[key] for key in ("invoice_number", "gross_total"))
    assert (number["value"], number["verdict"]) == ("2026-002", Verdict.LIKELY)
    assert (gross["value"], gross["verdict"]) == ("121.00", Verdict.PROVEN)


async def test_a_photo_is_read_as_a_scan_is(world: World) -> None:
    photo = io.BytesIO()
    a_photo(PAPER.page("2026-003", date(2026, 3, 13))).save(photo, "JPEG")
    filed = await came(world, photo.getvalue(), name="photo.jpg")
    reading = await world.db.read(partial(readings.of_document, document=filed.document.id))
    assert reading is not None
    assert reading.figures["invoice_number"]["value"] == "2026-003"
    assert reading.figures["gross_total"]["verdict"] == Verdict.PROVEN
