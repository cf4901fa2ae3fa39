from __future__ import annotations

import hashlib
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from maild.model.delivery import Enclosure, Letter
from maild.outbox.message import write
from maild.outbox.sent import SentFile, read_sent

LETTER = Letter("Factuur 2026-1 van Café Zoë", "Hierbij.\n", "<p>Hierbij.</p>")


def a_mail(*files: Enclosure, letter: Letter = LETTER) -> bytes:
    return b"".join(
        write(
            letter,
            sender="Acme BV <facturen@acme.example>",
            to="Inbox@Kantoor.Example",
            message_id="<v-1@acme.example>",
            date=datetime(2026, 3, 4, 9, 30, tzinfo=UTC),
            delivery="v-1",
            enclosures=files,
        )
    )


def test_a_mail_says_of_itself_what_was_written() -> None:
    sent = read_sent(a_mail())
    assert sent.message_id == "<v-1@acme.example>"
    assert sent.date == "Wed, 04 Mar 2026 09:30:00 +0000"
    assert (sent.sender, sent.to) == ("Acme BV <facturen@acme.example>", "Inbox@Kantoor.Example")
    assert sent.subject == LETTER.subject
    assert sent.files == ()


@given(st.lists(st.binary(max_size=400), max_size=4))
def test_every_file_has_the_hash_that_it_was_enclosed_with(contents: list[bytes]) -> None:
    files = [
        Enclosure(f"bijlage-é-{n}.bin", "application/octet-stream", content)
        for n, content in enumerate(contents)
    ]
    assert read_sent(a_mail(*files)).files == tuple(
        SentFile(one.name, one.media_type, len(content), hashlib.sha256(content).hexdigest())
        for one, content in zip(files, contents, strict=True)
    )


def test_what_lies_in_a_file_is_not_told_in_its_place() -> None:
    inner = a_mail(Enclosure("a.pdf", "application/pdf", b"%PDF-1.7"))
    texts = b"JVBERi0xLjcK\r\n"  # base64 of a PDF is a text all the same
    found = read_sent(
        a_mail(
            Enclosure("doorgestuurd.eml", "message/rfc822", inner),
            Enclosure("codes.txt", "text/plain", texts),
            letter=Letter("Twee", "Hierbij.\n"),
        )
    )
    assert [(one.name, one.sha256) for one in found.files] == [
        ("doorgestuurd.eml", hashlib.sha256(inner).hexdigest()),
        ("codes.txt", hashlib.sha256(texts).hexdigest()),
    ]
