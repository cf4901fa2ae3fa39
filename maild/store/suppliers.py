"""What a team's people confirmed about its suppliers: look up, learn, forget. At most so many a team."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from dataclasses import asdict, replace
from typing import Any, Final

from sqlalchemy import delete, func, insert, select, update

from maild.model.supplier import MOST_SIGNS, Sign, Supplier
from maild.store.database import Tx
from maild.store.schema import suppliers as table
from maild.store.schema_suppliers import supplier_accounts as accounts
from maild.store.statements import insert_if_absent

# Above these the one that was confirmed longest ago is forgotten.
MOST_SUPPLIERS: Final = 20_000
MOST_ACCOUNTS: Final = 30


def find(tx: Tx, team: str, key: str) -> Supplier | None:
    """The supplier of that key, if a person confirmed him."""
    mine = (table.c.team == team) & (table.c.supplier == key)
    row = tx.execute(select(table).where(mine)).first()
    return None if row is None else _supplier(tx, row)


def with_account(tx: Tx, team: str, ibans: Collection[str]) -> Supplier | None:
    """The one supplier that has one of these accounts; None when there is none, or more than one."""
    mine = (accounts.c.team == team) & accounts.c.account.in_(ibans)
    keys = tx.execute(select(accounts.c.supplier).where(mine).distinct().limit(2)).scalars().all()
    return find(tx, team, keys[0]) if len(keys) == 1 else None


def learn(tx: Tx, one: Supplier) -> Supplier:
    """Add what was confirmed to what is known of a supplier; the newest signs of a field are kept."""
    known = find(tx, one.team, one.key)
    if known is not None:
        one = replace(one, signs=_newest(one.signs, known.signs), name=one.name or known.name)
        one = replace(one, currency=one.currency or known.currency)
    row = {
        "name": one.name,
        "currency": one.currency,
        "signs": json.dumps([asdict(sign) for sign in one.signs]),
        "confirmed_at": one.confirmed_at,
        "confirmed_by": one.confirmed_by,
        "document": one.document,
    }
    mine = (table.c.team == one.team) & (table.c.supplier == one.key)
    if tx.execute(update(table).where(mine).values(row)).rowcount == 0:
        _make_room(tx, one.team)
        tx.execute(insert(table).values(row | {"team": one.team, "supplier": one.key}))
    _keep_accounts(tx, one)
    return find(tx, one.team, one.key) or one


def forget(tx: Tx, team: str, key: str) -> bool:
    """Forget a supplier with all that was confirmed of him; False when there was nothing."""
    held = (accounts.c.team == team) & (accounts.c.supplier == key)
    tx.execute(delete(accounts).where(held))
    mine = (table.c.team == team) & (table.c.supplier == key)
    return tx.execute(delete(table).where(mine)).rowcount > 0


def known(tx: Tx, *, team: str | None = None, limit: int = MOST_SUPPLIERS) -> tuple[Supplier, ...]:
    """The suppliers of a team or of all, those confirmed last first."""
    query = select(table).order_by(table.c.confirmed_at.desc(), table.c.supplier).limit(limit)
    if team is not None:
        query = query.where(table.c.team == team)
    return tuple(_supplier(tx, row) for row in tx.execute(query).all())


def _supplier(tx: Tx, row: Any) -> Supplier:
    mine = (accounts.c.team == row.team) & (accounts.c.supplier == row.supplier)
    held = tx.execute(select(accounts.c.account).where(mine)).scalars()
    return Supplier(
        team=row.team,
        key=row.supplier,
        name=row.name,
        currency=row.currency,
        accounts=frozenset(held),
        signs=tuple(Sign(**one) for one in json.loads(row.signs)),
        confirmed_at=row.confirmed_at,
        confirmed_by=row.confirmed_by,
        document=row.document,
    )


def _newest(fresh: Iterable[Sign], old: Iterable[Sign]) -> tuple[Sign, ...]:
    kept: list[Sign] = []
    for one in dict.fromkeys([*fresh, *old]):
        if sum(1 for other in kept if other.field == one.field) < MOST_SIGNS:
            kept.append(one)
    return tuple(kept)


def _make_room(tx: Tx, team: str) -> None:
    count = tx.execute(
        select(func.count()).select_from(table).where(table.c.team == team)
    ).scalar_one()
    if count < MOST_SUPPLIERS:
        return
    oldest = select(table.c.supplier).where(table.c.team == team).order_by(table.c.confirmed_at)
    for key in tx.execute(oldest.limit(1)).scalars().all():
        forget(tx, team, key)


def _keep_accounts(tx: Tx, one: Supplier) -> None:
    for iban in sorted(one.accounts):
        row = {"team": one.team, "supplier": one.key, "account": iban}
        insert_if_absent(tx, accounts, row=row | {"confirmed_at": one.confirmed_at}, unique=[*row])
    mine = (accounts.c.team == one.team) & (accounts.c.supplier == one.key)
    ordered = select(accounts.c.account).where(mine).order_by(accounts.c.confirmed_at.desc())
    old = tx.execute(ordered.offset(MOST_ACCOUNTS)).scalars().all()
    if old:
        tx.execute(delete(accounts).where(mine, accounts.c.account.in_(old)))
