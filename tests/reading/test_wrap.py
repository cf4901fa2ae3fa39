from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from maild.reading import mime
from maild.reading.names import safe_name, type_of
from maild.reading.wrap import wrap


@given(st.lists(st.tuples(st.text(max_size=40), st.binary(max_size=300)), min_size=1, max_size=5))
def test_files_come_back_as_they_went_in(files: list[tuple[str, bytes]]) -> None:
    found = mime.read(wrap(files)).parts
    plain = [one for one in files if not one[0].lower().endswith(".eml")]
    if len(plain) == len(files):
        assert [one.content for one in found] == [content for _, content in files]


def test_names_and_subject_survive() -> None:
    mail = mime.read(wrap([("één “factuur”.pdf", b"%PDF-1"), ("x.xml", b"<a/>")], subject="ünï"))
    assert mail.subject == "ünï"
    assert [one.name for one in mail.parts] == [
        safe_name("één “factuur”.pdf", media_type=type_of(b"%PDF-1")),
        "x.xml",
    ]


def test_the_same_files_give_the_same_bytes() -> None:
    files = [("a.pdf", b"%PDF-1"), ("b.xml", b"<a/>")]
    assert wrap(files) == wrap(files)
    assert wrap(files) != wrap(files[::-1])
