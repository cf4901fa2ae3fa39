"""XML that carries files: what is read in their place, and that nothing else of it changes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from maild.intake.pairing import embedded
from maild.model.bill import Attachment
from maild.reading.embedded import HEAVY, lightened
from maild.reading.mail_job import mail_from, read_mail
from maild.reading.packed import unpack
from maild.reading.wrap import wrap
from maild.ubl import document as ubl
from tests.builders_bill import a_bill

PDF = b"%PDF-1.7 1 0 obj " + bytes(HEAVY)
OTHER = b"\x89PNG\r\n\x1a\n" + bytes(HEAVY)


def carrying(*files: bytes) -> bytes:
    inside = [
        Attachment(id=f"{n}", name=f"{n}.bin", media_type="application/pdf", content=one)
        for n, one in enumerate(files)
    ]
    return ubl.write(replace(a_bill(), attachments=tuple(inside)))


def test_a_light_copy_says_the_same_but_for_the_files() -> None:
    original = carrying(PDF, b"%PDF-small", OTHER)
    light = lightened(original)
    assert light is not None
    assert len(light.xml) < 30_000
    assert [file for _, file in light.files] == [PDF, OTHER]
    read, copy = ubl.read(original), ubl.read(light.xml)
    assert replace(copy, attachments=()) == replace(read, attachments=())
    first, small, last = copy.attachments
    assert (first.content, last.content) == tuple(stand_in for stand_in, _ in light.files)
    assert small.content == b"%PDF-small"


def test_a_stand_in_is_told_for_what_it_stands_for() -> None:
    light = lightened(carrying(OTHER, PDF))
    assert light is not None
    found = embedded(ubl.read(light.xml))
    assert found is not None
    assert found.content == light.files[1][0]


@pytest.mark.parametrize(
    "content",
    [
        ubl.write(a_bill()),
        b"<Invoice>" + bytes(HEAVY),
        b"<!DOCTYPE a><a>" + b" " * HEAVY + b"</a>",
        b"<a><EmbeddedDocumentBinaryObject>"
        + b"?" * HEAVY
        + b"</EmbeddedDocumentBinaryObject></a>",
        b"<a>" + b"x" * HEAVY + b"</a>",
    ],
    ids=["light", "damaged", "with a DOCTYPE", "no base64", "nothing in it"],
)
def test_what_cannot_be_lightened_is_read_as_it_is(content: bytes) -> None:
    assert lightened(content) is None


def test_copies_cross_the_pipe_with_the_parts_they_belong_to() -> None:
    raw = wrap([("a.xml", carrying(PDF)), ("b.pdf", PDF), ("c.xml", carrying(OTHER, PDF + b"2"))])
    first, second, third = mail_from(*unpack(b"".join(read_mail(raw)))).parts
    assert (second.light, second.content) == (None, PDF)
    assert first.content == carrying(PDF)
    for part, files in ((first, [PDF]), (third, [OTHER, PDF + b"2"])):
        read = ubl.read(part.readable)
        assert [part.whole(one.content or b"") for one in read.attachments] == files
