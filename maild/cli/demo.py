"""`maild demo`: the main job on sample data, with nothing leaving this machine.

A real daemon in a process of its own, a mail sink as the outside world, both on loopback, in a
temporary folder. What the screen says is read back from the daemon's records and from the mails
that arrived, never from what should have happened.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from maild.app import App
from maild.cli.demo_mail import SAMPLES, hand_in, read_outbox
from maild.cli.documents import SETTLED
from maild.cli.output import EX_PROBLEM, note, plain_faults, say
from maild.cli.shown import describe, road
from maild.simulators.mailsink import MailSink

READY_WITHIN: Final = 30.0  # seconds from the start of the daemon to open doors
SETTLED_WITHIN: Final = 60.0  # seconds from the last mail in to the last mail out
LOOK_EVERY: Final = 0.1
# The command as this person can type it: in a checkout it is not on the path.
MAILD: Final = "maild" if shutil.which("maild") else sys.argv[0]

CONFIG: Final = """\
# The demo's configuration: one company, its accountant, its books and its owner.
[maild]
data_dir = "state"
hostname = "post.example"

[smtpd]
listen = "127.0.0.1:0"
allow = ["127.0.0.0/8"]

[connector.smtp.relay]
host = "127.0.0.1"
port = {port}
tls = "none"

[team.acme]
name = "Acme BV"
vat = "BE0123456749"
language = "nl"
addresses = ["acme@post.example"]
from = "Acme BV <facturen@acme.example>"
people = ["baas@acme.example"]

[team.acme.recipients]
accountant = {{ via = "relay", address = "an@kantoor.example", profile = "mailbox" }}
books      = {{ via = "relay", address = "Acme.Verkoop@Inbox.Example", profile = "yuki" }}
owner      = {{ via = "relay", address = "baas@acme.example", profile = "mailbox" }}

[[team.acme.rules]]
name = "invoices and credit notes to the accountant and into the books"
kinds = ["invoice", "credit_note"]
to = ["accountant", "books"]

[[team.acme.rules]]
name = "quotes to the owner"
kinds = ["quote"]
to = ["owner"]

[[team.acme.rules]]
name = "what we buy, to the accountant"
kinds = ["purchase_invoice", "purchase_credit_note"]
to = ["accountant"]

[[team.acme.rules]]
name = "other papers to the accountant"
kinds = ["other"]
to = ["accountant"]
"""


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
    """Take sample documents through the whole daemon on this machine; nothing leaves it."""
    place = folder or Path(tempfile.mkdtemp(prefix="maild-demo-"))
    with plain_faults():
        try:
            missing = asyncio.run(_Demo(place.resolve()).run(once=once))
        except KeyboardInterrupt:
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

    async def run(self, *, once: bool) -> list[str]:
        """Show everything; returns what should have happened and did not."""
        self.outbox.mkdir(parents=True, exist_ok=True)
        say("maild demo: nothing leaves this machine", style="bold")
        sink = MailSink(folder=self.outbox)
        await sink.start()
        async with contextlib.AsyncExitStack() as stack:
            stack.push_async_callback(sink.stop)
            self.config.write_text(CONFIG.format(port=sink.port), encoding="utf-8")
            say(f"  the outside world: a mail sink on 127.0.0.1:{sink.port}")
            async with self._daemon() as listening:
                say(f"  the daemon: listens on {listening}, log in {self.place / 'daemon.log'}")
                missing = await self._show(listening)
                if not once:
                    await self._stay(listening)
        say("")
        say(f"Everything is kept in {self.place}")
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
        async with App.opened(self.config) as app:
            end = time.monotonic() + READY_WITHIN
            while time.monotonic() < end and process.returncode is None:
                status = await app.actions.status()
                if status["state"] == "ready":
                    return str(status["smtpd"]["listen"][0])
                await asyncio.sleep(LOOK_EVERY)
        note((self.place / "daemon.log").read_text(encoding="utf-8", errors="replace")[-2000:])
        note(f"the daemon did not start; its log is {self.place / 'daemon.log'}", style="red")
        raise typer.Exit(EX_PROBLEM)

    async def _show(self, listening: str) -> list[str]:
        say("")
        say("In: mails to acme@post.example", style="bold")
        missing = []
        for sample in SAMPLES:
            reply = await asyncio.to_thread(hand_in, listening, sample)
            say(f"  {sample.what}")
            say(f"      {reply}", style="green" if reply.startswith("250") else "yellow")
            if not reply.startswith(sample.expected):
                missing.append(f"{sample.what}: expected a reply {sample.expected}, got {reply}")
        async with App.opened(self.config) as app:
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
        return missing + self._left(found)

    async def _settled(self, app: App) -> list[dict[str, Any]]:
        """The documents, oldest first, once nothing of theirs moves any more."""
        end = time.monotonic() + SETTLED_WITHIN
        while True:
            found = await app.records.list(limit=1000)
            moving = [d for one in found for d in one["deliveries"] if d["state"] not in SETTLED]
            if not moving or time.monotonic() > end:
                return list(reversed(found))
            await asyncio.sleep(LOOK_EVERY)

    def _left(self, found: list[dict[str, Any]]) -> list[str]:
        """Print what arrived in the sink; returns what is missing there."""
        say("")
        say("Out: what the mail sink received", style="bold")
        arrived = read_outbox(self.outbox)
        for mail in sorted(arrived.values(), key=lambda one: one.path.name):
            say(f"  to {mail.to}  “{mail.subject}”")
            for name, size in mail.files:
                say(f"      {name}  {size} bytes")
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
                if mail_out is None or delivery["state"] != "handed_over":
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
        async with App.opened(self.config) as app:
            while True:
                for document in reversed(await app.records.list(limit=100)):
                    mark = f"{document['id']} {[d['state'] for d in document['deliveries']]}"
                    if mark not in seen and seen:
                        say(f"  {describe(document)}")
                        for delivery in document["deliveries"]:
                            say(f"      ->   {road(delivery)}")
                    seen.add(mark)
                await asyncio.sleep(LOOK_EVERY * 5)
