"""Recognises the mail in which CodaBox sends a team its token, and keeps the token, sealed.

Only while the team waits for one. The mail itself is kept without its text: a token is a key. Who
turns the token into a login is `maild.joining`; nothing is asked of anybody here.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Final

from maild.intake import taken
from maild.intake.filing import Acceptance
from maild.intake.mark import Mark
from maild.intake.returns import Came
from maild.log import accounts as log
from maild.model.token import Token
from maild.ports import TokenStore
from maild.reading.bounds import MAX_HEADER_BLOCK, header_block
from maild.reading.origin import read_origin
from maild.reading.reader import MailReader
from maild.store import blobs as blob_rows
from maild.store import documents, joining
from maild.store.blobs import BlobStore, Staged
from maild.store.database import Database, Tx
from maild.store.spool import beginning_of

# codabox_and_peppol.md B4: token mails come from CodaBox itself.
_SENDERS: Final = re.compile(r"(?:.*\.)?codabox\.com")
_MOST_TEXT: Final = 100_000
_NOTE: Final = "a token of CodaBox: maild connects the team with it"
_KEPT: Final = b"(maild keeps no text of a mail that brings a key)\r\n"


class TokenMails:
    """Looks at the mails of CodaBox."""

    def __init__(
        self,
        *,
        db: Database,
        blobs: BlobStore,
        reader: MailReader,
        tokens: TokenStore,
        now: Callable[[], datetime],
    ) -> None:
        self._db, self._blobs, self._reader = db, blobs, reader
        self._tokens, self._now = tokens, now

    async def take(self, came: Came, *, mark: Mark | None = None) -> Acceptance | None:
        """Keep the token of a mail; None when it is no such mail, or nobody waits for one.

        Raises DocumentError for a mail that cannot be read.
        """
        head = header_block(beginning_of(came.raw, MAX_HEADER_BLOCK))
        if not _SENDERS.fullmatch(read_origin(head).domain):
            return None
        look = partial(joining.pending, now=self._now(), team=came.team)
        asked = await self._db.read(look)
        if not asked:
            return None
        async with self._reader.opened(came.raw) as mail:
            words = tokens_in(f"{mail.text}\n{_bare(mail.html)}"[:_MOST_TEXT])
            if not words:
                return None
            staged = await self._blobs.stage(head.rstrip(b"\r\n") + b"\r\n\r\n" + _KEPT)
            arrival = taken.arrival(came, mail, original=staged.sha256)
        for one in asked:
            await self._tokens.save(one.letter, _sealed(words, now=self._now()))
        acceptance = Acceptance(arrival, (), note=_NOTE)
        await self._db.write(partial(_keep, acceptance, staged, mark=mark))
        for one in asked:
            log.token_arrived(account=one.connector, team=one.team)
        return acceptance


def tokens_in(text: str) -> tuple[str, ...]:
    """What could be the token in the text of a mail: long words that nobody writes, at most three.

    Those with a digit first, then those with a capital behind a small letter.
    """
    # Its form is told nowhere. A link to it is cut at its slashes; a UUID is one word.
    words = re.findall(r"(?<![\w@.-])[A-Za-z0-9_-]{16,128}(?![\w@-])", text)
    # Of 32 random letters and digits one in three hundred has no digit.
    likely = [one for pattern in (r"\d", r"[a-z][A-Z]") for one in words if re.search(pattern, one)]
    return tuple(dict.fromkeys(likely))[:3]


def _bare(markup: str) -> str:
    return html.unescape(re.sub(r"<[^>]*>", " ", markup[: 4 * _MOST_TEXT]))


def _sealed(words: tuple[str, ...], *, now: datetime) -> Token:
    return Token(" ".join(words), None, now + joining.WAIT, now, now)


def _keep(acceptance: Acceptance, staged: Staged, tx: Tx, *, mark: Mark | None) -> None:
    blob_rows.keep(tx, staged)
    documents.add_arrival(tx, acceptance.arrival)
    if mark is not None:
        mark.accepted(tx, acceptance)
