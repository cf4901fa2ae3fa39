"""Mailboxes for tests: a real Dovecot and a Maildir, with what another client does in them."""

from __future__ import annotations

import mailbox as standard
import smtplib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

from maild.connectors.imap import ImapMailbox
from maild.connectors.imap_wire import ImapOptions
from maild.connectors.maildir import MaildirMailbox, MaildirOptions
from maild.ports import Mailbox
from tests.servers.dovecot import PASSWORD, Dovecot


class Box(Protocol):
    """A place for mail, and another client that is at work there."""

    @property
    def mailbox(self) -> Mailbox:
        """What maild reads it by."""
        ...

    def put(self, raw: bytes, *, folder: str = "INBOX") -> None:
        """Deliver a message."""
        ...

    def lying_in(self, folder: str) -> list[bytes]:
        """The messages in a folder, in any order; none where there is no folder."""
        ...

    def remove(self, folder: str = "INBOX") -> None:
        """Delete all messages of a folder, as another client would."""
        ...


class DovecotBox:
    """An account at a Dovecot."""

    def __init__(self, dovecot: Dovecot, address: str, password: Path, **options: Any) -> None:
        self.dovecot, self.address, self.password = dovecot, address, password
        password.write_text(PASSWORD + "\n")
        self.options = replace(
            ImapOptions(
                name="box",
                host="127.0.0.1",
                port=dovecot.imap_port,
                tls="none",
                username=address,
                password_file=password,
                read_timeout=10.0,
            ),
            **options,
        )
        self.mailbox = ImapMailbox(self.options)

    def put(self, raw: bytes, *, folder: str = "INBOX") -> None:
        if folder == "INBOX":
            deliver(self.dovecot, self.address, [raw])
            return
        with self.dovecot.login(self.address) as client:
            if not client.folder_exists(folder):
                client.create_folder(folder)
            client.append(folder, raw)

    def lying_in(self, folder: str) -> list[bytes]:
        with self.dovecot.login(self.address) as client:
            if not client.folder_exists(folder):
                return []
            client.select_folder(folder, readonly=True)
            uids = client.search("ALL")
            found = client.fetch(uids, ["BODY.PEEK[]"]) if uids else {}
        return [one[b"BODY[]"] for one in found.values()]

    def flags(self, folder: str = "INBOX") -> list[set[str]]:
        """The flags of each message, less the one that means "recent"."""
        with self.dovecot.login(self.address) as client:
            client.select_folder(folder, readonly=True)
            found = client.get_flags(client.search("ALL"))
        return [{flag.decode() for flag in one} - {"\\Recent"} for one in found.values()]

    def remove(self, folder: str = "INBOX") -> None:
        with self.dovecot.login(self.address) as client:
            client.select_folder(folder)
            client.delete_messages(client.search("ALL"))
            client.expunge()

    def make_anew(self, folder: str, messages: Sequence[bytes]) -> None:
        """Delete a folder and make it again: another UIDVALIDITY, the UIDs start at 1."""
        with self.dovecot.login(self.address) as client:
            if client.folder_exists(folder):
                client.delete_folder(folder)
            client.create_folder(folder)
            for one in messages:
                client.append(folder, one)


class MaildirBox:
    """A Maildir in a folder."""

    def __init__(self, path: Path) -> None:
        self._path = path
        standard.Maildir(path)
        self.mailbox = MaildirMailbox(MaildirOptions("box", path))

    def put(self, raw: bytes, *, folder: str = "INBOX") -> None:
        self._folder(folder).add(raw)

    def lying_in(self, folder: str) -> list[bytes]:
        # A folder is there when its last part is: maild makes it while the test looks.
        if folder != "INBOX" and not (self._path / f".{folder}" / "cur").is_dir():
            return []
        there = self._folder(folder)
        return [there.get_bytes(key) for key in there.keys()]  # noqa: SIM118 - not a dict

    def remove(self, folder: str = "INBOX") -> None:
        self._folder(folder).clear()

    def _folder(self, name: str) -> standard.Maildir:
        root = standard.Maildir(self._path)
        return root if name == "INBOX" else root.add_folder(name)


def deliver(dovecot: Dovecot, address: str, messages: Sequence[bytes]) -> None:
    """Hand messages in by LMTP, as the mail server of a provider does."""
    with smtplib.LMTP("127.0.0.1", dovecot.lmtp_port) as client:
        for one in messages:
            client.sendmail("sender@elsewhere.example", [address], one)


def same_text(one: bytes) -> bytes:
    """A message without what delivery adds and with one kind of line ends."""
    return one.replace(b"\r\n", b"\n").partition(b"Subject:")[2]
