"""Second factors as rows. Everything here asks for the person, whose they are."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, exists, insert, select, update

from maild.model.factors import CodeApp, Held, Passkey
from maild.store.database import Tx
from maild.store.schema import challenges, code_apps, passkeys

_PASSKEY = tuple(Passkey.__dataclass_fields__)
_APP = tuple(CodeApp.__dataclass_fields__)


def held(tx: Tx, person: str) -> Held:
    """The factors of a person; an app that was not confirmed yet is none."""
    mine = select(passkeys).where(passkeys.c.person == person).order_by(passkeys.c.id)
    app = code_app(tx, person)
    confirmed = app if app and app.confirmed_at else None
    return Held(tuple(_passkey(row) for row in tx.execute(mine)), confirmed)


def has_any(tx: Tx, person: str) -> bool:
    """Whether a person has a second factor."""
    key = exists().where(passkeys.c.person == person)
    app = exists().where((code_apps.c.person == person) & code_apps.c.confirmed_at.is_not(None))
    return bool(tx.execute(select(key | app)).scalar_one())


def add_passkey(tx: Tx, one: Passkey) -> None:
    """Keep a passkey."""
    row = {name: getattr(one, name) for name in _PASSKEY}
    tx.execute(insert(passkeys).values(row | {"mark": _mark(one.credential)}))


def passkey(tx: Tx, credential: bytes) -> Passkey | None:
    """The passkey that a device calls so."""
    row = tx.execute(select(passkeys).where(passkeys.c.mark == _mark(credential))).first()
    return None if row is None else _passkey(row)


def passkey_used(tx: Tx, one: Passkey, *, uses: int, now: datetime) -> None:
    """Note that a passkey was used, and what its device counts now."""
    mine = update(passkeys).where(passkeys.c.id == one.id)
    tx.execute(mine.values(uses=uses, used_at=now))


def remove_passkey(tx: Tx, id_: str, *, person: str) -> bool:
    """Drop a passkey of this person; False when he has none of that id."""
    mine = (passkeys.c.id == id_) & (passkeys.c.person == person)
    return tx.execute(delete(passkeys).where(mine)).rowcount == 1


def code_app(tx: Tx, person: str) -> CodeApp | None:
    """The app of a person, confirmed or not."""
    row = tx.execute(select(code_apps).where(code_apps.c.person == person)).first()
    return None if row is None else CodeApp(*(getattr(row, name) for name in _APP))


def keep_app(tx: Tx, one: CodeApp) -> None:
    """Keep an app in place of the one before it."""
    remove_app(tx, one.person)
    tx.execute(insert(code_apps).values({name: getattr(one, name) for name in _APP}))


def use_step(tx: Tx, person: str, *, step: int, now: datetime) -> bool:
    """Use the code of a half minute up; False when it, or a later one, was used before."""
    mine = (code_apps.c.person == person) & (code_apps.c.last_step < step)
    first = {"confirmed_at": now} if _is_new(tx, person) else {}
    done = update(code_apps).where(mine).values(last_step=step, wrong=0, wrong_at=None, **first)
    return tx.execute(done).rowcount == 1


def count_wrong(tx: Tx, person: str, *, wrong: int, now: datetime) -> None:
    """Note how many wrong codes were given in a row, and when the last was."""
    mine = update(code_apps).where(code_apps.c.person == person)
    tx.execute(mine.values(wrong=wrong, wrong_at=now))


def remove_app(tx: Tx, person: str) -> bool:
    """Drop the app of a person; False when there is none."""
    return tx.execute(delete(code_apps).where(code_apps.c.person == person)).rowcount == 1


def remove_all(tx: Tx, person: str) -> None:
    """Drop every factor of a person."""
    tx.execute(delete(passkeys).where(passkeys.c.person == person))
    remove_app(tx, person)


def keep_challenge(tx: Tx, holder: str, *, challenge: bytes, expires_at: datetime) -> None:
    """Keep what a browser is asked to sign, in place of what it was asked before."""
    tx.execute(delete(challenges).where(challenges.c.holder == holder))
    row = {"holder": holder, "challenge": challenge, "expires_at": expires_at}
    tx.execute(insert(challenges).values(row))


def take_challenge(tx: Tx, holder: str, *, now: datetime) -> bytes | None:
    """What a browser was asked to sign, for one answer; None when nothing, or too long ago."""
    row = tx.execute(select(challenges).where(challenges.c.holder == holder)).first()
    tx.execute(delete(challenges).where(challenges.c.holder == holder))
    return None if row is None or row.expires_at <= now else bytes(row.challenge)


def forget(tx: Tx, *, before: datetime) -> None:
    """Drop questions that nobody answered."""
    tx.execute(delete(challenges).where(challenges.c.expires_at < before))


def _is_new(tx: Tx, person: str) -> bool:
    app = code_app(tx, person)
    return app is not None and app.confirmed_at is None


def _mark(credential: bytes) -> str:
    return hashlib.sha256(credential).hexdigest()


def _passkey(row: Row[Any]) -> Passkey:
    return Passkey(*(getattr(row, name) for name in _PASSKEY))
