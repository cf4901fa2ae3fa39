"""What left in the demo, as the sink wrote it down: a list, one mail, its files. Nothing is changed here."""

from __future__ import annotations

import email
import email.policy
from dataclasses import dataclass
from email.message import EmailMessage
from email.parser import BytesHeaderParser
from pathlib import Path
from typing import Final

MOST: Final = 200  # mails in the list
_LONGEST_HEAD: Final = 16 * 1024


@dataclass(frozen=True, slots=True)
class Listed:
    """One line of the list."""

    name: str  # the number that the sink gave it
    to: str
    sender: str
    subject: str
    date: str


@dataclass(frozen=True, slots=True)
class Shown:
    """One mail: its text and the names and sizes of its files."""

    head: Listed
    text: str
    files: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class SentMails:
    """The folders that the sink filled."""

    folders: tuple[Path, ...]

    def newest(self) -> list[Listed]:
        """The last mails, the newest first."""
        found = sorted(
            (path for folder in self.folders for path in folder.glob("*.eml")),
            key=lambda path: path.name,
            reverse=True,
        )
        return [self._listed(path) for path in found[:MOST]]

    def count(self) -> int:
        """How many left."""
        return sum(1 for folder in self.folders for _ in folder.glob("*.eml"))

    def open(self, name: str) -> Shown | None:
        """One mail by its number; None when there is none."""
        path = self._path(name)
        if path is None:
            return None
        message = _read(path)
        body = message.get_body(preferencelist=("plain",))
        text = body.get_content() if body is not None else ""
        files = tuple((_name(part), len(_bytes(part))) for part in message.iter_attachments())
        return Shown(self._listed(path), str(text), files)

    def file(self, name: str, at: int) -> tuple[str, bytes] | None:
        """The name and the content of one attachment of a mail, counted from 0."""
        path = self._path(name)
        parts = list(_read(path).iter_attachments()) if path else []
        return (_name(parts[at]), _bytes(parts[at])) if 0 <= at < len(parts) else None

    def _path(self, name: str) -> Path | None:
        if not (name.isascii() and name.isdigit()):
            return None
        paths = (folder / f"{name}.eml" for folder in self.folders)
        return next((path for path in paths if path.is_file()), None)

    def _listed(self, path: Path) -> Listed:
        with path.open("rb") as file:
            head = file.read(_LONGEST_HEAD)
        said = BytesHeaderParser(policy=email.policy.default).parsebytes(head)
        return Listed(
            path.stem, str(said["To"]), str(said["From"]), str(said["Subject"]), str(said["Date"])
        )


def _read(path: Path) -> EmailMessage:
    message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    if not isinstance(message, EmailMessage):
        raise TypeError(f"{path} holds no mail")
    return message


def _name(part: EmailMessage) -> str:
    return Path(part.get_filename() or "part").name


def _bytes(part: EmailMessage) -> bytes:
    content = part.get_payload(decode=True)
    return content if isinstance(content, bytes) else b""
