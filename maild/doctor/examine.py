"""The whole examination of one maild, in the order in which a person would go through it."""

from __future__ import annotations

import asyncio

from maild import mailboxes, roads
from maild.app import App
from maild.doctor import domains, doors, machine, ways
from maild.doctor.dns import Names
from maild.doctor.finding import Finding
from maild.doctor.sender import Sending, sendings
from maild.reading import ocr
from maild.reception import antivirus_of
from maild.store import tokens
from maild.store.vitals import vitals


async def examine_domains(app: App) -> list[tuple[str, list[Finding]]]:
    """Every domain that teams send as, and what receivers will make of its mail. Nothing is sent."""
    names = _names(app)
    senders = _senders(app)
    looked_up = await asyncio.gather(*(domains.look_at(one, names) for one in senders))
    return [(one.domain, found) for one, found in zip(senders, looked_up, strict=True)]


async def examine(app: App) -> list[Finding]:
    """Look at everything; takes as long as the slowest server. Nothing is sent or changed."""
    settings, now = app.settings, app.now()
    seen, standings = await app.db.read(vitals), await app.db.read(tokens.standings)
    names, senders = _names(app), _senders(app)
    given = roads.build_tokens(app)
    out, boxes, scanner, *looked_up = await asyncio.gather(
        ways.connectors(
            settings, roads.build_connectors(app, given), used=ways.used_by(app.book.teams)
        ),
        doors.mailboxes(settings, mailboxes.build_mailboxes(settings, tokens=given)),
        doors.antivirus(settings, antivirus_of(settings)),
        *(domains.look_at(one, names) for one in senders),
    )
    await given.close()
    return [
        *machine.disk(settings),
        *machine.clock(now, vitals=seen),
        *machine.sqlite(app.db.sqlite_version, vitals=seen),
        *machine.secrets(settings),
        *machine.scans(ocr=ocr.is_installed()),
        *ways.accounts(settings.account, standings, now=now),
        *boxes,
        *scanner,
        *out,
        *(finding for found in looked_up for finding in found),
        *ways.inboxes(app.book.teams),
    ]


def _names(app: App) -> Names:
    return Names([(one.host, one.port) for one in app.settings.maild.resolver])


def _senders(app: App) -> tuple[Sending, ...]:
    settings = app.settings
    return sendings(
        app.book.teams,
        settings.connector.smtp,
        accounts=settings.account,
        envelopes={name: one.address for name, one in roads.return_paths(settings).items()},
    )
