"""Tokens of accounts at providers: sealed rows, and the right to refresh, which one process has.

Nothing here asks a provider; when to refresh is decided in `connectors/oauth.py`.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Row, delete, select, update

from maild.model.ids import new_id
from maild.model.token import Consent, Token
from maild.store.database import Database, Tx
from maild.store.schema import tokens as table
from maild.store.sealing import Seal, read_seal
from maild.store.statements import insert_if_absent

# Longer than a provider may take to answer (connectors/http.py), so that nobody refreshes meanwhile:
# a refresh token that is used twice ends the whole chain at some providers.
LEASE: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of a consent without its key: for `maild status`, which shows no secrets."""

    name: str
    consented_at: datetime | None
    obtained_at: datetime | None
    expires_at: datetime | None
    trouble: str | None


class SealedTokens:
    """The `TokenStore` over the database; the key file is read when it is first needed."""

    def __init__(self, db: Database, *, secret_file: Path, now: Callable[[], datetime]) -> None:
        self._db = db
        self._secret_file = secret_file
        self._now = now
        self._owner = new_id("o")
        self._seal: Seal | None = None

    async def load(self, name: str) -> Consent:
        """How the consent of an account stands. Raises UserError when its seal does not open."""
        row = await self._db.read(partial(_row, name=name))
        if row is None or row.sealed is None:
            return Consent(name, None, None if row is None else row.trouble)
        seal = await self._key()
        return Consent(name, _token(seal.open(row.sealed, row=_aad(name)), row), row.trouble)

    async def save(self, name: str, token: Token) -> None:
        """Keep a token; it is on the disk when this returns. One of an older consent is dropped."""
        seal = await self._key()
        secret = {"access": token.access, "refresh": token.refresh, "scope": token.scope}
        values = {
            "sealed": seal.close(json.dumps(secret).encode(), row=_aad(name)),
            "obtained_at": token.obtained_at,
            "consented_at": token.consented_at,
            "expires_at": token.expires_at,
            "trouble": None,
        }
        await self._db.write(partial(_save, name=name, values=values))

    async def drop(self, name: str) -> None:
        """Forget what is kept under a name, as if it had never been."""
        await self._db.write(partial(forget, name=name))

    async def spoil(self, name: str, trouble: str) -> bool:
        """Note that a person has to be asked again; True when that is news."""
        return await self._db.write(partial(_spoil, name=name, trouble=trouble))

    async def lease(self, name: str) -> bool:
        """Take the right to refresh, for a minute; False while another process has it."""
        take = partial(_lease, name=name, owner=self._owner, now=self._now())
        return await self._db.write(take)

    async def release(self, name: str) -> None:
        """Give the right to refresh back."""
        await self._db.write(partial(_release, name=name, owner=self._owner))

    async def _key(self) -> Seal:
        if self._seal is None:
            self._seal = await asyncio.to_thread(read_seal, self._secret_file)
        return self._seal


def standings(tx: Tx) -> dict[str, Standing]:
    """How every consent stands, by the name of its account."""
    names = tuple(Standing.__dataclass_fields__)
    rows = tx.execute(select(*(table.c[name] for name in names)))
    return {row.name: Standing(*row) for row in rows}


def _aad(name: str) -> str:
    return f"tokens:{name}"


def _token(secret: bytes, row: Any) -> Token:
    said = json.loads(secret)
    return Token(
        access=said["access"],
        refresh=said["refresh"],
        scope=said["scope"],
        expires_at=row.expires_at,
        obtained_at=row.obtained_at,
        consented_at=row.consented_at,
    )


def _row(tx: Tx, *, name: str) -> Row[Any] | None:
    return tx.execute(select(table).where(table.c.name == name)).first()


def _save(tx: Tx, *, name: str, values: dict[str, Any]) -> None:
    # A person may give a new consent while a refresh of the old one is under way: that one's answer
    # comes last and is worth nothing.
    row = _row(tx, name=name)
    given = None if row is None else row.consented_at
    if given is None or given <= values["consented_at"]:
        _put(tx, name=name, values=values)


def _put(tx: Tx, *, name: str, values: dict[str, Any]) -> None:
    if not insert_if_absent(tx, table, row=values | {"name": name}, unique=["name"]):
        tx.execute(update(table).where(table.c.name == name).values(values))


def forget(tx: Tx, *, name: str) -> None:
    """Drop what is kept under a name, with what else is written in this transaction."""
    tx.execute(delete(table).where(table.c.name == name))


def _spoil(tx: Tx, *, name: str, trouble: str) -> bool:
    known = _row(tx, name=name)
    _put(tx, name=name, values={"trouble": trouble})
    return known is None or known.trouble is None


def _lease(tx: Tx, *, name: str, owner: str, now: datetime) -> bool:
    row = _row(tx, name=name)
    if row is not None and row.owner not in {None, owner} and row.lease_until > now:
        return False
    _put(tx, name=name, values={"owner": owner, "lease_until": now + LEASE})
    return True


def _release(tx: Tx, *, name: str, owner: str) -> None:
    mine = (table.c.name == name) & (table.c.owner == owner)
    tx.execute(update(table).where(mine).values(owner=None, lease_until=None))
