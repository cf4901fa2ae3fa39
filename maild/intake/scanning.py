"""What a virus scanner says of a mail: infected ones are kept out, and the team is told.

A mail that is refused here lies with the refusals, with its reason, and no document is made of it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from maild.errors import DocumentError, Problem
from maild.log import incoming
from maild.reading.antivirus import Antivirus, ScannerDown
from maild.reading.mail import Body, Mail


@dataclass(frozen=True, slots=True)
class Scanner:
    """Asks an antivirus; `open_when_down` lets mails in that could not be scanned."""

    antivirus: Antivirus = field(repr=False)
    open_when_down: bool = False

    async def check(self, raw: Body, mail: Mail) -> None:
        """Look at each file of a mail, unpacked, and at the mail as it came.

        Raises DocumentError when something is found, and ScannerDown when there was no verdict and
        mails are to wait for one.
        """
        try:
            for part in mail.parts:
                await self._check(part.body, part.name)
            await self._check(raw, "")
        except ScannerDown as fault:
            if not self.open_when_down:
                raise
            incoming.scan_skipped(error=fault)

    async def _check(self, body: Body, name: str) -> None:
        virus = await self.antivirus.find(body)
        if virus is not None:
            # RFC 3463: 5.7.1, not authorized by policy; what scanners before a mail server say.
            words = f'the virus scanner found "{virus}"; nothing of this mail is taken in'
            raise DocumentError(Problem("infected", name, words), smtp="554 5.7.1")
