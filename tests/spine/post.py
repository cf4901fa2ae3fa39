"""Handing mail in at maild's door with `smtplib`, and reading what came out of it."""

from __future__ import annotations

import email.policy
import hashlib
import smtplib
from dataclasses import dataclass
from email.message import EmailMessage

TEAM = "acme@post.example"
SENDER = "facturen@acme.example"


@dataclass(frozen=True, slots=True)
class Reply:
    """What the door said at last: the code, and the whole text."""

    code: int
    text: str

    def __str__(self) -> str:
        return f"{self.code} {self.text}"


def a_mail(
    *files: tuple[str, bytes], to: str = TEAM, subject: str = "Factuur", sender: str = SENDER
) -> EmailMessage:
    """A mail with these files, as a bookkeeping program would send it."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, to, subject
    message.set_content("Zie bijlage.")
    for name, content in files:
        main, sub = _media_type(name)
        message.add_attachment(content, maintype=main, subtype=sub, filename=name)
    return message


def hand_in(port: int, message: EmailMessage | bytes, *to: str) -> Reply:
    """Mail it to the door, to `to` or to whom it says; the first refusal, or the reply to the dot."""
    if isinstance(message, bytes):
        content, recipients = message, to
    else:
        content, recipients = message.as_bytes(policy=email.policy.SMTP), to or (message["To"],)
    with smtplib.SMTP("127.0.0.1", port, timeout=60, local_hostname="erp.acme.example") as client:
        client.ehlo()
        said = [client.mail(SENDER), *(client.rcpt(str(one)) for one in recipients)]
        refused = [one for one in said if one[0] >= 400]
        code, text = refused[0] if refused else client.data(content)
    return Reply(code, text.decode())


def sha256(content: bytes) -> str:
    """As it stands in maild's records."""
    return hashlib.sha256(content).hexdigest()


def read_mail(content: bytes) -> EmailMessage:
    """A mail as the standard library reads it."""
    message = email.message_from_bytes(content, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return message


def files_of(message: EmailMessage) -> dict[str, bytes]:
    """The attachments by name."""
    return {
        part.get_filename() or "": part.get_payload(decode=True)  # type: ignore[misc]  # typeshed: bytes for a leaf
        for part in message.iter_attachments()
    }


def text_of(message: EmailMessage) -> str:
    """The plain text of the letter."""
    body = message.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def _media_type(name: str) -> tuple[str, str]:
    kinds = {"xml": "xml", "json": "json", "pdf": "pdf"}
    return "application", kinds.get(name.rpartition(".")[2].lower(), "octet-stream")
