"""The bytes of a mail, read back by the standard library and by the rules of RFC 5322."""

from __future__ import annotations

import email
import re
from email import policy
from email.header import decode_header, make_header
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import collapse_rfc2231_value, parseaddr
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maild.errors import ProfileMismatch
from maild.model.delivery import Enclosure, Letter
from maild.outbox.message import mailbox, plain_ascii, write
from tests.letters.builders import NOW

PDF = Enclosure("factuur-12.pdf", "application/pdf", b"%PDF-1.7\n\x00\xff" * 30)
UBL = Enclosure("factuur-12.xml", "application/xml", "<Invoice>\r\n\tü</Invoice>\n".encode())


def a_message(
    *, subject: str = "Factuur 12", text: str = "Hierbij.\n", html: str | None = None, **parts: Any
) -> bytes:
    options: dict[str, Any] = {
        "sender": "Acme BV <facturen@acme.example>",
        "to": "An.Peeters@Kantoor.Example",
        "message_id": "<v-1@acme.example>",
        "date": NOW,
        "delivery": "v-1",
        "enclosures": (PDF, UBL),
    }
    return b"".join(write(Letter(subject, text, html), **(options | parts)))


def read_back(message: bytes) -> EmailMessage:
    """The message as a strict reader sees it; a defect anywhere is a failure."""
    found = email.message_from_bytes(message, policy=policy.default)
    assert isinstance(found, EmailMessage)
    for part in found.walk():
        assert part.defects == []
        assert [value.defects for _, value in part.items() if value.defects] == []
    return found


def test_the_headers_are_those_of_rfc_5322() -> None:
    found = read_back(a_message(html="<p>Hierbij.</p>"))
    assert list(found.keys()) == [
        "Date", "From", "To", "Subject", "Message-ID", "Auto-Submitted", "X-Maild-Delivery",
        "MIME-Version", "Content-Type",
    ]  # fmt: skip
    assert found["Date"].datetime == NOW
    assert found["From"].addresses == (Address("Acme BV", "facturen", "acme.example"),)
    assert found["To"] == "An.Peeters@Kantoor.Example"
    assert found["Message-ID"] == "<v-1@acme.example>"
    assert found["Auto-Submitted"] == "auto-generated"
    assert found["X-Maild-Delivery"] == "v-1"


def test_letter_and_files_come_out_as_they_went_in() -> None:
    text, html = "Café, = en .\n.\nFrom here\n  spaces  \n" + "x" * 300 + "\n", "<p>é</p>\n"
    found = read_back(a_message(text=text, html=html))
    assert found.get_content_type() == "multipart/mixed"
    alternatives, pdf, ubl = found.iter_parts()
    assert alternatives.get_content_type() == "multipart/alternative"
    plain, rich = alternatives.iter_parts()
    assert plain.get_content().replace("\r\n", "\n") == text
    assert rich.get_content().replace("\r\n", "\n") == html
    for part, file in ((pdf, PDF), (ubl, UBL)):
        assert part.get_payload(decode=True) == file.content
        assert part.get_filename() == file.name
        assert part.get_param("name") == file.name
        assert part.get_content_type() == file.media_type
        assert part.get_content_disposition() == "attachment"


@pytest.mark.parametrize("size", [0, 1, 56, 57, 58, 114, 300_000])
def test_files_of_every_size_survive(size: int) -> None:
    content = bytes(n * 7 % 256 for n in range(size))
    file = Enclosure("a.pdf", "application/pdf", content)
    part = next(read_back(a_message(enclosures=(file,))).iter_attachments())
    assert part.get_payload(decode=True) == content


def test_a_mail_without_files_or_html_is_as_simple_as_that() -> None:
    found = read_back(a_message(enclosures=()))
    assert found.get_content_type() == "text/plain"
    machine = read_back(a_message())
    assert next(machine.iter_parts()).get_content_type() == "text/plain"


@given(
    subject=st.text(max_size=250),
    text=st.text(max_size=400),
    name=st.text(max_size=60),
    file=st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=100),
)
def test_whatever_the_words_the_bytes_are_a_mail(
    subject: str, text: str, name: str, file: str
) -> None:
    quoted = re.sub(r'[\\"\r\n\x00]', "", name)
    sender = f'"{quoted}" <facturen@acme.example>'
    enclosure = Enclosure(file, "application/pdf", b"%PDF")
    message = a_message(subject=subject, text=text, sender=sender, enclosures=(enclosure,))
    lines = message.split(b"\r\n")
    assert b"\n" not in b"".join(lines)
    assert b"\r" not in b"".join(lines)
    assert max(len(line) for line in lines) <= 998
    assert message.isascii()
    head = message.partition(b"\r\n\r\n")[0]
    assert len(re.findall(rb"(?m)^[A-Za-z-]+:", head)) == 9
    found = email.message_from_bytes(message, policy=policy.default)
    assert found["From"].addresses[0].addr_spec == "facturen@acme.example"
    printable = "".join(one if one.isprintable() else " " for one in subject)
    assert str(found["Subject"]).split() == printable.split()


@pytest.mark.parametrize(
    "name",
    ["Müller & Söhne", 'Peeters "De Bakker"', "O’Neill, Jan", "a\\b", "株式会社", "=?utf-8?q?x?=", "x" * 200,
     "Société Générale des Établissements de la Vallée " * 4],
)  # fmt: skip
def test_every_sender_s_name_is_read_as_it_is_written(name: str) -> None:
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    message = a_message(sender=f'"{escaped}" <facturen@acme.example>')
    # Read by the older parser: Python 3.11's newer one puts spaces between the encoded words of a
    # long name, against RFC 2047 section 6.2.
    phrase, address = parseaddr(email.message_from_bytes(message)["From"])
    assert str(make_header(decode_header(phrase))).split() == name.split()
    assert address == "facturen@acme.example"
    words = re.findall(rb"=\?utf-8\?[^ \r]+\?=", message.partition(b"Subject:")[0])
    assert all(len(word) <= 75 for word in words)


@pytest.mark.parametrize(
    "evil", ["\r\nBcc: x@example.com", "\nX: y", "\r\rX: y", "\x00", "\x0bX: y", "\u2028X: y"]
)
def test_no_value_starts_a_header_of_its_own(evil: str) -> None:
    plain = read_back(a_message())
    found = read_back(a_message(subject=f"Factuur{evil}", sender=f"Acme{evil} <a@acme.example>"))
    assert found.keys() == plain.keys()
    odd = a_message(message_id=f"<v{evil}@acme.example>", delivery=f"v{evil}")
    assert email.message_from_bytes(odd).keys() == plain.keys()


@pytest.mark.parametrize(
    "address",
    ["a@b\r\nBcc: c@d", "a", "@b.example", "a@", "a b@c.example", "a@b.example>, <c@d.example", "a@b@\x00",
     "x" * 250 + "@b.example", "a,b@c.example", "", "a@" + "ü" * 200 + ".example"],
)  # fmt: skip
def test_what_is_no_address_is_refused_and_quoted(address: str) -> None:
    with pytest.raises(ProfileMismatch):
        a_message(to=address)


def test_an_address_keeps_its_case_and_a_domain_with_umlauts_becomes_ascii() -> None:
    assert mailbox("Acme.Verkoop@Inbox.Example") == "Acme.Verkoop@Inbox.Example"
    assert mailbox("An@bücher.example") == "An@xn--bcher-kva.example"
    assert mailbox("jörg@bücher.example") == "jörg@bücher.example"
    assert (
        read_back(a_message(to="o'neil+x/y@kantoor.example"))["To"] == "o'neil+x/y@kantoor.example"
    )


@pytest.mark.parametrize(
    ("name", "fallback"),
    [
        ("Rechnung März.pdf", "Rechnung Marz.pdf"),
        ("請求書.pdf", ".pdf"),
        ('a"b\\c.pdf', "a_b_c.pdf"),
        ("日本", "attachment"),
        ("ä" * 100 + ".pdf", "a" * 100 + ".pdf"),
    ],
)
def test_a_file_s_name_survives_old_and_new_clients(name: str, fallback: str) -> None:
    message = a_message(enclosures=(Enclosure(name, "application/pdf", b"x"),))
    part = next(read_back(message).iter_attachments())
    assert part.get_filename() == name
    assert part.get_param("name") == fallback
    old = list(email.message_from_bytes(message).walk())[-1]
    assert collapse_rfc2231_value(old.get_filename() or "") == name


@pytest.mark.parametrize(
    ("found", "sent"),
    [
        ("application/pdf", "application/pdf"),
        ("Text/CSV; charset=x", "text/csv"),
        ("message/rfc822", "application/octet-stream"),
        ("multipart/mixed", "application/octet-stream"),
        ("nonsense", "application/octet-stream"),
        ("text/html\r\nX-Evil: 1", "application/octet-stream"),
    ],
)
def test_a_file_has_a_type_that_may_travel_in_base64(found: str, sent: str) -> None:
    part = read_back(a_message(enclosures=(Enclosure("a.bin", found, b"x"),)))
    assert next(part.iter_attachments()).get_content_type() == sent


def test_equal_input_gives_equal_bytes_and_each_delivery_its_own_boundary() -> None:
    assert a_message(html="<p>") == a_message(html="<p>")
    edges = {read_back(a_message(delivery=name)).get_boundary() for name in ("v-1", "v-2")}
    assert len(edges) == 2


def test_letters_become_their_ascii_relatives() -> None:
    assert plain_ascii("Straße d’été Nº 1 漢") == "Strasse dete No 1 "
