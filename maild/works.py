"""The daemon's parts list: doors, the outbox, the clock, the PDF children, over the roads out.

It gives the parts their options; connectors are chosen in `roads`. Nothing is started here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Final

from maild import feeds, joining, mailboxes, polls, roads
from maild.app import App
from maild.clock.long_work import Runs
from maild.clock.ticking import Clock
from maild.config.settings import Folder, Settings
from maild.config.values import Listen
from maild.connectors.alarm_roads import Command, Relay, Webhook
from maild.connectors.oauth import OAuthTokens
from maild.intake.digest import Digests
from maild.intake.folder import FolderDoor, FolderOptions
from maild.intake.kept import Kept
from maild.intake.mailbox import MailboxDoor
from maild.intake.notices import tell
from maild.intake.smtp_gate import Limits
from maild.intake.smtpd import SmtpDoor, SmtpdOptions
from maild.log import running
from maild.model.run import Run
from maild.model.said import Said
from maild.model.team import Team
from maild.outbox.compose import Composer
from maild.outbox.dispatch import Outbox, OutboxOptions
from maild.outbox.pickup import Links
from maild.outbox.return_path import ReturnPaths
from maild.ports import AlarmRoad, Connector
from maild.render.pdf import Renderer
from maild.schedules import EXPORT, TIDY
from maild.watch.sources import Watched
from maild.watch.watchman import Watchman

Service = Callable[[asyncio.Event], Awaitable[None]]
DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Works:
    """Everything that runs, built and not started."""

    renderer: Renderer
    tokens: OAuthTokens
    connectors: Mapping[str, Connector]
    outbox: Outbox
    clock: Clock
    runs: Runs
    kept: Kept
    smtpd: SmtpDoor
    folders: Mapping[str, FolderDoor]
    mailboxes: Mapping[str, MailboxDoor]
    watchman: Watchman
    more: Mapping[str, Service]  # what the configuration asks for besides

    @property
    def services(self) -> dict[str, Service]:
        """What runs until the daemon drains, by name."""
        doors: dict[str, Service] = {
            **{f"folder {name}": folder.run for name, folder in self.folders.items()},
            **{f"mailbox {name}": mailbox.run for name, mailbox in self.mailboxes.items()},
        }
        return {
            "outbox": self.outbox.run,
            "clock": self.clock.run,
            "kept": self.kept.run,
            "runs": self.runs.run,
            "accounts": self.tokens.run,
            "alarms": self.watchman.run,
            **doors,
            **self.more,
        }


def build(app: App) -> Works:
    """Build the daemon's parts over an app."""
    settings = app.settings
    renderer = app.renderer
    tokens = roads.build_tokens(app)
    connectors = roads.build_connectors(app, tokens)
    kept = Kept(app.desk)
    return Works(
        renderer=renderer,
        tokens=tokens,
        connectors=connectors,
        outbox=Outbox(
            db=app.db,
            compose=_composer(app).compose,
            connectors=connectors,
            options=_outbox(settings),
            book=app.shelf.current,
            tell=tell,
            now=app.now,
        ),
        clock=_clock(app),
        runs=Runs(app.db, works={TIDY: partial(_tidy, app), EXPORT: app.exports.run}, now=app.now),
        kept=kept,
        smtpd=_door(app, kept),
        folders=_folders(app),
        mailboxes=mailboxes.build(settings, desk=app.desk, tokens=tokens),
        watchman=build_watchman(app, connectors),
        more=_more(app, connectors),
    )


def _door(app: App, kept: Kept) -> SmtpDoor:
    settled_later = app.settings.smtpd.answer == "kept"
    options = _smtpd(app.settings)
    return SmtpDoor(app.desk, options=options, kept=kept if settled_later else None)


def _composer(app: App) -> Composer:
    return Composer(
        db=app.db,
        blobs=app.blobs,
        renderer=app.renderer,
        book=app.shelf.current,
        now=app.now,
        recent=app.desk.recent,
        sandbox=app.desk.reader.sandbox,
        paths=ReturnPaths(roads.return_paths(app.settings), app.desk.verp.key),
        house=app.house,
        links=_links(app),
    )


def _links(app: App) -> Links:
    web = app.settings.web
    where = web.address if web.listen else ""
    return Links(where, app.house.secrets, lasts=web.link_lifetime, most=web.link_downloads)


def _more(app: App, connectors: Mapping[str, Connector]) -> dict[str, Service]:
    asking = polls.polls_of(app, connectors, now=app.now)
    more: dict[str, Service] = (
        {"polls": partial(polls.serve, asking, now=app.now)} if asking else {}
    )
    if not app.settings.connector.codabox:
        return more
    joined = joining.Joining.of(app)

    def teams() -> dict[str, Team]:
        return {team.slug: team for team in app.book.teams}

    return more | {
        "codabox tokens": partial(joining.serve, joined, teams),
        "codabox feeds": partial(
            feeds.serve, feeds.feeds_of(app), lambda: list(teams()), now=app.now
        ),
    }


def _folders(app: App) -> dict[str, FolderDoor]:
    return {
        name: FolderDoor(app.desk, folder_options(name, one))
        for name, one in app.settings.folder.items()
    }


def folder_options(name: str, one: Folder) -> FolderOptions:
    """What the door does with its folder."""
    return FolderOptions(name=name, path=one.path, team=one.team, tag=one.tag or None)


def build_watchman(app: App, connectors: Mapping[str, Connector]) -> Watchman:
    """What looks for alarms, with the roads of [alarm] in the order in which they are tried."""
    settings = app.settings
    one = settings.alarm
    to_people: list[AlarmRoad] = []
    if one.webhook:
        to_people.append(Webhook(one.webhook, one.webhook_form, one.webhook_token_file))
    if one.command:
        to_people.append(Command(one.command))
    if one.relay:
        to_people.append(Relay(connectors[one.relay], one.sender or one.to[0], one.to))
    return Watchman(
        db=app.db,
        roads=to_people,
        watched=Watched(
            data_dir=settings.maild.data_dir,
            disk_free=one.disk_free,
            stuck_after=one.stuck_after,
            mailboxes=tuple(settings.mailbox),
            accounts=(*settings.account, *roads.codabox_accounts(app)),
        ),
        repeat=one.repeat,
        host=settings.maild.called,
        now=app.now,
    )


def _outbox(settings: Settings) -> OutboxOptions:
    one = settings.outbox
    return OutboxOptions(
        retry=one.retry,
        deadline=one.deadline,
        lease=one.lease,
        doubt_pause=one.doubt_pause,
        loss_pause=one.loss_pause,
        grace=one.grace,
        delay_notice=one.delay_notice,
        connections=roads.connections(settings),
        hold_uncertain=frozenset(roads.holding(settings.connector)),
        rates={name: c.rate for name, c in settings.connector.smtp.items() if c.rate},
    )


def _smtpd(settings: Settings) -> SmtpdOptions:
    one = settings.smtpd
    return SmtpdOptions(
        listen=tuple((each.host, each.port) for each in one.listen),
        lmtp=(one.lmtp.host, one.lmtp.port) if isinstance(one.lmtp, Listen) else one.lmtp,
        hostname=settings.maild.called,
        allow=tuple(str(network) for network in one.allow),
        tls_cert_file=one.tls_cert_file,
        tls_key_file=one.tls_key_file,
        users_file=one.users_file,
        data_dir=settings.maild.data_dir,
        max_connections=one.max_connections,
        max_connections_per_peer=one.max_connections_per_peer,
        limits=Limits(
            max_size=one.max_size,
            max_recipients=one.max_recipients,
            idle=one.idle_timeout.total_seconds(),
        ),
    )


def _clock(app: App) -> Clock:
    def fault(name: str, error: Exception) -> None:
        running.clock_failed(schedule=name, error=error)

    clock = Clock(app.db, schedules=app.agenda.schedules, now=app.now, fault=fault)
    # Commands beside the daemon end links, too.
    clock.watch("automatic exports", lambda _: app.refresh())
    clock.watch("digest", Digests(app.db, book=app.shelf.current).look)
    return clock


async def _tidy(app: App, run: Run) -> str:
    """Drop bytes that no row names any more, of forgotten refusals, say."""
    del run
    dropped = await app.blobs.clear_orphans(before=app.now() - DAY)
    return Said("blobs_dropped", f"{dropped} blobs dropped", count=dropped)
