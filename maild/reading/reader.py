"""The one way to read a mail in the daemon: here when it is small and plain, else in a child.

What it gives stands in a context, because large files of the mail lie on the disk until its end.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Final

from maild.children import Limits
from maild.errors import Problem, Unreadable
from maild.ports import Spool, Stored
from maild.reading import mime
from maild.reading.mail import Body, Mail, content_of
from maild.reading.mail_job import READ_MAIL, mail_from
from maild.reading.sandbox import Sandbox
from maild.reading.unpack import ARCHIVES
from maild.reading.unpacking import Unpacking, close

# Above this a mail is read beside the event loop: it takes longer than other clients should wait.
BESIDE: Final = 100_000
# Above this it is read in a child, which gives its memory back.
LARGE: Final = 1_000_000
# mail.md 6.2. The answer holds what archives unfold to, 200 MB at most.
LIMITS: Final = Limits(cpu=10.0, wall=30.0, memory=512 << 20, answer=256 << 20)


@dataclass(frozen=True, slots=True)
class MailReader:
    """Reads mails; `spool` gives a file for what is large in them, `job` is what a child does."""

    sandbox: Sandbox
    spool: Callable[[], Spool]
    job: str = READ_MAIL

    @asynccontextmanager
    async def opened(self, raw: Body) -> AsyncIterator[Mail]:
        """The mail with all files in it, archives opened. Its files are there to the end of the context.

        Raises Unreadable, and Parked when two processes died over it. An archive in a small mail
        over which they died stays closed, and `problems` says so.
        """
        mail, bodies = await self._read(raw)
        try:
            yield mail
        finally:
            close(bodies)

    async def _read(self, raw: Body) -> tuple[Mail, list[Body]]:
        if len(raw) > LARGE:
            return await self._read_apart(raw)
        content = content_of(raw)
        beside = len(content) > BESIDE
        mail = await asyncio.to_thread(mime.read, content) if beside else mime.read(content)
        closed = [one for one in mail.parts if one.media_type in ARCHIVES]
        if not closed:
            return mail, []
        try:
            return await self._read_apart(raw)
        except Unreadable as fault:
            # The mail itself can be read, so it is: what lies beside the archive may be a bill.
            said = [Problem("unreadable_archive", one.name, str(fault)) for one in closed]
            return replace(mail, problems=(*mail.problems, *said)), []

    async def _read_apart(self, raw: bytes | Stored) -> tuple[Mail, list[Body]]:
        answer = await self.sandbox.receive(
            self.job, raw, make=lambda: Unpacking(self.spool), limits=LIMITS
        )
        head, bodies = answer.finish()
        try:
            return mail_from(head, bodies), bodies
        except BaseException:
            close(bodies)
            raise
