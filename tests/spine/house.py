"""One maild as its user has it: a folder with a maild.toml, commands, and `maild run` as a process.

The configuration is the one that the README starts with; a test changes ports, and what it is about.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog
from typer.testing import CliRunner

from maild.cli.main import commands as all_commands
from tests.promised import PROMISED
from tests.spine.post import Reply, hand_in
from tests.spine.waiting import PATIENCE, until

ROOT = Path(__file__).resolve().parents[2]


# Built once: every call would hang the commands on again.
commands = functools.cache(all_commands)

ACCOUNTANT = "an@kantoor.example"
BOOKS = "Acme.Verkoop@Inbox.Example"
OWNER = "baas@acme.example"

# What several tests add to it: people who are told, and short waits.
# Purchases that are only a PDF are passed on as the files that they are.
UNREAD = ("[team.acme.recipients]", 'pdf_purchases = "pass_on"\n\n[team.acme.recipients]')
PEOPLE = ("[team.acme.recipients]", 'people = ["chef@acme.example"]\n\n[team.acme.recipients]')
PERSON = "chef@acme.example"
SHADOW = ('language = "nl"', 'language = "nl"\nmode = "shadow"')
QUICK = '\n[outbox]\nretry = ["1s"]\ndoubt_pause = "1s"\nloss_pause = "1s"\n'


def configured(relay: int, *changes: tuple[str, str], more: str = "", listen: int = 0) -> str:
    """The configuration with its ports replaced, then each change (old, new), then `more`."""
    text = PROMISED.replace("127.0.0.1:2525", f"127.0.0.1:{listen}").replace("2526", str(relay))
    for old, new in changes:
        assert old in text, f"{old!r} is not in the configuration"
        text = text.replace(old, new)
    return text + more


@dataclass(frozen=True, slots=True)
class Said:
    """What a command said: its exit code, standard output, standard error."""

    code: int
    out: str
    err: str

    def json(self) -> list[Any]:
        """One value a line."""
        return [json.loads(line) for line in self.out.splitlines()]


class Daemon:
    """`maild run` as a process, with its log."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path, *, skip: int) -> None:
        self.process, self._log, self._skip = process, log, skip

    def events(self, name: str = "") -> list[dict[str, Any]]:
        """What this run logged so far, or the events of one name."""
        lines = self._log.read_bytes()[self._skip :].decode("utf-8", "replace").splitlines()
        found = [json.loads(line) for line in lines if line.startswith("{")]
        return [one for one in found if not name or one["event"] == name]

    def wait_for(self, event: str, *, count: int = 1, within: float = PATIENCE) -> dict[str, Any]:
        """The `count`th event of that name; AssertionError with the log when it does not come."""

        def look() -> bool:
            return len(self.events(event)) >= count or self.process.poll() is not None

        until(look, within=within, explain=self.log)
        found = self.events(event)
        assert len(found) >= count, f"the daemon ended without {event}\n{self.log()}"
        return found[count - 1]

    def log(self) -> str:
        """The end of its log."""
        return self._log.read_text("utf-8", "replace")[-4000:]

    @property
    def port(self) -> int:
        """Where its SMTP door listens."""
        return int(self.wait_for("daemon.ready")["smtpd"][0].rpartition(":")[2])

    def hand_in(self, message: Any, *to: str) -> Reply:
        """Mail something to its door."""
        return hand_in(self.port, message, *to)

    def reload(self) -> None:
        """SIGHUP."""
        self.process.send_signal(signal.SIGHUP)

    def terminate(self) -> None:
        """SIGTERM, without waiting."""
        self.process.send_signal(signal.SIGTERM)

    def wait(self, *, within: float = PATIENCE) -> int:
        """Its exit code; a negative number names the signal that ended it."""
        return self.process.wait(within)

    def stop(self) -> int:
        """SIGTERM, and its exit code."""
        self.terminate()
        return self.wait()

    def kill(self) -> None:
        """SIGKILL, as a power cut would."""
        self.process.kill()
        assert self.process.wait(PATIENCE) == -signal.SIGKILL


class House:
    """A folder with a maild.toml, and what a person does there."""

    def __init__(self, folder: Path, *, bytecode: Path) -> None:
        self.folder = folder
        self._runner = CliRunner()
        # Compiled modules in a folder of the run: as fast to start as an installed maild is.
        self._environment = {
            name: value
            for name, value in os.environ.items()
            if name not in {"PYTHONDONTWRITEBYTECODE", "MAILD_CONFIG"}
        } | {"PYTHONPYCACHEPREFIX": str(bytecode)}

    @property
    def config(self) -> Path:
        """The maild.toml."""
        return self.folder / "maild.toml"

    def write(self, text: str) -> None:
        """Put this configuration there."""
        self.config.write_text(text, encoding="utf-8")

    def process(self, *arguments: str, within: float = PATIENCE) -> Said:
        """A command as a process of its own, in the folder, with no word about the configuration."""
        done = subprocess.run(
            self._command(*arguments),
            cwd=self.folder,
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=within,
        )
        return Said(done.returncode, done.stdout, done.stderr)

    def talking(self, *arguments: str) -> subprocess.Popen[str]:
        """A command as a process that is talked to; whoever starts it ends it."""
        return subprocess.Popen(
            self._command(*arguments),
            cwd=self.folder,
            env=self._environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def maild(self, *arguments: str) -> Said:
        """A command inside this process, which saves a second each; the daemon cannot tell.

        The store is opened and closed by each one, as by a process of its own.
        """
        try:
            with contextlib.chdir(self.folder):
                done = self._runner.invoke(commands(), arguments, catch_exceptions=False)
        finally:
            # The command sent events to its own standard error, which is closed now.
            structlog.reset_defaults()
        return Said(done.exit_code, done.stdout, done.stderr)

    def json(self, *arguments: str) -> list[Any]:
        """What a command says with --json; it has to succeed."""
        said = self.maild(*arguments, "--json")
        assert said.code == 0, said.err
        return said.json()

    def documents(self, *options: str) -> list[dict[str, Any]]:
        """`documents list`, oldest first."""
        return list(reversed(self.json("documents", "list", *options)))

    def queue(self, *options: str) -> list[dict[str, Any]]:
        """`queue list`, oldest first."""
        return list(reversed(self.json("queue", "list", *options)))

    def status(self) -> dict[str, Any]:
        """`status`."""
        [shown] = self.json("status")
        assert isinstance(shown, dict)
        return shown

    def document(self, number: str) -> dict[str, Any]:
        """The newest document with that number, as `documents show` tells it."""
        # The option finds parts of numbers; a test means the whole of one.
        found = [one for one in self.documents("--number", number) if one["number"] == number]
        assert found, f"no document {number}"
        [shown] = self.json("documents", "show", found[-1]["id"])
        assert isinstance(shown, dict)
        return shown

    def settled(self, number: str, *states: str) -> dict[str, Any]:
        """The document once its deliveries stand in these states, in any order."""

        def look() -> dict[str, Any]:
            shown = self.document(number)
            there = sorted(one["state"] for one in shown["deliveries"])
            return shown if there == sorted(states) else {}

        return until(look, explain=lambda: self.document(number))

    @contextlib.contextmanager
    def running(self, *, ready: bool = True) -> Iterator[Daemon]:
        """`maild run`, ready unless said otherwise; killed at the end if it still runs."""
        daemon = self.start()
        try:
            if ready:
                daemon.wait_for("daemon.ready")
            yield daemon
        finally:
            if daemon.process.poll() is None:
                daemon.kill()

    def start(self) -> Daemon:
        """`maild run`, not waited for; whoever starts it ends it."""
        path = self.folder / "daemon.log"
        skip = path.stat().st_size if path.exists() else 0
        with path.open("ab") as log:
            process = subprocess.Popen(
                self._command("run"),
                cwd=self.folder,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        return Daemon(process, path, skip=skip)

    def _command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "maild", *arguments]
