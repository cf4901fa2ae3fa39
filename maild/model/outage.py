"""What a person has to see to when a connector is out, by the cause that its fault names. Words only.

A network that is away, or a server that is busy, comes back by itself: nothing is to be done.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

NEXT: Final[Mapping[str, str]] = {
    "tls": "see to the certificate of that server, or to tls and ca_file of the connector",
    "login": "see to username, password or consent of the connector, and to what the server allows",
    "policy": "ask whoever runs that server why it takes no mail of ours",
}
# Said after each of them: nothing is lost, and how to go on at once.
THEN: Final = "what waits there goes by itself then, at once with maild queue retry"


def next_step(cause: str) -> str | None:
    """What to do, as a sentence without its full stop; None where it passes by itself."""
    return f"{NEXT[cause]}; {THEN}" if cause in NEXT else None
