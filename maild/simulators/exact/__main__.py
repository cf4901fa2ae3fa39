"""Run the stand-in by itself, until it is ended: `python -m maild.simulators.exact --port 8090`.

It prints one line of JSON with what a configuration needs to lead here. At SIGTERM it prints another:
how often each call was made, what is in the books, and what the real service would have punished.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
from collections.abc import Sequence
from typing import Final

from maild.simulators.exact.server import ExactOnline

_TOLD: Final = (
    "crm/Accounts",
    "salesentry/SalesEntries",
    "purchaseentry/PurchaseEntries",
    "documents/Documents",
    "documents/DocumentAttachments",
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Listen until SIGTERM or SIGINT; exit code 1 when there were offences."""
    parser = argparse.ArgumentParser(prog="python -m maild.simulators.exact", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="on loopback; 0 takes a free one")
    parser.add_argument("--user", help="who says yes at the consent page")
    asked = parser.parse_args(arguments)
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    exact = ExactOnline(port=asked.port)
    exact.user = asked.user or exact.user
    with exact:
        _print(
            site=exact.url,
            address=exact.user,
            client_id=exact.client.id,
            client_secret=exact.client.secret,
            redirect_uri=exact.client.redirect_uri,
            divisions={str(one.code): one.name for one in exact.world.books.values()},
        )
        ended.wait()
    rows = {path: sum(len(exact.rows(path, one)) for one in exact.world.books) for path in _TOLD}
    _print(calls=exact.counters, rows=rows, offences=exact.offences)
    return 1 if exact.offences else 0


def _print(**values: object) -> None:
    sys.stdout.write(json.dumps(values) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
