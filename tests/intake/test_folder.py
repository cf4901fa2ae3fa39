from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from maild.errors import ConfigError
from maild.intake.folder import FolderDoor, FolderOptions
from maild.model.document import Role
from maild.store.database import Database
from tests.intake.conftest import A_PDF, World, an_invoice


@pytest.fixture
def door(world: World, tmp_path: Path) -> FolderDoor:
    made = FolderDoor(world.desk, FolderOptions("scans", tmp_path / "drop", "acme"))
    made.prepare()
    return made


def names(folder: Path) -> set[str]:
    return {one.name for one in folder.iterdir()}


async def test_a_file_is_taken_when_it_did_not_change_between_two_looks(
    world: World, door: FolderDoor
) -> None:
    file = door.options.path / "f.xml"
    file.write_bytes(an_invoice()[:100])
    assert await door.look() == 0
    file.write_bytes(an_invoice())
    assert await door.look() == 0
    assert await door.look() == 1
    assert names(door.options.path) == {"done", "refused"}
    assert names(door.options.path / "done") == {"f.xml"}
    [document] = await world.documents()
    assert document.number == "2026-001"


async def test_files_of_one_base_name_come_in_together(world: World, door: FolderDoor) -> None:
    (door.options.path / "f.xml").write_bytes(an_invoice())
    await door.look()
    (door.options.path / "F.pdf").write_bytes(A_PDF)
    assert await door.look() == 0
    assert await door.look() == 1
    [document] = await world.documents()
    assert document.file(Role.PDF) is not None


async def test_a_refused_file_lies_beside_its_reason(world: World, door: FolderDoor) -> None:
    (door.options.path / "f.pdf").write_bytes(A_PDF)
    await door.look()
    await door.look()
    refused = door.options.path / "refused"
    assert names(refused) == {"f.pdf", "f.pdf.txt"}
    assert "+invoice" in (refused / "f.pdf.txt").read_text()
    assert len(await world.refusals()) == 1


@pytest.mark.parametrize("name", [".hidden.xml", "f.xml.part", "f.tmp", "f.xml~"])
async def test_what_is_not_finished_is_left_alone(door: FolderDoor, name: str) -> None:
    (door.options.path / name).write_bytes(an_invoice())
    await door.look()
    assert await door.look() == 0
    assert name in names(door.options.path)


async def test_links_and_folders_are_left_alone(door: FolderDoor, tmp_path: Path) -> None:
    secret = tmp_path / "secret.xml"
    secret.write_bytes(an_invoice())
    (door.options.path / "link.xml").symlink_to(secret)
    (door.options.path / "folder.xml").mkdir()
    await door.look()
    assert await door.look() == 0


async def test_a_file_that_was_stored_but_not_moved_is_recognised(
    world: World, door: FolderDoor
) -> None:
    for _ in range(2):
        (door.options.path / "f.xml").write_bytes(an_invoice())
        await door.look()
        await door.look()
    assert names(door.options.path / "done") == {"f.xml", "f-2.xml"}
    assert len(await world.documents()) == 1


async def test_a_fault_of_ours_leaves_the_file_for_later(
    world: World, door: FolderDoor, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: Any) -> None:
        raise RuntimeError("disk full")

    (door.options.path / "f.xml").write_bytes(an_invoice())
    await door.look()
    with monkeypatch.context() as patch:
        patch.setattr(Database, "write", broken)
        await door.look()
    assert "f.xml" in names(door.options.path)
    looks = 0
    while "f.xml" in names(door.options.path):
        await door.look()
        looks += 1
        assert looks < 10
    assert len(await world.documents()) == 1


async def test_it_stops_when_told(door: FolderDoor) -> None:
    stop = asyncio.Event()
    running = asyncio.create_task(door.run(stop))
    stop.set()
    await asyncio.wait_for(running, 5)


async def test_a_folder_that_cannot_be_made_is_named(world: World, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    door = FolderDoor(world.desk, FolderOptions("scans", tmp_path / "file" / "drop", "acme"))
    with pytest.raises(ConfigError, match=r"folder\.scans\.path"):
        door.prepare()
