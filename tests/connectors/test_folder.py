from __future__ import annotations

import asyncio
import contextlib
import os
import threading
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from maild.connectors.folder import FolderConnector
from maild.errors import Unavailable
from maild.model.delivery import Parcel
from maild.model.document import Role
from tests.connectors import relay_contract
from tests.connectors.conftest import Crossing
from tests.connectors.goods import THE_PDF, a_relay_parcel, an_enclosure, goods
from tests.connectors.relay_contract import Stop, stop


@dataclass
class FolderBench:
    """A folder on the disk."""

    path: Path

    @property
    def connector(self) -> FolderConnector:
        return FolderConnector("archive", self.path)

    def parcel(self, number: str) -> Parcel:
        return a_relay_parcel(goods(number))

    def there(self) -> list[str]:
        return [name.split("_")[2] for name in self.names()]

    def names(self) -> list[str]:
        """What somebody who looks there sees."""
        found = self.path.glob("acme/*")
        return sorted(one.name for one in found if not one.name.startswith("."))

    async def cut(self, parcel: Parcel, *, step: int) -> bool:
        if step == 1:  # the files are written, and have not taken their place
            with contextlib.suppress(Stop):
                await self.connector.deliver(parcel, point_of_no_return=stop)
            return True
        await self.connector.deliver(parcel, point_of_no_return=Crossing())
        return False

    async def go_away(self) -> None:
        self.path.rmdir()


@pytest.fixture
def bench(tmp_path: Path) -> FolderBench:
    path = tmp_path / "out"
    path.mkdir()
    return FolderBench(path)


class TestFolder(relay_contract.RelayContract):
    """The contract."""


async def test_a_document_has_a_folder_whose_name_sorts_and_its_files_in_it(
    bench: FolderBench,
) -> None:
    parcel = a_relay_parcel(goods("2026/0412", id="d-1"))
    reply = await bench.connector.deliver(parcel, point_of_no_return=Crossing())
    assert bench.names() == ["2026-03-01_invoice_2026-0412_d-1"]
    place = bench.path / "acme" / bench.names()[0]
    assert reply == str(place)
    assert parcel.consignment
    assert {one.name: one.read_bytes() for one in place.iterdir()} == {
        file.name: file.content for file in parcel.consignment.files
    }


async def test_a_large_file_is_copied_from_the_disk_piece_by_piece(bench: FolderBench) -> None:
    class Large:
        """Bytes that are never whole in memory."""

        read_at_once = 0

        def __len__(self) -> int:
            return 5_000_001

        def read(self, size: int | None = None, *, start: int = 0) -> bytes:
            end = len(self) if size is None else min(start + size, len(self))
            self.read_at_once = max(self.read_at_once, end - start)
            return b"x" * (end - start)

    large = Large()
    scan = replace(an_enclosure("scan.tif", "image/tiff", b"", Role.ATTACHMENT), content=large)
    parcel = a_relay_parcel(replace(goods(), files=(scan,)))
    await bench.connector.deliver(parcel, point_of_no_return=Crossing())
    [written] = bench.path.glob("acme/*/scan.tif")
    assert written.stat().st_size == 5_000_001
    assert large.read_at_once <= 1 << 20


async def test_whoever_looks_sees_a_document_whole_or_not_at_all(bench: FolderBench) -> None:
    seen: list[int] = []
    done = threading.Event()

    def look() -> None:
        while not done.is_set():
            seen.extend(len(list((bench.path / "acme" / one).iterdir())) for one in bench.names())

    watching = asyncio.create_task(asyncio.to_thread(look))
    for number in range(20):
        parcel = bench.parcel(str(number))
        await bench.connector.deliver(parcel, point_of_no_return=Crossing())
    done.set()
    await watching
    assert set(seen) == {2}


async def test_two_deliveries_of_a_document_at_once_lay_it_once(bench: FolderBench) -> None:
    parcels = [replace(bench.parcel("1"), delivery=f"v-{n}") for n in range(4)]
    one = bench.connector
    await asyncio.gather(*(one.deliver(each, point_of_no_return=Crossing()) for each in parcels))
    assert bench.there() == ["1"]
    assert [each.name for each in (bench.path / "acme").iterdir()] == bench.names()
    place = bench.path / "acme" / bench.names()[0]
    assert (place / "factuur-1.pdf").read_bytes() == THE_PDF


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
async def test_a_folder_without_the_right_to_write_rests(bench: FolderBench) -> None:
    bench.path.chmod(0o500)
    with pytest.raises(Unavailable, match=r"cannot be written: Permission denied"):
        await bench.connector.deliver(bench.parcel("1"), point_of_no_return=Crossing())
    with pytest.raises(Unavailable):
        await bench.connector.check()
    bench.path.chmod(0o700)
