"""`maild demo`: half a year of three companies and the main job, with nothing leaving this machine.

A real daemon in a process of its own, a mail sink as the outside world, both on loopback, in a
temporary folder. What the screen says is read back from the daemon's records and from the mails
that arrived, never from what should have happened.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import signal
import socket
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final

import httpx2
import typer

from maild.app import App
from maild.cli.documents import SETTLED
from maild.cli.opening import opened
from maild.cli.output import EX_PROBLEM, note, plain_faults, say
from maild.cli.shown import describe, road
from maild.demo.books import NAME as BOOKS
from maild.demo.clock import NAME as CLOCK
from maild.demo.clock import SharedClock
from maild.demo.configuration import write
from maild.demo.console import PEOPLE, Console, served
from maild.demo.faults import Switchboard
from maild.demo.filling import fill
from maild.demo.mails import SAMPLES, hand_in, read_outbox
from maild.demo.moving import Mover
from maild.demo.outbox import SentMails
from maild.demo.outside import Outside
from maild.errors import UserError
from maild.simulators.mailsink import MailSink

READY_WITHIN: Final = 30.0  # seconds from the start of the daemon to open doors
SETTLED_WITHIN: Final = 60.0  # seconds from the last mail in to the last mail out
LOOK_EVERY: Final = 0.1
WEB_PORT: Final = 8080
# The command as this person can type it: in a checkout it is not on the path.
MAILD: Final = "maild" if shutil.which("maild") else sys.argv[0]


def demo(
    once: Annotated[
        bool,
        typer.Option("--once", help="Show it once and end; exit 1 if any step did not happen."),
    ] = False,
    folder: Annotated[
        Path | None,
        typer.Option("--folder", help="Where to keep everything; else a temporary folder."),
    ] = None,
) -> None:
    """Live half a year of three companies on this machine, with pages to look around; nothing leaves it."""
    place = folder or Path(tempfile.mkdtemp(prefix="maild-demo-"))
    with plain_faults():
        try:
            missing = asyncio.run(_Demo(place.resolve()).run(once=once))
        except (KeyboardInterrupt, asyncio.CancelledError):
            missing = []
        for problem in missing:
            note(f"did not happen: {problem}", style="bold red")
    if missing:
        raise typer.Exit(EX_PROBLEM)


@dataclass(frozen=True, slots=True)
class _Demo:
    place: Path

    @property
    def config(self) -> Path:
        return self.place / "maild.toml"

    @property
    def outbox(self) -> Path:
        return self.place / "outbox"

    @property
    def earlier(self) -> Path:
        return self.outbox / "earlier"

    async def run(self, *, once: bool) -> list[str]:
        """Show everything; returns what should have happened and did not. SIGTERM ends it as Ctrl-C does."""
        if task := asyncio.current_task():
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        self.earlier.mkdir(parents=True, exist_ok=True)
        say("maild demo: nothing leaves this machine", style="bold")
        clock, taken = SharedClock(self.place / CLOCK), _taken()
        sink = MailSink(folder=self.outbox, keep=False)
        back = f"http://127.0.0.1:{taken.getsockname()[1]}/consent"
        async with Outside(sink, clock.now, back, self.place / BOOKS).open() as outside:
            write(self.place, outside.around(web=_free_port()))
            say(f"  the outside world: a mail sink on 127.0.0.1:{sink.port}, Exact Online, CodaBox")
            await self._fill(outside, clock)
            async with self._daemon() as listening:
                say(f"  the daemon: listens on {listening}, log in {self.place / 'daemon.log'}")
                missing = await self._show(listening, outside)
                async with opened(self.config) as app:
                    mover = Mover(app, clock, outside)
                    missing += await self._pages(mover, taken, listening=listening, once=once)
        say("")
        say(f"Everything is kept in {self.place}")
        return missing

    async def _fill(self, outside: Outside, clock: SharedClock) -> None:
        sink = outside.sink
        if (self.place / "state" / "maild.db").exists():
            say("  half a year is there already")
            sink.count = sum(1 for _ in self.outbox.rglob("*.eml"))
            async with opened(self.config) as app:
                await outside.connect(app)
            return
        began = time.monotonic()
        say("  half a year of three companies comes in and leaves, day by day ...")
        sink.folder = self.earlier
        count = await fill(self.config, outside, until=clock.now())
        sink.folder, outside.now = self.outbox, clock.now
        took = time.monotonic() - began
        say(f"  {count} documents came in, {sink.count} mails left, in {took:.0f} s")

    async def _pages(
        self, mover: Mover, taken: socket.socket, *, listening: str, once: bool
    ) -> list[str]:
        """Print where the pages are and, unless it is shown once, stay; what is not there."""
        app, portal = mover.app, mover.app.settings.web.address
        sent = SentMails((self.outbox, self.earlier))
        faults = Switchboard(mover.outside)
        console = Console(app, mover, faults, sent, smtp=listening, pages=portal)
        async with served(console, taken) as url:
            missing = [f"no answer from {one}" for one in (url, portal) if not await _answers(one)]
            if once:  # they end with this run, so nobody is sent to them
                return missing
            say("")
            say("Open in a browser; each link signs in once, within ten minutes", style="bold")
            say(f"  start here       {url}")
            for who in PEOPLE:
                say(f"  as the {who:<9} {await console.link(who)}")
            say(f"  what left        {url}/outbox")
            await self._stay(listening)
        return missing

    @contextlib.asynccontextmanager
    async def _daemon(self) -> AsyncIterator[str]:
        """A daemon in its own process, ready; ended by SIGTERM. Gives its address."""
        with (self.place / "daemon.log").open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "maild", "run", "--config", str(self.config)),
                stdout=log,
                stderr=log,
            )
        try:
            yield await self._ready(process)
        finally:
            if process.returncode is None:
                process.terminate()
            await process.wait()

    async def _ready(self, process: asyncio.subprocess.Process) -> str:
        async with opened(self.config) as app:
            end = time.monotonic() + READY_WITHIN
            while time.monotonic() < end and process.returncode is None:
                status = await app.actions.status()
                if status["state"] == "ready":
                    return str(status["smtpd"]["listen"][0])
                await asyncio.sleep(LOOK_EVERY)
        note((self.place / "daemon.log").read_text(encoding="utf-8", errors="replace")[-2000:])
        note(f"the daemon did not start; its log is {self.place / 'daemon.log'}", style="red")
        raise typer.Exit(EX_PROBLEM)

    async def _show(self, listening: str, outside: Outside) -> list[str]:
        say("")
        say("In: mails to acme@post.example", style="bold")
        missing = []
        for sample in SAMPLES:
            reply = await asyncio.to_thread(hand_in, listening, sample)
            say(f"  {sample.what}")
            say(f"      {reply}", style="green" if reply.startswith("250") else "yellow")
            if not reply.startswith(sample.expected):
                missing.append(f"{sample.what}: expected a reply {sample.expected}, got {reply}")
        async with opened(self.config) as app:
            found = await self._settled(app)
        say("")
        say("Decided: the rule that hit, and where that sends it", style="bold")
        for document in found:
            say(f"  {describe(document)}")
            for rule in document["trace"]:
                if rule["hit"]:
                    say(f"      hit  {rule['rule']}  ({rule['reason']})")
            for delivery in document["deliveries"]:
                say(f"      ->   {road(delivery)}")
        return missing + self._left(found, outside.booked())

    async def _settled(self, app: App) -> list[dict[str, Any]]:
        """The documents, oldest first, once nothing of theirs moves any more."""
        end = time.monotonic() + SETTLED_WITHIN
        filled_at = datetime.fromtimestamp(self.earlier.stat().st_mtime, UTC)
        while True:
            found = await app.records.list(limit=1000, since=filled_at)
            moving = [d for one in found for d in one["deliveries"] if d["state"] not in SETTLED]
            if not moving or time.monotonic() > end:
                return list(reversed(found))
            await asyncio.sleep(LOOK_EVERY)

    def _left(self, found: list[dict[str, Any]], booked: Collection[str]) -> list[str]:
        """Print what arrived outside; returns what is missing there."""
        say("")
        say("Out: what the mail sink received", style="bold")
        arrived = read_outbox(self.outbox)
        for mail in sorted(arrived.values(), key=lambda one: one.path.name):
            say(f"  to {mail.to}  “{mail.subject}”")
            for name, size in mail.files:
                say(f"      {name}  {size} bytes")
        known = [one["number"] for one in found if one["number"] in booked]
        say(f"  into the books at Exact Online and CodaBox: {', '.join(known)}")
        missing = [
            f"{sample.what} was not accepted"
            for sample in SAMPLES
            if sample.number and sample.number not in {one["number"] for one in found}
        ]
        for document in found:
            ubl = {file["sha256"] for file in document["files"] if file["role"] == "ubl"}
            if not document["deliveries"]:
                missing.append(f"{describe(document)} has no delivery")
            for delivery in document["deliveries"]:
                mail_out = arrived.get(delivery["message_id"])
                if delivery["connector"] != "relay":
                    if document["number"] not in booked or delivery["state"] != "handed_over":
                        missing.append(f"{describe(document)}: {road(delivery)}")
                elif mail_out is None or delivery["state"] != "handed_over":
                    missing.append(f"{describe(document)}: {road(delivery)}")
                elif "ubl" in delivery["attach"] and ubl and not ubl & mail_out.hashes:
                    missing.append(f"{describe(document)}: the UBL that left is not the one issued")
        say("")
        say("Where to look", style="bold")
        say(f"  the mails that left, as files    {self.outbox}")
        say(f"  the attachments of each          {self.outbox}/*/")
        first = found[0]["id"] if found else "ID"
        say(f"  the whole story of a document    {MAILD} documents show {first} -c {self.config}")
        say(f"  how the daemon is                {MAILD} status -c {self.config}")
        return missing

    async def _stay(self, listening: str) -> None:
        say("")
        say("Try it yourself, in another terminal", style="bold")
        say(f"  {MAILD} send FILE.xml --team acme -c {self.config}")
        say(f"  or mail a UBL to acme@post.example by SMTP at {listening}")
        say("Ctrl-C stops.")
        seen: set[str] = set()
        async with opened(self.config) as app:
            while True:
                for document in reversed(await app.records.list(limit=100)):
                    mark = f"{document['id']} {[d['state'] for d in document['deliveries']]}"
                    if mark not in seen and seen:
                        say(f"  {describe(document)}")
                        for delivery in document["deliveries"]:
                            say(f"      ->   {road(delivery)}")
                    seen.add(mark)
                await asyncio.sleep(LOOK_EVERY * 5)


def _taken() -> socket.socket:
    """A socket on a free port, for the demo's own pages."""
    taken = socket.socket()
    taken.bind(("127.0.0.1", 0))
    return taken


def _free_port() -> int:
    """The port of the pages: the usual one, or any that is free."""
    for port in (WEB_PORT, 0):
        with socket.socket() as tried, contextlib.suppress(OSError):
            tried.bind(("127.0.0.1", port))
            return int(tried.getsockname()[1])
    raise UserError("no port on 127.0.0.1 can be had for the pages", hint="see what holds them")


async def _answers(url: str) -> bool:
    async with httpx2.AsyncClient(timeout=READY_WITHIN) as client:
        return (await client.get(url, follow_redirects=True)).status_code == 200
