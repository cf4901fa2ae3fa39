"""What is a file in a mail, what is its text, and what only decorates it."""

from __future__ import annotations

import base64
import io
import quopri
import time
import zipfile
from email.message import EmailMessage

import pytest

from maild.errors import Unreadable
from maild.reading import mime
from maild.reading.mail import Part
from maild.reading.unpack import open_archive

A_PDF = b"%PDF-1.7\n%%EOF\n"
A_PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 100


def a_mail(*files: tuple[str, bytes], html: str = "") -> EmailMessage:
    mail = EmailMessage()
    mail["Subject"] = "x"
    mail.set_content("text")
    if html:
        mail.add_alternative(html, subtype="html")
    for name, content in files:
        mail.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
    return mail


def a_zip(*files: tuple[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files:
            archive.writestr(name, content)
    return out.getvalue()


def parts_of(raw: bytes | EmailMessage) -> tuple[Part, ...]:
    return mime.read(bytes(raw), opener=open_archive).parts


def test_a_zip_in_a_forwarded_mail_in_a_zip_gives_its_files_with_their_places() -> None:
    inner = a_mail(("bills.zip", a_zip(("sub/f.pdf", A_PDF))))
    outer = a_mail(("all.zip", a_zip(("old.eml", bytes(inner)), ("g.pdf", A_PDF + b"2"))))
    assert [(one.name, one.path) for one in parts_of(outer)] == [
        ("f.pdf", ("all.zip", "old.eml", "bills.zip")),
        ("g.pdf", ("all.zip",)),
    ]


def test_without_an_opener_an_archive_stays_a_file() -> None:
    [part] = mime.read(bytes(a_mail(("bills.zip", a_zip(("f.pdf", A_PDF)))))).parts
    assert (part.name, part.media_type) == ("bills.zip", "application/zip")


def test_an_archive_that_cannot_be_opened_stays_a_file_and_that_is_said() -> None:
    damaged = a_zip(("f.pdf", A_PDF * 100))[:-30]
    mail = mime.read(bytes(a_mail(("bills.zip", damaged), ("g.pdf", A_PDF))), opener=open_archive)
    assert [one.name for one in mail.parts] == ["bills.zip", "g.pdf"]
    [problem] = mail.problems
    assert (problem.code, problem.where) == ("damaged_archive", "bills.zip")


@pytest.mark.parametrize("start", [b"Rar!\x1a\x07\x01\0", b"7z\xbc\xaf\x27\x1c\0\x04"])
def test_archives_of_other_kinds_are_named_for_a_person(start: bytes) -> None:
    mail = mime.read(bytes(a_mail(("bills.x", start + b"\0" * 50))), opener=open_archive)
    assert [one.name for one in mail.parts] == ["bills.x"]
    assert [one.code for one in mail.problems] == ["unopened_archive"]


@pytest.mark.parametrize(
    ("name", "entries", "media_type"),
    [
        (
            "f.docx",
            ("[Content_Types].xml", "word/document.xml"),
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        ),
        (
            "f.xlsx",
            ("[Content_Types].xml", "xl/workbook.xml"),
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        ),
    ],
)
def test_an_office_file_is_one_file(name: str, entries: tuple[str, ...], media_type: str) -> None:
    content = a_zip(*((entry, b"<a/>") for entry in entries))
    [part] = parts_of(a_mail((name, content)))
    assert (part.name, part.media_type) == (name, media_type)


def test_an_open_document_file_is_one_file() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.text")
        archive.writestr("content.xml", "<a/>")
    [part] = parts_of(a_mail(("f.odt", out.getvalue())))
    assert part.media_type == "application/vnd.oasis.opendocument.text"


@pytest.mark.parametrize(
    ("disposition", "cid", "shown"),
    [
        ("inline", "<logo>", True),
        ("attachment", "<logo>", True),  # the text shows it all the same
        ("attachment", "<other>", False),
        ("inline", None, True),  # small and in the text: a signature
        ("attachment", None, False),
    ],
)
def test_a_picture_of_the_text_is_told_from_a_file(
    disposition: str, cid: str | None, *, shown: bool
) -> None:
    mail = a_mail(("f.pdf", A_PDF), html='<img src="CID:logo">')
    mail.add_attachment(
        A_PNG, maintype="image", subtype="png", filename="l.png", disposition=disposition, cid=cid
    )
    pdf, picture = parts_of(mail)
    assert not pdf.shown_inside
    assert picture.shown_inside is shown


def test_a_large_photo_in_the_text_is_what_a_mail_without_files_is_about() -> None:
    photo = b"\xff\xd8\xff" + b"\1" * 200_000
    mail = a_mail(html='<img src="cid:photo"><img src="cid:logo">')
    for content, cid in ((photo, "<photo>"), (A_PNG, "<logo>")):
        mail.add_attachment(content, maintype="image", subtype="x", cid=cid, disposition="inline")
    assert [one.shown_inside for one in parts_of(mail)] == [False, True]
    mail.add_attachment(A_PDF, maintype="application", subtype="pdf", filename="f.pdf")
    assert [one.shown_inside for one in parts_of(mail)] == [True, True, False]


def test_a_file_uuencoded_into_the_text_comes_out() -> None:
    lines = "begin 644 f.pdf\n/)5!$1BTQ+C<*)25%3T8*\n \nend\n"
    mail = EmailMessage()
    mail.set_content(f"the invoice:\n\n{lines}\ngreetings")
    [part] = parts_of(mail)
    assert (part.name, part.path, part.media_type) == ("f.pdf", ("uuencode",), "application/pdf")
    assert part.content == A_PDF


QUIRKS = {
    "a boundary that is not the announced one": (
        b"Content-Type: multipart/mixed; boundary=a\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\n"
        b"text\r\n--b\r\nContent-Type: application/pdf; name=f.pdf\r\n\r\n"
        + A_PDF
        + b"\r\n--b--\r\n"
    ),
    "no boundary announced": (
        b"Content-Type: multipart/mixed\r\n\r\n--b\r\n"
        b"Content-Type: application/pdf; name=f.pdf\r\n\r\n" + A_PDF + b"\r\n--b--\r\n"
    ),
    "no end": (
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
        b"Content-Type: application/pdf; name=f.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        + base64.encodebytes(A_PDF)
    ),
    "two multiparts with one boundary": (
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
        b"Content-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\n\r\ntext\r\n--b--\r\n"
        b"--b\r\nContent-Type: application/pdf; name=f.pdf\r\n\r\n" + A_PDF + b"\r\n--b--\r\n"
    ),
    "called base64 and is not": (
        b"Content-Type: application/pdf; name=f.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        + A_PDF
    ),
    "base64 and does not say so": (
        b"Content-Type: application/pdf; name=f.pdf\r\n\r\n" + base64.encodebytes(A_PDF + b" " * 99)
    ),
    "an encoding that nobody knows": (
        b"Content-Type: application/pdf; name=f.pdf\r\nContent-Transfer-Encoding: x-odd\r\n\r\n"
        + A_PDF
    ),
    "a charset that nobody knows, encoded like a name": (
        b"Content-Type: application/pdf; name=f.pdf; charset*=x''y\r\n\r\n" + A_PDF
    ),
    "two types, the second with bytes above 127": (
        b"Content-Type: text/plain\r\nContent-Type: multipart/mixed; boundary=b; x=\xe9\r\n\r\n--b\r\n"
        b"Content-Type: application/pdf; name=f.pdf\r\n\r\n" + A_PDF + b"\r\n--b--\r\n"
    ),
    "a type without its semicolon": (
        b"Content-Type: application/pdf name=f.pdf\r\n"
        b"Content-Disposition: attachment; filename=f.pdf\r\n\r\n" + A_PDF
    ),
}


@pytest.mark.parametrize("raw", QUIRKS.values(), ids=QUIRKS.keys())
def test_what_programs_get_wrong_hides_no_file(raw: bytes) -> None:
    found = [(one.name, one.content.strip(b"\r\n ")) for one in parts_of(raw)]
    assert found == [("f.pdf", A_PDF.strip())]


@pytest.mark.parametrize("charset", ["utf-7", "utf-16", "latin-1", "x-unknown", "rot13"])
def test_bytes_above_127_come_out_as_they_are_whatever_charset_is_named(charset: str) -> None:
    content = A_PDF + bytes(range(128, 256))
    raw = f"Content-Type: multipart/mixed; boundary=a; charset={charset}\r\n\r\n--b\r\n".encode()
    raw += f"Content-Type: application/pdf; name=f.pdf; charset={charset}\r\n\r\n".encode()
    [part] = parts_of(raw + content + b"\r\n--b--\r\n")
    assert part.content == content


@pytest.mark.parametrize("encoding", ["base64", "quoted-printable"])
@pytest.mark.parametrize("kind", ["message/rfc822", "message/global"])
def test_a_forwarded_mail_may_be_encoded(kind: str, encoding: str) -> None:
    """RFC 2045 section 6.4 forbids it for message/rfc822; RFC 6532 allows it for message/global."""
    inner = bytes(a_mail(("f.pdf", A_PDF)))
    coded = base64.encodebytes(inner) if encoding == "base64" else quopri.encodestring(inner)
    head = f"Content-Type: {kind}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n".encode()
    [part] = parts_of(head + coded)
    assert (part.name, part.content, len(part.path)) == ("f.pdf", A_PDF, 1)


@pytest.mark.parametrize(
    "kind", ["message/external-body; access-type=URL", "message/partial; id=x"]
)
def test_what_stands_for_a_file_that_is_not_here_is_said(kind: str) -> None:
    raw = f"Content-Type: {kind}\r\n\r\nContent-Type: application/pdf\r\n\r\nx".encode()
    mail = mime.read(raw)
    assert mail.parts == ()
    assert [one.code for one in mail.problems] == ["not_here"]


def test_a_mail_hidden_in_base64_has_the_same_bounds() -> None:
    many = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(15)
    )
    inner = many + b"x\n" * 2_000_000
    started = time.process_time()
    with pytest.raises(Unreadable, match="too many lines or parts"):
        parts_of(a_mail(("old.eml", inner)))
    assert time.process_time() - started < 2


def test_a_mail_in_an_archive_that_is_out_of_bounds_leaves_the_archive_closed() -> None:
    content = a_zip(("old.eml", b"Subject: " + b"x" * 20_000 + b"\r\n\r\n"), ("f.pdf", A_PDF))
    mail = mime.read(bytes(a_mail(("all.zip", content))), opener=open_archive)
    assert [one.name for one in mail.parts] == ["all.zip"]
    [problem] = mail.problems
    assert (problem.code, problem.where) == ("unreadable_archive", "all.zip")


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("smime.asc", b"-----BEGIN PGP MESSAGE-----\n\nhQEMA", "encrypted_mail"),
        ("old.msg", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(100), "outlook_mail"),
    ],
)
def test_what_nobody_here_can_look_into_is_said(name: str, content: bytes, code: str) -> None:
    mail = mime.read(bytes(a_mail((name, content))))
    assert [one.name for one in mail.parts] == [name]
    assert [(one.code, one.where) for one in mail.problems] == [(code, name)]
