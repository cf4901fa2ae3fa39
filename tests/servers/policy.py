"""A policy service for Postfix (SMTPD_POLICY_README): what becomes of a recipient, by chance.

Nobody's mail is lost by it: it defers, as greylisting does, and delays; addresses that begin with
`wrong@` are refused for good.
"""

from __future__ import annotations

import random
import socketserver
import threading
from collections import Counter

from tests.servers.ports import LOOPBACK

DEFERRED = "450 4.2.1 Greylisting in action, please come back later"
REFUSED = "550 5.1.1 No such mailbox here"
DELAYED = "sleep 1"  # seconds; a restriction, which a policy service may answer with


class Policy:
    """A running policy service; `settings` tell a Postfix about it, `given` counts its answers."""

    def __init__(self, *, defers: float, delays: float, seed: int) -> None:
        self._defers, self._delays = defers, delays
        self._chance = random.Random(seed)
        self.given: Counter[str] = Counter()
        self._server = _Server((LOOPBACK, 0), _Dialogue)
        self._server.policy = self
        self._thread = threading.Thread(target=self._server.serve_forever, name="policy")

    @property
    def settings(self) -> dict[str, str]:
        """What makes a Postfix ask it."""
        where = f"inet:{LOOPBACK}:{self._server.server_address[1]}"
        return {"smtpd_recipient_restrictions": f"check_policy_service {where}, permit"}

    def start(self) -> None:
        """Listen."""
        self._thread.start()

    def stop(self) -> None:
        """End it; the threads of its connections end with their Postfix."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def answer(self, recipient: str) -> str:
        """The action for one recipient."""
        drawn = self._chance.random()
        if recipient.startswith("wrong@"):
            action = REFUSED
        elif drawn < self._defers:
            action = DEFERRED
        elif drawn < self._defers + self._delays:
            action = DELAYED
        else:
            action = "DUNNO"
        self.given[action] += 1
        return action


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False
    policy: Policy


class _Dialogue(socketserver.StreamRequestHandler):
    """Requests of `name=value` lines, each ended by an empty one."""

    server: _Server

    def handle(self) -> None:
        asked: dict[str, str] = {}
        for line in self.rfile:
            name, _, value = line.decode("utf-8", "replace").rstrip("\n").partition("=")
            if name:
                asked[name] = value
                continue
            action = self.server.policy.answer(asked.get("recipient", ""))
            self.wfile.write(f"action={action}\n\n".encode())
            asked.clear()
