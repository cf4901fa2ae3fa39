"""What takes documents in, built as the configuration says: the desk with all that it reads by.

It has no logic of its own; `maild.app` calls it once.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path

from maild.config.settings import Settings
from maild.intake.desk import Desk
from maild.intake.opening import Opener
from maild.intake.refusals import Refusals
from maild.intake.scanning import Scanner
from maild.intake.senders import MAILBOX
from maild.intake.token_mails import TokenMails
from maild.model.verp import Verp
from maild.reading.antivirus import Antivirus
from maild.reading.reader import MailReader
from maild.reading.sandbox import Sandbox
from maild.rules.book import RuleBook
from maild.store.blobs import BlobStore
from maild.store.database import Database
from maild.store.returns import return_key
from maild.store.tokens import SealedTokens


def desk_of(
    settings: Settings,
    *,
    db: Database,
    blobs: BlobStore,
    book: Callable[[], RuleBook],
    sandbox: Sandbox,
    verp: Verp,
    kept: Refusals,
) -> Desk:
    """The one way in, over an open store."""
    reader, opener = MailReader(sandbox, blobs.spool), Opener(sandbox, _scanner(settings))
    letters = _token_mails(settings, kept, reader=reader)
    servers = _servers(settings)
    return Desk(
        db,
        blobs,
        book,
        kept.now,
        kept,
        reader,
        opener,
        verp=verp,
        servers=servers,
        token_mails=letters,
    )


def antivirus_of(settings: Settings) -> Antivirus | None:
    """The virus scanner, if there is one."""
    one = settings.antivirus
    if one.clamd is None:
        return None
    where = one.clamd if isinstance(one.clamd, Path) else (one.clamd.host, one.clamd.port)
    return Antivirus(where, timeout=one.timeout.total_seconds())


async def verp_of(settings: Settings, db: Database, *, now: Callable[[], datetime]) -> Verp:
    """The signed return addresses in use, and the key of this store that signs them."""
    signed = [one for one in settings.connector.smtp.values() if one.return_path == "verp"]
    return Verp(
        key=await db.write(partial(return_key, now=now())),
        addresses=frozenset(one.returns_to(settings.maild.called).lower() for one in signed),
    )


def _token_mails(settings: Settings, kept: Refusals, *, reader: MailReader) -> TokenMails | None:
    """What recognises the tokens that CodaBox mails, where it is spoken to at all."""
    if not settings.connector.codabox:
        return None
    tokens = SealedTokens(kept.db, secret_file=settings.maild.secret_file, now=kept.now)
    return TokenMails(db=kept.db, blobs=kept.blobs, reader=reader, tokens=tokens, now=kept.now)


def _scanner(settings: Settings) -> Scanner | None:
    antivirus = antivirus_of(settings)
    if antivirus is None:
        return None
    return Scanner(antivirus, open_when_down=settings.antivirus.fail == "open")


def _servers(settings: Settings) -> dict[str, tuple[str, ...]]:
    """Whose word about a sender counts, by the door that a mail came by."""
    doors = dict.fromkeys(("smtp", "lmtp"), settings.smtpd.trusted_authserv)
    return doors | {
        f"{MAILBOX} {name}": one.trusted_authserv for name, one in settings.mailbox.items()
    }
