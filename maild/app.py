"""Everything that a command and the daemon share is built here, once, over one configuration.

It has no logic of its own: what a person may do is in `maild.actions`, what he may look at in
`maild.records`. What only the daemon has (doors, connectors, outbox, clock) is built in `maild.works`.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from maild import teams
from maild.actions import Actions, utc_now
from maild.agenda import Agenda
from maild.config.settings import Settings
from maild.errors import ConfigError
from maild.exports.making import Exports, exports_over
from maild.exports.pages import Pages
from maild.intake.desk import Desk
from maild.intake.opening import Opener
from maild.intake.refusals import Refusals
from maild.intake.scanning import Scanner
from maild.intake.senders import MAILBOX
from maild.intake.token_mails import TokenMails
from maild.log import setup
from maild.model.verp import Verp
from maild.outbox.sign_in import House
from maild.oversight import Oversight
from maild.partners import access
from maild.partners.access import Access, house_of
from maild.partners.browsing import Browsing
from maild.partners.downloads import Downloads
from maild.partners.exporting import Exporting
from maild.partners.handling import Handling
from maild.partners.machines import Machines
from maild.partners.reviewing import Reviewing
from maild.partners.today import Today
from maild.proof import Proofs
from maild.reading.antivirus import Antivirus
from maild.reading.reader import MailReader
from maild.reading.sandbox import Sandbox
from maild.records import Records
from maild.render.pdf import Renderer
from maild.rules.book import RuleBook
from maild.schedules import schedules
from maild.standing import DAEMON_MARK
from maild.store import marks
from maild.store.blobs import BlobStore
from maild.store.database import Database
from maild.store.lock import StateLock
from maild.store.returns import return_key
from maild.store.tokens import SealedTokens
from maild.teams import Checked, Shelf


@dataclass(slots=True)
class App:
    """One maild over one configuration: opened by the daemon and, beside it, by every command."""

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
        cls, config: str | Path | None, *, as_daemon: bool = False
    ) -> AsyncIterator[App]:
        """Build everything over the store; with `as_daemon` hold the state lock too.

        Raises ConfigError with every problem, UserError when another daemon holds the folder.
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
            sandbox = Sandbox()
            try:
                verp = await _verp(settings, db) if as_daemon else Verp()
                app = cls._built(checked, settings, shelf=shelf, db=db, sandbox=sandbox, verp=verp)
                try:
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
    ) -> App:
        data_dir, book = settings.maild.data_dir, shelf.current
        blobs = BlobStore(data_dir / "blobs", db)
        kept = Refusals(db, blobs, book, utc_now)
        desk = _desk(settings, db=db, blobs=blobs, book=book, sandbox=sandbox, verp=verp, kept=kept)
        records = Records(db)
        actions = _actions(settings, desk, records=records)
        proofs = Proofs(records, blobs, sandbox, book)
        house = house_of(settings)
        # Its children start with the first page that is asked for.
        renderer = Renderer(settings.render.processes)
        browsing = Browsing(db, blobs, records, book, sandbox, Pages(db, blobs, renderer), utc_now)
        exports = exports_over(desk, renderer, folder=data_dir)
        return cls(
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
            agenda=_agenda(settings, db, book),
            house=house,
            machines=Machines(db, desk, records, blobs, book, utc_now),
            browsing=browsing,
            downloads=Downloads(browsing, exports.packer, blobs),
            oversight=Oversight(db, records, actions, book, utc_now),
            access=access.build(settings, db=db, book=book, house=house, now=utc_now),
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
    def handling(self) -> Handling:
        """What a team's own people see and do of what happens to their documents."""
        return Handling(self.db, self.actions, Today(self.db, self.shelf.current, utc_now))

    @property
    def exporting(self) -> Exporting:
        """What a team's own people see and ask of packages."""
        today = self.handling.today
        return Exporting(self.db, today, self.browsing, self.exports, self.agenda)

    def reload(self) -> tuple[list[str], tuple[str, ...]]:
        """Read teams and rules again: the teams that changed, and the problems that remain."""
        return self.shelf.reload(teams.check(self.config_path))

    async def tell_state(self, state: str, *, listening: list[str] | None = None) -> None:
        """Let `maild status` know, in this process or another."""
        value = {
            "state": state,
            "pid": os.getpid(),
            "listening": listening or [],
            "since": utc_now().isoformat(),
            "warnings": list(self.checked.remarks),
        }
        await self.db.write(partial(marks.put, name=DAEMON_MARK, value=value, now=utc_now()))


def antivirus_of(settings: Settings) -> Antivirus | None:
    """The virus scanner, if there is one."""
    one = settings.antivirus
    if one.clamd is None:
        return None
    where = one.clamd if isinstance(one.clamd, Path) else (one.clamd.host, one.clamd.port)
    return Antivirus(where, timeout=one.timeout.total_seconds())


def _actions(settings: Settings, desk: Desk, *, records: Records) -> Actions:
    return Actions(
        db=desk.db,
        desk=desk,
        records=records,
        book=desk.book,
        now=utc_now,
        data_dir=settings.maild.data_dir,
        deadline=settings.outbox.deadline,
        accounts=settings.account,
        mailboxes=tuple(settings.mailbox),
    )


def _desk(
    settings: Settings,
    *,
    db: Database,
    blobs: BlobStore,
    book: Callable[[], RuleBook],
    sandbox: Sandbox,
    verp: Verp,
    kept: Refusals,
) -> Desk:
    reader, opener = MailReader(sandbox, blobs.spool), Opener(sandbox, _scanner(settings))
    letters = _token_mails(settings, db=db, blobs=blobs, reader=reader)
    servers = _servers(settings)
    return Desk(
        db,
        blobs,
        book,
        utc_now,
        kept,
        reader,
        opener,
        verp=verp,
        servers=servers,
        token_mails=letters,
    )


def _token_mails(
    settings: Settings, *, db: Database, blobs: BlobStore, reader: MailReader
) -> TokenMails | None:
    """What recognises the tokens that CodaBox mails, where it is spoken to at all."""
    if not settings.connector.codabox:
        return None
    tokens = SealedTokens(db, secret_file=settings.maild.secret_file, now=utc_now)
    return TokenMails(db=db, blobs=blobs, reader=reader, tokens=tokens, now=utc_now)


def _scanner(settings: Settings) -> Scanner | None:
    antivirus = antivirus_of(settings)
    if antivirus is None:
        return None
    return Scanner(antivirus, open_when_down=settings.antivirus.fail == "open")


def _agenda(settings: Settings, db: Database, book: Callable[[], RuleBook]) -> Agenda:
    within = settings.outbox.receipt_within
    return Agenda(db, partial(schedules, book, receipt_within=within), book, utc_now)


async def _verp(settings: Settings, db: Database) -> Verp:
    """The signed return addresses in use, and the key of this store that signs them."""
    signed = [one for one in settings.connector.smtp.values() if one.return_path == "verp"]
    return Verp(
        key=await db.write(partial(return_key, now=utc_now())),
        addresses=frozenset(one.returns_to(settings.maild.called).lower() for one in signed),
    )


@contextlib.contextmanager
def _locked(data_dir: Path) -> Iterator[None]:
    lock = StateLock(data_dir)
    lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _servers(settings: Settings) -> dict[str, tuple[str, ...]]:
    """Whose word about a sender counts, by the door that a mail came by."""
    doors = dict.fromkeys(("smtp", "lmtp"), settings.smtpd.trusted_authserv)
    return doors | {
        f"{MAILBOX} {name}": one.trusted_authserv for name, one in settings.mailbox.items()
    }
