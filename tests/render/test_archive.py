"""ZIP files as other programs read them: whole, the same each time, however many and however large."""

from __future__ import annotations

import io
import subprocess
import zipfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from maild.render.archive import Archive, pack

NAMES = st.text(st.characters(exclude_characters="\0\\/", codec="utf-8"), min_size=1, max_size=40)
FILES = st.dictionaries(NAMES, st.binary(max_size=3_000), max_size=8)


def written(files: dict[str, bytes], *, streamed: bool) -> bytes:
    """An archive of these files."""
    target = io.BytesIO()
    archive = Archive(target.write)
    for name, content in files.items():
        if streamed:
            archive.add_pieces(name, [content[:7], content[7:]])
        else:
            archive.add(pack(name, content))
    weight = archive.weight
    archive.close()
    assert len(target.getvalue()) <= weight
    return target.getvalue()


@given(FILES, st.booleans())
def test_what_went_in_comes_out_and_twice_is_the_same(
    files: dict[str, bytes],
    streamed: bool,  # noqa: FBT001 - given by hypothesis
) -> None:
    content = written(files, streamed=streamed)
    assert content == written(files, streamed=streamed)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == files
        assert {one.date_time for one in archive.infolist()} <= {(1980, 1, 1, 0, 0, 0)}


def test_the_unzip_of_the_system_takes_both_kinds_of_entry(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with path.open("wb") as file:
        archive = Archive(file.write)
        archive.add(pack("sales/Café.pdf", b"%PDF" * 1000))
        archive.add_pieces("index.json", [b"{", b"}"])
        archive.close()
    done = subprocess.run(["unzip", "-t", path], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_more_files_than_the_old_form_counts() -> None:
    target = io.BytesIO()
    archive = Archive(target.write)
    for number in range(66_000):
        archive.add(pack(f"{number}", b""))
    archive.close()
    with zipfile.ZipFile(target) as found:
        assert len(found.namelist()) == 66_000


def test_files_that_lie_beyond_four_gigabytes(tmp_path: Path) -> None:
    large = 64 << 20
    with (tmp_path / "a.zip").open("wb+") as file:

        def write(piece: bytes) -> None:
            # Holes instead of gigabytes.
            file.seek(large, 1) if len(piece) == large else file.write(piece)

        archive = Archive(write)
        stored = pack("noise", b"\0" * large)
        hole = type(stored)("hole", stored.crc, large, 0, b"\0" * large)
        for _ in range(65):
            archive.add(hole)
        archive.add(pack("last", b"here"))
        archive.close()
        with zipfile.ZipFile(file) as found:
            assert found.read("last") == b"here"
            assert found.getinfo("last").header_offset > 1 << 32


def test_what_cannot_be_made_smaller_is_stored_as_it_is() -> None:
    assert pack("a", b"x").method == zipfile.ZIP_STORED
    assert pack("a", b"x" * 1000).method == zipfile.ZIP_DEFLATED
