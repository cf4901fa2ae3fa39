"""The demo's daemon, in a process of its own: what `maild run` is, by the clock of the demo.

python -m maild.demo.daemon CONFIG CLOCK
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from maild.daemon import serve
from maild.demo.clock import SharedClock


def main() -> int:
    """Run until SIGTERM or SIGINT; the exit code is the daemon's."""
    config, clock = sys.argv[1:]
    return asyncio.run(serve(config, now=SharedClock(Path(clock)).now))


if __name__ == "__main__":
    sys.exit(main())
