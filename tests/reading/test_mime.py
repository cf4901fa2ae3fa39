from __future__ import annotations

import contextlib
import time
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maild.errors import Unreadable
from maild.reading import mime
from maild.reading.bounds import MAX_BYTES
from maild.reading.names import MAX_NAME, safe_name, type_of

A_PDF = b"%PDF-1.7\n%%EOF\n"


def with_file(name: str | None = None, **headers: str) -> bytes:
    mail = EmailMessage()
    mail["Subject"] = "x"
    mail.set_content("text")
    mail.add_attachment(A_PDF, maintype="application", subtype="octet-stream", filename=name)
    return b"".join(f"{key}: {value}\r\n".encode() for key, value in headers.items()) + bytes(mail)


@pytest.mark.parametrize(
    ("disposition", "name"),
    [
        ('attachment; filename="../../etc/passwd.pdf"', "passwd.pdf"),
        ('attachment; filename="C:\\\\tmp\\\\f.pdf"', "f.pdf"),
        ("attachment; filename*=utf-8''factur%C3%A9.pdf; filename=plain.pdf", "facturé.pdf"),
        ("attachment; filename*0*=utf-8''a%20; filename*1=b.pdf", "a b.pdf"),
        ('attachment; filename="=?utf-8?q?factuur_=E2=82=AC.pdf?="', "factuur €.pdf"),
        ('attachment; filename="x\u202efdp.exe"', "xfdp.exe"),
        ('attachment; filename="con.pdf"', "_con.pdf"),
        ('attachment; filename=" .. "', "attachment.pdf"),
        ("attachment", "attachment.pdf"),
        ("attachment; filename*=nonsense'%%%.pdf", None),
    ],
)
def test_names_become_safe_base_names(disposition: str, name: str | None) -> None:
    raw = (
        f"Content-Type: application/pdf\r\nContent-Disposition: {disposition}\r\n\r\n".encode()
        + A_PDF
    )
    [part] = mime.read(raw).parts
    assert part.media_type == "application/pdf"
    if name is not None:
        assert part.name == name
    assert not set(part.name) & set('/\\\0\r\n"')


@given(st.text(max_size=400), st.lists(st.text(max_size=20), max_size=5))
def test_any_name_becomes_one_that_fits_everywhere(name: str, taken: list[str]) -> None:
    safe = safe_name(name, media_type="application/pdf", taken=taken)
    assert safe
    assert safe.casefold() not in {one.casefold() for one in taken}
    assert len(safe.encode()) <= MAX_NAME
    assert not set(safe) & set('/\\<>:"|?*')
    assert safe.isprintable()
    assert safe == safe.strip(" .") or safe.startswith("_")


def test_equal_names_are_numbered() -> None:
    mail = EmailMessage()
    mail.set_content("text")
    for content in (b"%PDF-1", b"%PDF-2"):
        mail.add_attachment(content, maintype="application", subtype="pdf", filename="f.pdf")
    assert [one.name for one in mime.read(bytes(mail)).parts] == ["f.pdf", "f-2.pdf"]


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (A_PDF, "application/pdf"),
        (b"rubbish\n" + A_PDF, "application/pdf"),
        (b'\xef\xbb\xbf<?xml version="1.0"?><a/>', "application/xml"),
        ('<?xml version="1.0"?><a/>'.encode("utf-16"), "application/xml"),
        (b"<ubl:Invoice xmlns:ubl='x'/>", "application/xml"),
        (b"<p:Invoice xmlns:p='x'/>", "application/xml"),
        (b"<!DOCTYPE html><p>", "text/html"),
        (b'<?xml version="1.0"?><html xmlns="x">', "text/html"),
        (b'{"kind": "invoice"}', "application/json"),
        (b"PK\x03\x04 %PDF-", "application/zip"),
        (b"\x78\x9f\x3e\x22 %PDF-", "application/ms-tnef"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"anything", "application/octet-stream"),
    ],
)
def test_a_type_is_told_by_content(content: bytes, media_type: str) -> None:
    assert type_of(content) == media_type


@pytest.mark.parametrize(
    "raw",
    [
        b"Subject: " + b"x" * 20_000 + b"\r\n\r\n",
        b"X: y\r\n" * 60_000 + b"\r\n",
        b"\r\n".join(
            f"Content-Type: multipart/mixed; boundary=b{n}\r\n\r\n--b{n}".encode()
            for n in range(1500)
        ),
        b"Content-Type: message/rfc822\r\n\r\n" * 1_500,
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\nx\r\n" * 300,
        b"\n" * 3_000_000,
        b"x" * (MAX_BYTES + 1),
    ],
    ids=[
        "a header line of 20 kB",
        "360 kB of headers",
        "1,500 nested multiparts",
        "1,500 nested mails",
        "300 parts",
        "three million lines",
        "too many bytes",
    ],
)
def test_what_is_out_of_bounds_is_refused_in_words_and_soon(raw: bytes) -> None:
    started = time.process_time()
    with pytest.raises(Unreadable) as caught:
        mime.read(raw)
    assert "mail" in str(caught.value)
    assert time.process_time() - started < 2


@given(st.binary(max_size=2_000))
def test_any_bytes_are_a_mail_or_refused(raw: bytes) -> None:
    with contextlib.suppress(Unreadable):
        mime.read(b"Content-Type: multipart/mixed; boundary=b\r\n" + raw)


@pytest.mark.parametrize(
    "line",
    [
        b"Message-ID: <[foo@bar",
        b"To: <",
        b"From: ((((((((((((",
        b"Subject: =?nonsense\0?b?////?=",
        b"Content-Type: text/plain; charset=\0nul",
        b"Content-Transfer-Encoding: none of these",
        b"Content-Disposition: attachment; filename*0*=x; filename*9*=",
    ],
)
def test_broken_headers_lose_no_mail(line: bytes) -> None:
    mail = mime.read(line + b"\r\nX-Other: 1\r\n" + with_file("f.pdf"))
    assert mail.received == 0


def test_no_header_value_can_start_a_header_of_its_own() -> None:
    raw = b"Subject: =?utf-8?q?a=0D=0ABcc:_x=40y?=\r\nFrom: Zo\xeb <z@x.example>\r\n\r\ntext"
    mail = mime.read(raw)
    assert mail.subject == "a Bcc: x@y"
    assert mail.sender == "z@x.example"


def test_a_logo_of_the_text_is_told_from_a_file() -> None:
    mail = EmailMessage()
    mail.set_content("text")
    mail.add_alternative("<img src=cid:logo>", subtype="html")
    html = mail.get_payload()[1]  # type: ignore[index]
    html.add_related(b"\x89PNG\r\n\x1a\n", maintype="image", subtype="png", cid="<logo>")  # type: ignore[union-attr]
    mail.add_attachment(A_PDF, maintype="application", subtype="pdf", filename="f.pdf")
    found = mime.read(bytes(mail)).parts
    assert [(one.media_type, one.shown_inside) for one in found] == [
        ("image/png", True),
        ("application/pdf", False),
    ]


def test_a_forwarded_mail_gives_its_files() -> None:
    outer = EmailMessage()
    outer.set_content("see below")
    inner = EmailMessage()
    inner.set_content("invoice")
    inner.add_attachment(A_PDF, maintype="application", subtype="pdf", filename="f.pdf")
    outer.add_attachment(inner)
    outer.add_attachment(
        bytes(inner), maintype="application", subtype="octet-stream", filename="old.eml"
    )
    assert [one.name for one in mime.read(bytes(outer)).parts] == ["f.pdf", "f-2.pdf"]
