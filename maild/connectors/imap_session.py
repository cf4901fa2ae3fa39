"""One login at an IMAP server, spoken in one thread: look, heads, bodies, IDLE.

Blocking by nature. Every fault leaves as one of ours, and after MailboxClosed nothing more is said
on the connection. What changes messages is in `imap_actions`.
"""

from __future__ import annotations

import contextlib
import imaplib
import socket
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import imapclient

from maild.connectors.imap_structure import files_in
from maild.connectors.imap_wire import ImapOptions, Wire
from maild.connectors.imap_words import closed, in_words, login_refused, refusal
from maild.errors import FolderMissing, MailboxClosed, MailboxError, NotDone
from maild.model.mailbox import Head, Look, Place

PIECE: Final = 1_048_576  # of a large body, per command: flat memory on both sides
SMALL_PIECE: Final = 262_144  # what is asked of a small one, whose size may be a lie
MOST_IN_MEMORY: Final = 40_000_000  # of one that said it was small
MAX_HEAD: Final = 65_536
_SEARCH_AT_ONCE: Final = 50_000  # messages: their UIDs fit into one line of an answer
_FIELDS: Final = (
    "DELIVERED-TO", "X-ORIGINAL-TO", "X-FORWARDED-TO", "ENVELOPE-TO", "TO", "CC", "FROM", "SENDER",
    "SUBJECT", "MESSAGE-ID", "DATE",
)  # fmt: skip
_HEADERS: Final = f"BODY.PEEK[HEADER.FIELDS ({' '.join(_FIELDS)})]<0.{MAX_HEAD}>"


class Session:
    """A connection that is logged in. Raises MailboxClosed when it is of no use any more."""

    def __init__(self, options: ImapOptions, *, secret: str) -> None:
        """Connect and log in with a password, or with an access token where an account is named.

        Raises LoginRefused too.
        """
        self.options = options
        with guarded(options.host):
            self.client = Wire(options)
        try:
            self._login(secret)
            with guarded(options.host):
                self.gmail = bool(self.client.has_capability("X-GM-EXT-1"))
                self.prefix, self.delimiter = self._names()
        except BaseException:
            self.cut()
            raise
        self.selected: str | None = None
        self._idle = options.idle and bool(self.client.has_capability("IDLE"))

    def look(self, folder: str) -> Look:
        """Select a folder anew, so that nothing is seen as it was at an earlier moment; list it."""
        validity, exists = self.select(folder)
        criteria = ["SINCE", self.options.since] if self.options.since else []
        found: list[int] = []
        with guarded(self.options.host):
            # By numbers and in turns: 40,000 UIDs are a line of 280 kB, a million would be too long.
            for first in range(1, exists + 1, _SEARCH_AT_ONCE):
                last = min(first + _SEARCH_AT_ONCE - 1, exists)
                found += self.client.search([f"{first}:{last}", *criteria])
        return Look(validity, tuple(str(uid) for uid in sorted(found)))

    def heads(self, folder: str, uids: Sequence[str]) -> tuple[Head, ...]:
        """What is known of these messages; those that have gone are missing."""
        validity, _ = self.in_folder(folder)
        items = ["INTERNALDATE", "RFC822.SIZE", _HEADERS]
        items += ["X-GM-MSGID"] if self.gmail else []
        if not self.options.want_files:
            answer = self._fetch(uids, items)
        else:
            answer = self._with_files(uids, items)
        return tuple(
            _head(Place(folder, validity, uid), answer[int(uid)])
            for uid in uids
            if int(uid) in answer
        )

    def fetch(self, heads: Sequence[Head]) -> dict[str, bytes]:
        """The bytes of small messages of one folder, less those that have gone."""
        if not heads:
            return {}
        self.in_folder(heads[0].place.folder)
        uids = [one.place.uid for one in heads]
        answer = self._fetch(uids, [f"BODY.PEEK[]<0.{SMALL_PIECE}>"])
        found = {}
        for head in heads:
            content = _body(answer.get(int(head.place.uid), {}))
            if content and len(content) >= SMALL_PIECE:
                content += b"".join(self._pieces(head, start=len(content), most=MOST_IN_MEMORY))
            # An expunged message comes as NIL, or as nothing at all (mail.md 3.3).
            if content:
                found[head.place.uid] = content
        return found

    def copy(self, head: Head, write: Callable[[bytes], None], *, most: int) -> int:
        """Write a large message piece by piece; how many bytes, 0 when it has gone."""
        self.in_folder(head.place.folder)
        size = 0
        for piece in self._pieces(head, start=0, most=most):
            write(piece)
            size += len(piece)
        return size

    def wait(self, seconds: float, *, wake: socket.socket) -> bool:
        """IDLE in the folder that is selected; False where this server cannot."""
        if not self._idle or self.selected is None:
            return False
        try:
            with guarded(self.options.host):
                self.client.idle_for(seconds, wake=wake)
        except NotDone:
            self._idle = False  # it promises IDLE and refuses it: then we poll
            return False
        return True

    def select(self, folder: str, *, readonly: bool = False) -> tuple[str, int]:
        """Select a folder: its UIDVALIDITY and how many messages it has. Raises FolderMissing."""
        self.selected = None
        try:
            with guarded(self.options.host):
                said = self.client.select_folder(self.full(folder), readonly=readonly)
        except NotDone as fault:
            raise FolderMissing(
                f'the folder "{folder}" cannot be opened: {fault.reason}'
            ) from fault
        self.selected, self._validity = folder, str(said.get(b"UIDVALIDITY", 0))
        self._exists = int(said.get(b"EXISTS", 0))
        return self._validity, self._exists

    def in_folder(self, folder: str) -> tuple[str, int]:
        """The same, where it need not be anew."""
        if self.selected == folder:
            return self._validity, self._exists
        return self.select(folder)

    def full(self, folder: str) -> str:
        """The name of a folder as this server wants it: "a/b" with its delimiter and its prefix."""
        if folder.upper() == "INBOX":
            return "INBOX"
        name = folder.replace("/", self.delimiter) if self.delimiter else folder
        return name if name.startswith(self.prefix) else self.prefix + name

    def close(self) -> None:
        """Log out, politely where that goes at once."""
        with contextlib.suppress(Exception):
            self.client.socket().settimeout(2.0)
            self.client.logout()
        self.cut()

    def cut(self) -> None:
        """Let go of the connection without a word."""
        with contextlib.suppress(Exception):
            self.client.shutdown()

    def _login(self, secret: str) -> None:
        try:
            if self.options.account:
                self.client.oauth2_login(self.options.username, secret)
            else:
                self.client.login(self.options.username, secret)
        except imapclient.exceptions.LoginError as fault:
            # imapclient wraps also the loss of the connection into this.
            raise login_refused(fault.__context__ or fault) from fault
        except Exception as fault:
            raise closed(fault, host=self.options.host) from fault

    def _names(self) -> tuple[str, str]:
        """The prefix and the delimiter of one's own folders (RFC 2342)."""
        if self.client.has_capability("NAMESPACE"):
            personal = self.client.namespace().personal
            if personal:
                prefix, delimiter = personal[0]
                return prefix or "", delimiter or ""
        listed = self.client.list_folders(pattern="INBOX")
        delimiter = listed[0][1] if listed else b"/"
        return "", delimiter.decode("ascii", "replace") if delimiter else ""

    def _with_files(self, uids: Sequence[str], items: list[str]) -> dict[int, dict[bytes, Any]]:
        """Heads with BODYSTRUCTURE; a message whose structure nobody can parse has none."""
        try:
            return self._fetch(uids, [*items, "BODYSTRUCTURE"])
        except MailboxClosed as fault:
            if not isinstance(fault.__cause__, RecursionError):
                raise
        # Nested a thousand deep: the answer was read whole, so the connection is in step.
        return self._fetch(uids, items)

    def _fetch(self, uids: Sequence[str], items: Sequence[str]) -> dict[int, dict[bytes, Any]]:
        with guarded(self.options.host):
            answer: dict[int, dict[bytes, Any]] = self.client.fetch(
                [int(uid) for uid in uids], list(items)
            )
        return answer

    def _pieces(self, head: Head, *, start: int, most: int) -> Iterator[bytes]:
        uid = head.place.uid
        while start <= most:
            answer = self._fetch([uid], [f"BODY.PEEK[]<{start}.{PIECE}>"])
            piece = _body(answer.get(int(uid), {}))
            if piece is None and start:
                raise MailboxClosed("a message went away while it was read")
            if not piece:
                return
            yield piece
            if len(piece) < PIECE:
                return
            start += len(piece)


@contextlib.contextmanager
def guarded(host: str) -> Iterator[None]:
    """Faults of the library and the network as ours: NotDone for a plain NO, else MailboxClosed."""
    try:
        yield
    except MailboxError:
        raise
    except imapclient.exceptions.ProtocolError as fault:
        raise closed(fault, host=host) from fault
    except imaplib.IMAP4.readonly as fault:
        raise NotDone("the server lets it be read only") from fault
    except imaplib.IMAP4.abort as fault:
        raise closed(fault, host=host) from fault
    except imaplib.IMAP4.error as fault:
        said = refusal(fault)
        if " failed: " in str(fault) and "authenticated but not connected" not in said:
            raise NotDone(in_words(said)) from fault
        raise closed(fault, host=host) from fault
    except Exception as fault:
        raise closed(fault, host=host) from fault


def _head(place: Place, answer: dict[bytes, Any]) -> Head:
    arrived, size = answer.get(b"INTERNALDATE"), answer.get(b"RFC822.SIZE")
    blocks = [value for key, value in answer.items() if key.startswith(b"BODY[HEADER")]
    same = answer.get(b"X-GM-MSGID")
    aware = isinstance(arrived, datetime) and arrived.tzinfo is not None
    return Head(
        place=place,
        size=size if isinstance(size, int) else 0,
        arrived_at=arrived.astimezone(UTC) if aware and arrived else datetime.now(UTC),
        headers=blocks[0] if blocks and isinstance(blocks[0], bytes) else b"",
        files=files_in(answer.get(b"BODYSTRUCTURE")),
        same_as=None if same is None else str(same),
    )


def _body(answer: dict[bytes, Any]) -> bytes | None:
    for key, value in answer.items():
        if key.startswith(b"BODY[]"):
            return value if isinstance(value, bytes) else None
    return None
