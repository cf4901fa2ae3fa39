"""A small IMAP server that misbehaves on demand, for what a real Dovecot cannot be made to do.

It knows what maild says and little more. A test gives it mischief for the next command of a sort.
"""

from __future__ import annotations

import base64
import contextlib
import re
import socket
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable

Mischief = Callable[["Connection", str, str], bool | None]  # connection, tag, the rest of the line


class ToyImap:
    """One account. `folders` hold messages by UID; `said` is every command that came, in order."""

    def __init__(self, *capabilities: str) -> None:
        self.capabilities = ["IMAP4rev1", *(capabilities or ("IDLE", "MOVE", "UIDPLUS"))]
        self.folders: dict[str, dict[int, bytes]] = {"INBOX": {}}
        self.validity: dict[str, int] = defaultdict(lambda: 7)
        self.same: dict[int, int] = {}  # X-GM-MSGID by UID
        self.labels: list[str] = []
        self.said: list[str] = []
        self.logins: list[str] = []
        self.password = "open-sesame"
        self.sent = 0  # bytes
        self.mischief: dict[str, deque[Mischief]] = defaultdict(deque)
        self.connections: list[Connection] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(0.05)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._threads: list[threading.Thread] = []

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._listener.getsockname()[1])

    def start(self) -> None:
        """Listen."""
        self._thread.start()

    def stop(self) -> None:
        """End every connection, and listen no more."""
        self._over.set()
        self._thread.join()
        self._listener.close()
        for one in list(self.connections):
            one.drop()
        for thread in self._threads:
            thread.join(5)

    def put(self, raw: bytes, folder: str = "INBOX") -> int:
        """Deliver a message without a word to anybody; its UID."""
        there = self.folders.setdefault(folder, {})
        uid = max(there, default=0) + 1
        there[uid] = raw
        return uid

    def next(self, command: str, *mischief: Mischief) -> None:
        """Do this instead, or first, at the next commands of this sort."""
        self.mischief[command].extend(mischief)

    def count(self, command: str) -> int:
        """How many commands of this sort came."""
        return sum(one.startswith(command) for one in self.said)

    def _serve(self) -> None:
        while not self._over.is_set():
            with contextlib.suppress(TimeoutError):
                made, _ = self._listener.accept()
                connection = Connection(self, made)
                self.connections.append(connection)
                thread = threading.Thread(target=connection.run, daemon=True)
                self._threads.append(thread)
                thread.start()


class Connection:
    """One client."""

    def __init__(self, server: ToyImap, sock: socket.socket) -> None:
        self.server, self._sock = server, sock
        self._file = sock.makefile("rb")
        self.folder = "INBOX"

    def run(self) -> None:
        """Answer until the client or the test has enough."""
        with contextlib.suppress(OSError, ValueError):
            self.send("* OK toy")
            while line := self._file.readline():
                tag, _, rest = line.decode().rstrip("\r\n").partition(" ")
                self._answer(tag, rest)
        self.drop()

    def send(self, *lines: str) -> None:
        """Say lines."""
        self.raw("".join(f"{line}\r\n" for line in lines).encode())

    def raw(self, content: bytes) -> None:
        """Say bytes as they are."""
        self.server.sent += len(content)
        self._sock.sendall(content)

    def read_line(self) -> str:
        """What the client says next, outside of a command."""
        return self._file.readline().decode().rstrip("\r\n")

    def drop(self) -> None:
        """Hang up."""
        with contextlib.suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)
        with contextlib.suppress(OSError):
            self._file.close()
            self._sock.close()

    def _answer(self, tag: str, rest: str) -> None:
        words = rest.split(" ")
        name = " ".join(words[:2]) if words[0] == "UID" else words[0]
        self.server.said.append(rest)
        waiting = self.server.mischief[name]
        if waiting and waiting.popleft()(self, tag, rest):
            return
        found = getattr(self, f"_{name.replace(' ', '_').lower()}", None)
        if found is None:
            self.send(f"{tag} BAD what is {name}?")
        else:
            found(tag, rest[len(name) :].strip())

    def _capability(self, tag: str, _: str) -> None:
        self.send(f"* CAPABILITY {' '.join(self.server.capabilities)}", f"{tag} OK done")

    def _login(self, tag: str, rest: str) -> None:
        self._let_in(tag, rest.rpartition(" ")[2].strip('"'))

    def _authenticate(self, tag: str, _: str) -> None:
        self.send("+ ")
        said = base64.b64decode(self.read_line()).decode()
        match = re.search("Bearer ([^\x01]*)", said)
        self._let_in(tag, match[1] if match else "")

    def _let_in(self, tag: str, secret: str) -> None:
        self.server.logins.append(secret)
        if secret == self.server.password:
            self.send(f"{tag} OK welcome")
        else:
            self.send(f"{tag} NO [AUTHENTICATIONFAILED] wrong")

    def _noop(self, tag: str, _: str) -> None:
        self.send(f"{tag} OK done")

    def _logout(self, tag: str, _: str) -> None:
        self.send("* BYE bye", f"{tag} OK done")
        self.drop()

    def _list(self, tag: str, rest: str) -> None:
        asked = rest.split('"')[3] if rest.count('"') >= 4 else rest.rpartition(" ")[2]
        names = [one for one in self.server.folders if one == asked]
        self.send(*(f'* LIST () "/" "{one}"' for one in names), f"{tag} OK done")

    def _create(self, tag: str, rest: str) -> None:
        self.server.folders.setdefault(rest.strip('"'), {})
        self.send(f"{tag} OK done")

    _subscribe = _noop

    def _select(self, tag: str, rest: str) -> None:
        name = rest.strip('"')
        if name not in self.server.folders:
            self.send(f"{tag} NO [NONEXISTENT] no such folder")
            return
        self.folder = name
        there = self.server.folders[name]
        self.send(
            "* FLAGS (\\Seen)",
            f"* {len(there)} EXISTS",
            "* 0 RECENT",
            f"* OK [UIDVALIDITY {self.server.validity[name]}] .",
            f"* OK [UIDNEXT {max(there, default=0) + 1}] .",
            f"{tag} OK [READ-WRITE] done",
        )

    _examine = _select

    def _uid_search(self, tag: str, rest: str) -> None:
        there = self.server.folders[self.folder]
        asked = re.search(r'MESSAGE-ID "?(<[^">]*>)', rest)
        found = [
            uid
            for number, (uid, raw) in enumerate(sorted(there.items()), 1)
            if (asked is None and _within(number, rest)) or (asked and asked[1].encode() in raw)
        ]
        self.send(f"* SEARCH {' '.join(map(str, found))}".rstrip(), f"{tag} OK done")

    def _uid_fetch(self, tag: str, rest: str) -> None:
        for number, (uid, raw) in enumerate(sorted(self.server.folders[self.folder].items()), 1):
            if uid in _uids(rest):
                self.fetched(number, uid, raw, rest)
        self.send(f"{tag} OK done")

    def fetched(self, number: int, uid: int, raw: bytes, rest: str) -> None:
        """One answer of FETCH."""
        parts = [f"UID {uid}".encode()]
        if "RFC822.SIZE" in rest:
            parts.append(f"RFC822.SIZE {len(raw)}".encode())
        if "INTERNALDATE" in rest:
            parts.append(b'INTERNALDATE "02-Mar-2026 08:00:00 +0000"')
        if "X-GM-MSGID" in rest:
            parts.append(f"X-GM-MSGID {self.server.same.get(uid, uid)}".encode())
        if "HEADER.FIELDS" in rest:
            head = raw.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
            parts.append(b"BODY[HEADER.FIELDS (TO)]<0> {%d}\r\n%s" % (len(head), head))
        if piece := re.search(r"BODY\.PEEK\[\]<(\d+)\.(\d+)>", rest):
            start, size = int(piece[1]), int(piece[2])
            content = raw[start : start + size]
            parts.append(b"BODY[]<%d> {%d}\r\n%s" % (start, len(content), content))
        self.raw(b"* %d FETCH (%s)\r\n" % (number, b" ".join(parts)))

    def _uid_store(self, tag: str, rest: str) -> None:
        if "X-GM-LABELS" in rest:
            self.server.labels.append(rest)
        self.send(f"{tag} OK done")

    def _uid_expunge(self, tag: str, rest: str) -> None:
        self.take_out(_uids(rest))
        self.send(f"{tag} OK done")

    def _uid_copy(self, tag: str, rest: str) -> None:
        if self.copied(tag, rest):
            self.send(f"{tag} OK done")

    def _uid_move(self, tag: str, rest: str) -> None:
        if self.moved(tag, rest):
            self.send(f"{tag} OK done")

    def moved(self, tag: str, rest: str) -> bool:
        """Move, and say nothing of it."""
        done = self.copied(tag, rest)
        if done:
            self.take_out(_uids(rest))
        return done

    def copied(self, tag: str, rest: str) -> bool:
        """Copy, and say nothing of it but that there is no such folder."""
        target = rest.split('"')[1] if '"' in rest else rest.rpartition(" ")[2]
        if target not in self.server.folders:
            self.send(f"{tag} NO [TRYCREATE] no such folder")
            return False
        there = self.server.folders[self.folder]
        for uid in sorted(_uids(rest) & set(there)):
            self.server.put(there[uid], target)
        return True

    def take_out(self, uids: set[int]) -> None:
        """Expunge."""
        for uid in uids:
            self.server.folders[self.folder].pop(uid, None)

    def _idle(self, tag: str, _: str) -> None:
        before = dict(self.server.folders[self.folder])
        self.send("+ idling")
        self._sock.settimeout(0.02)
        line = b""
        while not line:
            try:
                line = self._sock.recv(100)
                if not line:
                    return
            except TimeoutError:
                there = dict(self.server.folders[self.folder])
                if there != before:
                    before = there
                    self.send(f"* {len(there)} EXISTS")
        self._sock.settimeout(None)
        self.send(f"{tag} OK done")


def drop(connection: Connection, _tag: str, _rest: str) -> bool:
    """Hang up without an answer."""
    connection.drop()
    return True


def silence(connection: Connection, _tag: str, _rest: str) -> bool:
    """Say nothing more, and keep the line open: a dead peer."""
    while connection.read_line():
        time.sleep(0)
    return True


def answer(*lines: str) -> Mischief:
    """Answer with these lines; TAG stands for the tag."""

    def say(connection: Connection, tag: str, _rest: str) -> bool:
        connection.send(*(line.replace("TAG", tag) for line in lines))
        return True

    return say


def _within(number: int, rest: str) -> bool:
    found = re.search(r"(\d+):(\d+)", rest)
    return found is None or int(found[1]) <= number <= int(found[2])


def _uids(rest: str) -> set[int]:
    return {int(one) for one in rest.split(" ", 1)[0].split(",")}
