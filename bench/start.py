"""How soon a daemon is ready, and how much memory it holds without its PDF children.

Prints JSON lines; the limits are those of the project: ready within a second, 150 MB. Memory is
taken when it has just started and after it carried bills whose PDFs were made.

    python -m bench.start [--count 200]
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import psutil

from bench._common import PATIENCE, Mails, a_daemon, a_sink, post_all, say

ROUNDS = 4  # the first compiles what was not compiled; the best counts
READY, MEMORY = 1.0, 150.0


def megabytes(pid: int) -> float:
    """What the daemon itself holds, its children left out."""
    return float(psutil.Process(pid).memory_info().rss) / (1 << 20)


def main() -> None:
    """Start a few, then work one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=200)
    count = parser.parse_args().count
    with tempfile.TemporaryDirectory(prefix="bench-start-") as place:
        folder = Path(place)
        out = folder / "sink"
        with a_sink(out) as relay:
            times = []
            for at in range(ROUNDS):
                with a_daemon(folder / str(at), relay) as daemon:
                    times.append(daemon.took)
            say("start.ready", min(times), unit="s", peer="limit", peer_value=READY)
            with a_daemon(folder / "worked", relay) as daemon:
                pid = daemon.process.pid
                say("start.memory", megabytes(pid), unit="MB", peer="limit", peer_value=MEMORY)
                post_all(daemon.port, Mails().more(count), at_once=4)
                end = time.monotonic() + PATIENCE
                while len(list(out.glob("*.eml"))) < 2 * count and time.monotonic() < end:
                    time.sleep(0.1)
                worked = megabytes(pid)
            say("start.memory.worked", worked, unit="MB", peer="limit", peer_value=MEMORY)


if __name__ == "__main__":
    main()
