"""Everything that a command and the daemon share is built here, once, over one configuration.

It has no logic of its own: what a person may do is in `maild.actions`, what he may look at in
`maild.records`. What only the daemon has (doors, connectors, outbox, clock) is built in `maild.works`.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

from maild import teams
from maild.actions import Actions, utc_now
from maild.agenda import Agenda
from maild.almanac import Almanac
from maild.config.settings import Settings
from maild.configured import Configured, configured, reread, reread_labels
from maild.errors import ConfigError
from maild.exports.making import Exports, exports_over
from maild.exports.pages import Pages
from maild.intake.desk import Desk
from maild.intake.refusals import Refusals
from maild.log import running, setup
from maild.model.verp import Verp
from maild.outbox.sign_in import House
from maild.oversight import Oversight
from maild.partners import access
from maild.partners.access import Access, house_of
from maild.partners.automatic import Automation
from maild.partners.browsing import Browsing
from maild.partners.downloads import Downloads
from maild.partners.exporting import Exporting
from maild.partners.figuring import Figuring
from maild.partners.handling import Handling
from maild.partners.machines import Machines
from maild.partners.own_settings import OwnSettings
from maild.partners.pickups import Pickups
from maild.partners.reviewing import Reviewing
from maild.partners.today import Today
from maild.proof import Proofs
from maild.reading.sandbox import Sandbox
from maild.reception import desk_of, verp_of
from maild.records import Records
from maild.render.pdf import Renderer
from maild.rules.book import RuleBook
from maild.schedules import schedules
from maild.standing import DAEMON_MARK
from maild.store import automatic, marks
from maild.store.blobs import BlobStore
from maild.store.database import Database
from maild.store.lock import StateLock
from maild.team_files import TeamFiles
from maild.teams import Checked, Shelf


@dataclass(slots=True)
class App:
    """One maild over one configuration: opened by the daemon and, beside it, by every command."""

    now: Callable[[], datetime]
    checked: Checked
    settings: Settings
    shelf: Shelf
    db: Database
    desk: Desk
    records: Records
    actions: Actions
    blobs: BlobStore
    refusals: Refusals
    proofs: Proofs
    agenda: Agenda
    house: House
    access: Access
    renderer: Renderer
    exports: Exports
    browsing: Browsing
    downloads: Downloads
    machines: Machines
    oversight: Oversight

    @classmethod
    @contextlib.asynccontextmanager
    async def opened(
        cls,
        config: str | Path | None,
        *,
        as_daemon: bool = False,
        now: Callable[[], datetime] = utc_now,
    ) -> AsyncIterator[App]:
        """Build everything over the store; with `as_daemon` hold the state lock too.

        `now` is the time that it all goes by. Raises ConfigError with every problem, UserError when
        another daemon holds the folder.
        """
        checked = teams.check(config)
        shelf = Shelf(checked)
        settings = checked.loaded.settings
        if settings is None:
            raise ConfigError(checked.errors)
        if as_daemon:
            setup.configure(level=settings.log.level, form=settings.log.format)
        else:
            setup.configure(level="error")
        data_dir = settings.maild.data_dir
        with _locked(data_dir) if as_daemon else contextlib.nullcontext():
            data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
            db = await Database.open(data_dir / "maild.db")
            sandbox = Sandbox(labels=teams.labels_of(settings)[0])
            try:
                verp = await verp_of(settings, db, now=now) if as_daemon else Verp()
                app = cls._built(
                    checked, settings, shelf=shelf, db=db, sandbox=sandbox, verp=verp, now=now
                )
                try:
                    await app.refresh()
                    yield app
                finally:
                    await app.renderer.close()
            finally:
                await sandbox.close()
                await db.close()

    @classmethod
    def _built(
        cls,
        checked: Checked,
        settings: Settings,
        *,
        shelf: Shelf,
        db: Database,
        sandbox: Sandbox,
        verp: Verp,
        now: Callable[[], datetime],
    ) -> App:
        data_dir, book = settings.maild.data_dir, shelf.current
        blobs = BlobStore(data_dir / "blobs", db)
        kept = Refusals(db, blobs, book, now)
        desk = desk_of(
            settings, db=db, blobs=blobs, book=book, sandbox=sandbox, verp=verp, kept=kept
        )
        records = Records(db, now)
        actions = _actions(settings, desk, records=records)
        proofs = Proofs(records, blobs, sandbox, book)
        house = house_of(settings)
        # Its children start with the first page that is asked for.
        renderer = Renderer(settings.render.processes)
        browsing = Browsing(db, blobs, records, book, sandbox, Pages(db, blobs, renderer), now)
        exports = exports_over(desk, renderer, folder=data_dir)
        return cls(
            now=now,
            checked=checked,
            settings=settings,
            shelf=shelf,
            db=db,
            desk=desk,
            records=records,
            actions=actions,
            blobs=blobs,
            refusals=kept,
            proofs=proofs,
            agenda=_agenda(settings, desk),
            house=house,
            machines=Machines(db, desk, records, blobs, book, now),
            browsing=browsing,
            downloads=Downloads(browsing, exports.packer, blobs),
            oversight=Oversight(db, records, actions, book, now),
            access=access.build(settings, db=db, book=book, house=house, now=now),
            renderer=renderer,
            exports=exports,
        )

    @property
    def config_path(self) -> Path:
        """The file that was read."""
        return self.checked.loaded.path

    @property
    def book(self) -> RuleBook:
        """The rule book in force."""
        return self.shelf.book

    @property
    def reviewing(self) -> Reviewing:
        """What offices decide about bought documents of their teams."""
        return Reviewing(self.db, self.actions)

    @property
    def figuring(self) -> Figuring:
        """What people say about the figures of purchases that are only pages."""
        return Figuring(self.db, self.actions)

    @property
    def handling(self) -> Handling:
        """What a team's own people see and do of what happens to their documents."""
        return Handling(self.db, self.actions, Today(self.db, self.shelf.current, self.now))

    @property
    def exporting(self) -> Exporting:
        """What a team's own people see and ask of packages."""
        today = self.handling.today
        return Exporting(self.db, today, self.browsing, self.exports, self.agenda)

    @property
    def pickups(self) -> Pickups:
        """Packages that wait behind links."""
        today = self.handling.today
        return Pickups(self.db, self.blobs, self.shelf.current, self.now, today)

    @property
    def automation(self) -> Automation:
        """What offices let be sent to them by itself."""
        url = self.settings.web.address
        return Automation(
            self.db, self.actions, self.shelf.current, url, self.now, changed=self.refresh
        )

    @property
    def almanac(self) -> Almanac:
        """What the clock does in the hours to come, and the periods of exports."""
        return Almanac(self.db, self.agenda.schedules, self.agenda.now)

    async def refresh(self) -> None:
        """Let the rule book have what offices switched on or off meanwhile."""
        self.shelf.add(await self.db.read(automatic.in_force))

    @property
    def own_settings(self) -> OwnSettings:
        """What a team's own people change of its configuration."""
        files = TeamFiles(self.config_path, self.settings.maild.data_dir)
        return OwnSettings(
            self.db,
            self.handling.today,
            files,
            self.shelf,
            self.settings.web.address,
            self.browsing.sandbox,
            self.renderer,
        )

    def configured(self) -> Configured:
        """Every value in force, and what the files say by now."""
        return configured(self.checked, self.shelf)

    def reload(self) -> tuple[list[str], tuple[str, ...]]:
        """Read teams, rules and labels again: the teams that changed, and the problems that remain."""
        changed, problems = reread(self.config_path, self.shelf)
        wrong = reread_labels(self.settings, self.browsing.sandbox)
        # Of a file that the configuration still names the check has said it.
        if not wrong or any(str(self.settings.reading.labels) in line for line in problems):
            return changed, problems
        running.book_kept(problems=list(wrong))
        return changed, (*problems, *wrong)

    async def tell_state(self, state: str, *, listening: list[str] | None = None) -> None:
        """Let `maild status` know, in this process or another."""
        value = {
            "state": state,
            "pid": os.getpid(),
            "listening": listening or [],
            "since": self.now().isoformat(),
            "warnings": list(self.checked.remarks),
        }
        await self.db.write(partial(marks.put, name=DAEMON_MARK, value=value, now=self.now()))


def _actions(settings: Settings, desk: Desk, *, records: Records) -> Actions:
    return Actions(
        db=desk.db,
        desk=desk,
        records=records,
        book=desk.book,
        now=desk.now,
        data_dir=settings.maild.data_dir,
        deadline=settings.outbox.deadline,
        accounts=settings.account,
        mailboxes=tuple(settings.mailbox),
    )


def _agenda(settings: Settings, desk: Desk) -> Agenda:
    made = partial(schedules, desk.book, receipt_within=settings.outbox.receipt_within)
    return Agenda(desk.db, made, desk.book, desk.now)


@contextlib.contextmanager
def _locked(data_dir: Path) -> Iterator[None]:
    lock = StateLock(data_dir)
    lock.acquire()
    try:
        yield
    finally:
        lock.release()
