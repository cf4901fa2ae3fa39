"""A strict SMTP server on loopback that keeps what it is given and fails on demand.

It stands in for the outside world in the demo, the tests and the benchmarks. It relays nothing,
forgets everything at its end, and imports nothing of maild but its own dialogue. Faults are
switched while it runs.

    python -m maild.simulators.mailsink --port 0 --folder X --delay DOT=2
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import signal
import ssl
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from maild.simulators.sink_dialogue import Dialogue
from maild.simulators.sink_terms import STEPS, Caught, Faults

LOOPBACK = "127.0.0.1"


class MailSink:
    """The server. `mails` holds what came, `steps` counts what was seen, `faults` may be changed."""

    def __init__(
        self,
        *,
        folder: Path | None = None,
        max_size: int | None = None,
        tls: ssl.SSLContext | None = None,
        implicit_tls: bool = False,
        users: dict[str, str] | None = None,
        extensions: tuple[str, ...] = ("PIPELINING", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES"),
        keep: bool = True,
    ) -> None:
        self.faults = Faults()
        self.mails: list[Caught] = []
        self.count = 0
        self.steps: Counter[str] = Counter()
        self.transports: set[asyncio.Transport] = set()
        self.seen: set[tuple[str, str]] = set()  # for greylisting
        self.folder, self.max_size, self.tls, self.users = folder, max_size, tls, users
        self.implicit_tls, self.extensions, self._keep = implicit_tls, extensions, keep
        self.port = 0
        self._server: asyncio.Server | None = None
        self._changed = asyncio.Event()

    async def start(self, port: int = 0) -> int:
        """Listen on loopback and give the port."""
        if self.folder:
            self.folder.mkdir(parents=True, exist_ok=True)
        self._server = await asyncio.get_running_loop().create_server(
            lambda: Dialogue(self),
            LOOPBACK,
            port,
            backlog=1024,
            ssl=self.tls if self.implicit_tls else None,
        )
        self.port = self._server.sockets[0].getsockname()[1]
        return self.port

    async def stop(self) -> None:
        """Stop listening and hang up on everyone. Safe to call twice."""
        if self._server:
            self._server.close()
            self.hang_up()
            await self._server.wait_closed()
            self._server = None

    def hang_up(self) -> None:
        """Close every connection, as a server does with those that idle."""
        for transport in tuple(self.transports):
            transport.close()

    async def until(self, condition: Callable[[], bool], *, timeout: float = 20) -> None:  # noqa: ASYNC109 - the same for every caller
        """Return when the condition holds; it is looked at after each step. TimeoutError otherwise."""
        async with asyncio.timeout(timeout):
            while not condition():
                self._changed.clear()
                await self._changed.wait()

    def saw(self, step: str) -> None:
        """Count a step of a dialogue and wake who waits for it."""
        self.steps[step] += 1
        self._changed.set()

    def catch(self, mail: Caught) -> None:
        """Keep a mail: in memory, and as a numbered .eml with its envelope beside it."""
        self.count += 1
        if self._keep:
            self.mails.append(mail)
        if self.folder:
            path = self.folder / f"{self.count:06}.eml"
            envelope = {"sender": mail.sender, "recipients": mail.recipients, "tls": mail.tls}
            path.with_suffix(".json").write_text(json.dumps(envelope), encoding="utf-8")
            half = path.with_suffix(".half")  # nobody reads a mail that is not whole
            half.write_bytes(mail.content)
            half.rename(path)


async def serve(sink: MailSink, *, port: int) -> None:
    """Run until SIGTERM or SIGINT; the first line of standard output is JSON and names the port."""
    stop = asyncio.Event()
    for one in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(one, stop.set)
    sys.stdout.write(json.dumps({"listen": f"{LOOPBACK}:{await sink.start(port)}"}) + "\n")
    sys.stdout.flush()
    await stop.wait()
    await sink.stop()


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line: where to listen, where to keep, what goes wrong."""
    steps = ", ".join(STEPS)
    parser = argparse.ArgumentParser(
        prog="mailsink", description="A strict SMTP server on loopback."
    )
    parser.add_argument("--port", type=int, default=0, help="0 picks a free one")
    parser.add_argument("--folder", type=Path, help="keep each mail here as .eml")
    parser.add_argument("--max-size", type=int, help="in bytes, offered as SIZE")
    parser.add_argument("--greylist", action="store_true", help="451 to each first recipient")
    parser.add_argument("--reply", action="append", default=[], metavar="STEP=LINE", help=steps)
    parser.add_argument("--drop", action="append", default=[], metavar="STEP", choices=STEPS)
    parser.add_argument("--delay", action="append", default=[], metavar="STEP=SECONDS")
    parser.add_argument("--delay-dot", type=float, metavar="SECONDS", help="short for --delay DOT=")
    given = parser.parse_args(arguments)
    sink = MailSink(folder=given.folder, max_size=given.max_size, keep=given.folder is None)
    delays = [one.split("=", 1) for one in given.delay]
    sink.faults = Faults(
        reply=dict(one.split("=", 1) for one in given.reply),
        drop=set(given.drop),
        delay={step: float(seconds) for step, seconds in delays},
        greylist=given.greylist,
    )
    if given.delay_dot is not None:
        sink.faults.delay["DOT"] = given.delay_dot
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(sink, port=given.port))


if __name__ == "__main__":
    main()
