"""What left in the demo, as the sink wrote it down: a list, one mail, its files. Nothing is changed here."""

from __future__ import annotations

import email
import email.policy
import json
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from functools import lru_cache
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

PAGE: Final = 50  # mails in the list
ZONE: Final = ZoneInfo("Europe/Brussels")  # in which the demo shows times
_KEPT: Final = 4_096  # heads of mails; a mail never changes


@dataclass(frozen=True, slots=True)
class Listed:
    """One line of the list."""

    name: str  # the number that the sink gave it
    to: str  # of the envelope, which may be more than the mail says
    sender: str
    subject: str
    date: datetime | None
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """One mail: its text, whether it has a letter, and the names and sizes of its files."""

    head: Listed
    text: str
    has_letter: bool
    files: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class SentMails:
    """The folders that the sink filled."""

    folders: tuple[Path, ...]

    def newest(self, *, before: str = "") -> tuple[list[Listed], str]:
        """The last mails, the newest first, and the number before which there are more."""
        found = [one for one in self._paths() if not before or one.stem < before]
        more = found[PAGE - 1].stem if len(found) > PAGE else ""
        return [_listed(path) for path in found[:PAGE]], more

    def count(self) -> int:
        """How many left."""
        return sum(1 for _ in self._paths())

    def last(self, sender: str) -> Path | None:
        """The file of the last mail from an address that begins so."""
        return next((path for path in self._paths() if sender in _listed(path).sender), None)

    def open(self, name: str) -> Shown | None:
        """One mail by its number; None when there is none."""
        path = self._path(name)
        if path is None:
            return None
        message = _read(path)
        body = message.get_body(preferencelist=("plain",))
        text = body.get_content() if body is not None else ""
        files = tuple((_name(part), len(_bytes(part))) for part in message.iter_attachments())
        letter = message.get_body(preferencelist=("html",)) is not None
        return Shown(_listed(path), str(text), letter, files)

    def letter(self, name: str) -> str | None:
        """The HTML of a mail; None when it has none."""
        path = self._path(name)
        body = _read(path).get_body(preferencelist=("html",)) if path else None
        return None if body is None else str(body.get_content())

    def file(self, name: str, at: int) -> tuple[str, bytes] | None:
        """The name and the content of one attachment of a mail, counted from 0."""
        path = self._path(name)
        parts = list(_read(path).iter_attachments()) if path else []
        return (_name(parts[at]), _bytes(parts[at])) if 0 <= at < len(parts) else None

    def _paths(self) -> list[Path]:
        """The files of the mails, the newest first."""
        found = (path for folder in self.folders for path in folder.glob("*.eml"))
        return sorted(found, key=lambda path: path.name, reverse=True)

    def _path(self, name: str) -> Path | None:
        if not (name.isascii() and name.isdigit()):
            return None
        paths = (folder / f"{name}.eml" for folder in self.folders)
        return next((path for path in paths if path.is_file()), None)


@lru_cache(maxsize=_KEPT)
def _listed(path: Path) -> Listed:
    said = _read(path)
    date = said["Date"]
    return Listed(
        path.stem,
        ", ".join(json.loads(path.with_suffix(".json").read_text("utf-8"))["recipients"]),
        str(said["From"]),
        str(said["Subject"]),
        date.datetime.astimezone(ZONE) if date is not None else None,
        tuple(_name(part) for part in said.iter_attachments()),
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
