"""A daemon whose pages can be asked, over a filled store: 20 teams, and somebody of each audience."""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from bench import _filled
from bench._common import say
from maild.app import App
from maild.model.access import Factor, Link, LinkState, Right
from maild.model.document import Direction
from maild.model.ids import new_id
from maild.partners.sessions import Guest
from maild.store import browsing, documents, links, people
from maild.store.database import Tx
from maild.web.visit import cookie_name

TEAMS: Final = tuple(f"team{n:02}" for n in range(20))
ASKED: Final = TEAMS[0]
HOST: Final = "localhost:8025"  # what the pages are called; they listen where there is room
WHO: Final = {
    "partner": "an@kantoor.example",
    "owner": "baas@acme.example",
    "operator": "root@post.example",
}
_CONFIG: Final = f"""
[maild]
data_dir = "state"
hostname = "post.example"

[smtpd]
listen = "127.0.0.1:0"
allow = ["127.0.0.0/8"]

[web]
listen = "127.0.0.1:0"
url = "http://{HOST}"
operators = ["{WHO["operator"]}"]
via = "relay"
from = "maild <portal@post.example>"

[connector.smtp.relay]
host = "127.0.0.1"
port = 9
tls = "none"
"""
_TEAM: Final = """
[team.{slug}]
name = "Winkel {slug}"
vat = "BE{number}"
addresses = ["{slug}@post.example"]
people = ["{owner}"]
from = "Winkel <facturen@acme.example>"

[team.{slug}.recipients]
accountant = {{ via = "relay", address = "an@kantoor.example", profile = "mailbox" }}
books = {{ via = "relay", address = "{slug}@inbox.example", profile = "yuki" }}

[[team.{slug}.rules]]
name = "everything to the accountant"
to = ["accountant"]

[[team.{slug}.rules]]
name = "what is sold, into the books"
kinds = ["invoice"]
to = ["books"]
"""


@dataclass(frozen=True, slots=True)
class Known:
    """What the addresses are made of: documents of the asked team, and a place in its list."""

    newest: str
    middle: str
    behind: str
    party: str


@dataclass(frozen=True, slots=True)
class House:
    """A daemon over a filled store, and a browser of each audience."""

    port: int
    cookies: Mapping[str, str]
    known: Known


@contextlib.contextmanager
def a_house(folder: Path, counts: Mapping[str, int]) -> Iterator[House]:
    """`maild run` over so many documents of each team, until the block ends."""
    folder.mkdir()
    config = folder / "maild.toml"
    teams = (
        _TEAM.format(slug=one, number=_company(n), owner=WHO["owner"] if one == ASKED else "x@y.be")
        for n, one in enumerate(TEAMS)
    )
    config.write_text(_CONFIG + "".join(teams))
    asyncio.run(_prepare(config))
    began = time.perf_counter()
    _filled.fill(folder / "state" / "maild.db", counts, now=datetime.now(UTC))
    cookies, known = asyncio.run(_open(config))
    say(
        "a store is filled",
        time.perf_counter() - began,
        unit="s",
        peer="",
        peer_value=None,
        documents=sum(counts.values()),
        of_the_asked=counts[ASKED],
    )
    with _running(config) as port:
        yield House(port, cookies, known)


def _company(n: int) -> str:
    stem = 10_000_000 + n
    return f"{stem:08}{97 - stem % 97:02}"


async def _prepare(config: Path) -> None:
    async with App.opened(config):
        return


async def _open(config: Path) -> tuple[dict[str, str], Known]:
    """Everybody signed in, and the office linked with every team: it has seen what is older than half a year.

    So that a thousand documents, too, fill a page of what is new.
    """
    async with App.opened(config) as app:
        now = datetime.now(UTC)
        cookie = cookie_name(app, "session")

        def write(tx: Tx) -> dict[str, str]:
            tokens = {"nobody": ""}
            for who, address in WHO.items():
                person = people.find_or_add(tx, address, language="nl", now=now)
                if who == "partner":
                    office = people.add_partner(tx, "Kantoor", now=now)
                    person = people.join(tx, person, office)
                    for team in TEAMS:
                        links.add(tx, _link(team, office.id, now=now))
                        seen = now - timedelta(days=180)
                        browsing.process_all(tx, team, partner=office.id, by=address, now=seen)
                guest = Guest("bench", "127.0.0.1", "nl")
                opened = app.access.sessions.open(tx, person, factor=Factor.CONSOLE, guest=guest)
                tokens[who] = f"{cookie}={opened.token}"
            return tokens

        return await app.db.write(write), await app.db.read(_known)


def _link(team: str, office: str, *, now: datetime) -> Link:
    return Link(
        id=new_id("l"),
        team=team,
        partner=office,
        email=WHO["partner"],
        rights=frozenset(Right),
        state=LinkState.ACTIVE,
        created_at=now,
        created_by="bench",
        expires_at=now + timedelta(days=7),
        decided_at=now,
    )


def _known(tx: Tx) -> Known:
    found = documents.find(tx, team=ASKED, limit=300)
    sold = [one for one in found if one.direction is Direction.SALES]
    last = found[-1]
    return Known(
        newest=sold[0].id,
        middle=last.id,
        # Near the top, so that a thousand documents fill the page behind it, too.
        behind=f"{sold[9].issued_on}~{sold[9].id}",
        party=(sold[1].counterparty.name or "").split()[1],
    )


@contextlib.contextmanager
def _running(config: Path) -> Iterator[int]:
    command = [sys.executable, "-m", "maild", "run", "--config", str(config)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        try:
            for line in process.stderr:
                event = json.loads(line) if line.startswith("{") else {}
                if event.get("event") == "daemon.ready":
                    break
            else:
                raise SystemExit(f"the daemon did not start; see {config}")
            reading = threading.Thread(target=process.stderr.read)
            reading.start()
            yield int(event["web"][0].rpartition(":")[2])
            process.terminate()
            reading.join()
        finally:
            process.terminate()
