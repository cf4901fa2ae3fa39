"""Codes of an app: six digits each half minute, from a secret that the app and we share.

A code is taken once, and one half minute early or late; five wrong ones in a row rest for a quarter of
an hour. Source: RFC 6238 sections 5.2 and 6; ASVS 6.5.1, 6.6.3.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Final

import pyotp

from maild.log import portal as log
from maild.model.access import Factor
from maild.model.factors import CodeApp
from maild.partners.factors import Factors
from maild.partners.sessions import Guest, Opened, Visitor
from maild.store import factors
from maild.store.database import Tx
from maild.store.sealing import Seal, read_seal

STEP: Final = 30  # seconds
MOST_WRONG: Final = 5
REST: Final = timedelta(minutes=15)


class Refusal(StrEnum):
    """Why a code did not do."""

    WRONG = "wrong"
    SLOWED = "slowed"  # too many wrong ones before it


@dataclass(frozen=True, slots=True)
class Shared:
    """A secret that an app is to learn: to type, and as the address that its QR code holds."""

    secret: str
    address: str


@dataclass(frozen=True, slots=True)
class CodeApps:
    """The apps of everybody. `issuer` is how the apps name us."""

    factors: Factors
    secret_file: Path
    issuer: str

    async def begin(self, visitor: Visitor) -> None:
        """Make a secret for an app. Raises UserError without a fresh proof, or with an app already."""

        def write(tx: Tx) -> None:
            self.factors.must_be_fresh(tx, visitor)
            person = visitor.person.id
            known = factors.code_app(tx, person)
            if known is not None and known.confirmed_at is not None:
                return
            sealed = self._seal().close(pyotp.random_base32().encode(), row=_row(person))
            factors.keep_app(tx, CodeApp(person, sealed, self.factors.now()))

        await self.factors.db.write(write)

    async def begun(self, visitor: Visitor) -> Shared | None:
        """The secret that waits for its first code; None when none does."""
        app = await self.factors.db.read(partial(factors.code_app, person=visitor.person.id))
        if app is None or app.confirmed_at is not None:
            return None
        secret = self._secret(app)
        totp = pyotp.TOTP(secret)
        address = totp.provisioning_uri(name=visitor.person.email, issuer_name=self.issuer)
        return Shared(secret, address)

    async def confirm(
        self, code: str, *, visitor: Visitor, guest: Guest
    ) -> Opened | Refusal | None:
        """Take the first code of an app; a whole session when the visitor had half of one."""

        def write(tx: Tx) -> Opened | Refusal | None:
            self.factors.must_be_fresh(tx, visitor)
            refused = self._check(tx, code, visitor=visitor)
            if refused is not None:
                return refused
            self.factors.note(tx, visitor, action="app.added", object_=visitor.person.id)
            return self.factors.raised(tx, visitor, factor=Factor.TOTP, guest=guest)

        return await self.factors.db.write(write)

    async def enter(self, code: str, *, visitor: Visitor, guest: Guest) -> Opened | Refusal:
        """Take a code as the second factor, or as a fresh proof: a new session."""

        def write(tx: Tx) -> Opened | Refusal:
            app = factors.code_app(tx, visitor.person.id)
            if app is None or app.confirmed_at is None:
                return Refusal.WRONG
            refused = self._check(tx, code, visitor=visitor)
            if refused is not None:
                return refused
            return self.factors.sessions.replace(tx, visitor, factor=Factor.TOTP, guest=guest)

        return await self.factors.db.write(write)

    def _check(self, tx: Tx, code: str, *, visitor: Visitor) -> Refusal | None:
        now, person = self.factors.now(), visitor.person.id
        app = factors.code_app(tx, person)
        if app is None:
            return Refusal.WRONG
        rested = app.wrong_at is None or app.wrong_at + REST <= now
        if app.wrong >= MOST_WRONG and not rested:
            log.code_slowed(person=person)
            return Refusal.SLOWED
        step = _step_of(self._secret(app), code, now=int(now.timestamp()) // STEP)
        if step is not None and factors.use_step(tx, person, step=step, now=now):
            return None
        factors.count_wrong(tx, person, wrong=1 if rested else app.wrong + 1, now=now)
        return Refusal.WRONG

    def _secret(self, app: CodeApp) -> str:
        return self._seal().open(app.sealed, row=_row(app.person)).decode()

    def _seal(self) -> Seal:
        return read_seal(self.secret_file)


def _step_of(secret: str, code: str, *, now: int) -> int | None:
    """The half minute whose code this is, as people type it; the clocks may differ by one."""
    plain = "".join(filter(str.isdigit, code))
    hotp = pyotp.HOTP(secret)
    matches = [
        step
        for step in (now - 1, now, now + 1)
        if hmac.compare_digest(plain.encode(), hotp.at(step).encode())
    ]
    return matches[0] if matches else None


def _row(person: str) -> str:
    return f"code_apps:{person}"
