"""How many mails a second the SMTP door takes durably: the document is stored when the 250 comes.

Prints JSON lines. Each mail holds an invoice that was not there before, which is read, judged by the
rules and stored with its deliveries (held: the team is in shadow mode, so nothing else runs). The
peer is a real Postfix that stores the same mails in its hold queue and does nothing more, taken by
the same client in the same run (mail.md section 2.2). smtp-source is not the client because it sends
the same bytes every time, which are one document to maild.

    python -m bench.intake [--count 600]
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import statistics
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bench._common import Mails, a_daemon, post_all, say
from tests.servers.instance import SEARCH_PATH, make_folder
from tests.servers.postfix import Postfix
from tests.servers.tls import make_certificates

ROUNDS = 3
SHADOW = ('language = "nl"', 'language = "nl"\nmode = "shadow"')
HOLD = {"smtpd_client_restrictions": "check_client_access static:HOLD"}
# Size on the wire, and how much of the count is sent of it.
SIZES = {"5kB": (0, 1.0), "300kB": (295_000, 0.25)}


@contextlib.contextmanager
def a_postfix() -> Iterator[int | None]:
    """The port of a Postfix that stores and holds; None where there is none, or no root to run it."""
    if os.geteuid() != 0 or shutil.which("postconf", path=SEARCH_PATH) is None:
        yield None
        return
    folder = make_folder("ca")
    server = Postfix(make_certificates(folder), settings=HOLD)
    try:
        server.start()
        yield server.port
    finally:
        server.remove()
        shutil.rmtree(folder)


def rate(port: int, mails: Mails, *, count: int, at_once: int) -> float:
    """Mails a second, new ones each time."""
    return count / post_all(port, mails.more(count), at_once=at_once)


def main() -> None:
    """Both servers by turns: whatever else the machine does is shared out between them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=600)
    count = parser.parse_args().count
    with (
        tempfile.TemporaryDirectory(prefix="bench-intake-") as place,
        a_postfix() as postfix,
        a_daemon(Path(place) / "house", 9, SHADOW) as daemon,
    ):
        for name, (pdf_size, share) in SIZES.items():
            mails, some = Mails(pdf_size=pdf_size), int(count * share)
            post_all(daemon.port, mails.more(10), at_once=2)
            for at_once in (1, 10, 50):
                ours, theirs = [], []
                for _ in range(ROUNDS):
                    ours.append(rate(daemon.port, mails, count=some, at_once=at_once))
                    if postfix is not None:
                        theirs.append(rate(postfix, mails, count=some, at_once=at_once))
                say(
                    f"intake.{name}.x{at_once}",
                    statistics.median(ours),
                    unit="mails/s",
                    peer="postfix hold queue",
                    peer_value=statistics.median(theirs) if theirs else None,
                )


if __name__ == "__main__":
    main()
