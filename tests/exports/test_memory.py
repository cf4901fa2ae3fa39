"""The memory of a large package, which does not grow with the period."""

from __future__ import annotations

import os
import zipfile
from datetime import UTC, date, datetime
from pathlib import Path

from tests.builders_bill import a_bill
from tests.exports.conftest import Books
from tests.exports.measured import measured
from tests.spine.house import configured

MOST = 150  # megabytes, as issue C part 5 asks
SMALL, LARGE = 300, 50


async def test_a_large_period_fits_into_little_memory(books: Books, tmp_path: Path) -> None:
    # 30 MB in files that are held together, 150 MB in files that are too large for that.
    for number in range(SMALL + LARGE):
        size = 100_000 if number < SMALL else 3_000_000
        bill = a_bill(number=f"F-{number:04}", issued_on=date(2026, 3, 1 + number % 31))
        await books.file(
            bill, pdf=b"%PDF-1.7" + os.urandom(size), accepted_at=datetime(2026, 4, 1, tzinfo=UTC)
        )
    await books.db.close()
    state = tmp_path / "state"
    state.mkdir()
    for name in ("maild.db", "blobs"):
        (tmp_path / name).rename(state / name)
    (tmp_path / "maild.toml").write_text(configured(9))
    done = measured(tmp_path, "export", "acme", "2026-03", "--out", "march.zip", within=300)
    with zipfile.ZipFile(tmp_path / "march.zip") as archive:
        assert sum("/" in name for name in archive.namelist()) == 2 * (SMALL + LARGE)
        assert (tmp_path / "march.zip").stat().st_size > 175_000_000
    assert done.megabytes < MOST
