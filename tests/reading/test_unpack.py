"""Archives that harm, lie or are closed, and what Outlook wraps its files in."""

from __future__ import annotations

import contextlib
import io
import random
import struct
import time
import zipfile
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maild.reading import mime
from maild.reading.mail import Mail
from maild.reading.tnef import MAGIC, read_tnef
from maild.reading.unpack import MAX_ENTRIES, Budget, Inside, Sealed, open_archive
from maild.reading.wrap import wrap

MB = 1_000_000


def a_zip(*files: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in files:
            archive.writestr(name, content)
    return out.getvalue()


def opened(content: bytes) -> list[Inside]:
    return list(open_archive(content, media_type="application/zip", level=1, budget=Budget()))


def read(*files: tuple[str, bytes]) -> Mail:
    return mime.read(wrap(files), opener=open_archive)


def overlapping() -> bytes:
    """Two hundred names for the same bytes."""
    random.seed(1)
    one = a_zip(("f.bin", random.randbytes(10_000)))
    start = one.index(b"PK\x01\x02")
    end = one.index(b"PK\x05\x06")
    directory = one[start:end] * 200
    tail = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 200, 200, len(directory), start, 0)
    return one[:start] + directory + tail


def encrypted() -> bytes:
    content = bytearray(a_zip(("f.pdf", b"%PDF-1.7")))
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(signature) + offset] |= 1
    return bytes(content)


def lying() -> bytes:
    """An entry that says it unfolds to ten bytes."""
    content = bytearray(a_zip(("f.bin", b"\0" * (50 * MB))))
    for signature, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        at = content.index(signature) + offset
        content[at : at + 4] = struct.pack("<L", 10)
    return bytes(content)


def in_one_another(levels: int) -> bytes:
    content = a_zip(("f.pdf", b"%PDF-1.7"))
    for level in range(levels - 1):
        content = a_zip((f"{level}.zip", content))
    return content


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda: a_zip(("f.bin", b"\0" * (100 * MB))), "archive_bomb"),
        (lambda: a_zip(("i.zip", a_zip(("f.bin", b"\0" * (100 * MB))))), "archive_bomb"),
        (lambda: a_zip(*((f"{n}", b"") for n in range(MAX_ENTRIES + 1))), "archive_bomb"),
        (lambda: a_zip(*((f"{n}" * 40, b"") for n in range(20_000))), "archive_bomb"),
        (overlapping, "archive_bomb"),
        (lambda: in_one_another(3), "archive_bomb"),
        (encrypted, "encrypted_archive"),
        (lying, "damaged_archive"),
        (lambda: a_zip(("f.pdf", b"x"), method=zipfile.ZIP_LZMA), "unopened_archive"),
        (lambda: a_zip(("f.pdf", b"x" * 500))[:-100], "damaged_archive"),
        (lambda: b"PK\x03\x04" + b"\0" * 100, "damaged_archive"),
    ],
    ids=[
        "a bomb",
        "a bomb in an archive",
        "too many files",
        "a directory that is too long",
        "entries on one another",
        "three deep",
        "a password",
        "a lie about the size",
        "another method",
        "cut off",
        "no directory",
    ],
)
def test_a_bad_archive_is_kept_as_one_file_with_its_reason(
    make: Callable[[], bytes], code: str
) -> None:
    content = make()
    started = time.process_time()
    mail = read(("bills.zip", content), ("g.pdf", b"%PDF-1.7"))
    assert time.process_time() - started < 2
    assert [(one.name, one.content) for one in mail.parts] == [
        ("bills.zip", content),
        ("g.pdf", b"%PDF-1.7"),
    ]
    [problem] = mail.problems
    assert (problem.code, problem.where) == (code, "bills.zip")


def test_all_archives_of_a_mail_share_one_budget() -> None:
    # Packs to a thirtieth: no bomb by its ratio.
    dull = (random.Random(2).randbytes(1_000) + bytes(39_000)) * 25
    archive = a_zip(*((f"{n}.bin", dull) for n in range(20)))
    assert len(archive) * 100 > 20 * MB
    mail = read(*((f"{n}.zip", archive) for n in range(11)))
    assert [one.code for one in mail.problems] == ["archive_bomb"]
    assert "200 MB" in mail.problems[0].message
    assert sum(one.media_type == "application/zip" for one in mail.parts) == 1


def test_names_in_archives_are_base_names_in_the_right_alphabet() -> None:
    content = a_zip(("../../etc/passwd.pdf", b"1"), ("C:\\f.pdf", b"2"), ("__MACOSX/._f.pdf", b"3"))
    unsaid = a_zip(("factur\u00e9.pdf", b"4"))
    for signature, offset in ((b"PK\x03\x04", 7), (b"PK\x01\x02", 9)):
        at = unsaid.index(signature) + offset
        unsaid = unsaid[:at] + b"\0" + unsaid[at + 1 :]
    mail = read(("a.zip", content), ("b.zip", unsaid))
    assert [one.name for one in mail.parts] == ["passwd.pdf", "f.pdf", "factur\u00e9.pdf"]


@given(st.binary(max_size=500))
def test_any_bytes_are_an_archive_or_sealed(noise: bytes) -> None:
    good = a_zip(("f.pdf", b"%PDF-1.7" * 20))
    for content in (noise, good[:40] + noise + good[-100:], good[:-60] + noise):
        with contextlib.suppress(Sealed):
            assert all(one.name is not None for one in opened(content))


def attribute(key: int, data: bytes) -> bytes:
    return struct.pack("<BII", 2, key, len(data)) + data + b"\0\0"


def test_outlooks_names_are_taken_from_where_they_are_best() -> None:
    name = "Factuur \u20ac.pdf".encode("utf-16-le") + b"\0\0"
    padding = b"\0" * (-len(name) % 4)
    properties = struct.pack("<IHHII", 1, 0x1F, 0x3707, 1, len(name)) + name + padding
    stream = MAGIC + b"\1\0"
    stream += attribute(0x00069007, struct.pack("<II", 1252, 0))
    stream += attribute(0x00069002, b"\0" * 14) + attribute(0x00018010, b"FACTUU~1.PDF\0")
    stream += attribute(0x0006800F, b"%PDF-1.7") + attribute(0x00069005, properties)
    stream += attribute(0x00069002, b"\0" * 14) + attribute(0x00018010, b"prijs \x80.pdf\0")
    stream += attribute(0x0006800F, b"%PDF-1.4")
    found = [(one.name, one.content) for one in read_tnef(stream)]
    assert found == [("Factuur \u20ac.pdf", b"%PDF-1.7"), ("prijs \u20ac.pdf", b"%PDF-1.4")]


@given(st.binary(max_size=300), st.integers(0, 200))
def test_any_bytes_after_the_mark_are_a_stream(noise: bytes, at: int) -> None:
    stream = MAGIC + b"\1\0" + attribute(0x00069002, b"") + attribute(0x00069005, noise)
    for content in (MAGIC + noise, stream, stream[:at] + noise + stream[at:]):
        assert all(isinstance(one.name, str) for one in read_tnef(content))
