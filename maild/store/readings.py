"""What the pages of documents were found to say, and what a person said of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import insert, select, update

from maild.model.figures import figures_json
from maild.store.database import Tx
from maild.store.schema_suppliers import readings as table

# A reading that was kept before a key was known lacks it.
_NOTHING: Final = figures_json({})


class Settled(StrEnum):
    """What became of the figures of a page."""

    WAITING = "waiting"  # for a person
    PROVEN = "proven"  # by themselves, or with what is known of the supplier
    CONFIRMED = "confirmed"  # by a person
    FILE = "file"  # passed on without figures, since a person said so
    REJECTED = "rejected"  # by a person: it goes nowhere
    ISSUED = "issued"  # by the supplier's own UBL, which came later


@dataclass(frozen=True, slots=True)
class Reading:
    """The figures of one document as `maild.model.figures.figures_json` tells them.

    `like_key` and `facts` are what it would be known by if they were right; `supplier` is the key of
    its supplier, as far as that is known.
    """

    document: str
    team: str
    state: Settled
    figures: Mapping[str, Any]
    read_at: datetime
    supplier: str | None = None
    said: Mapping[str, Any] | None = None
    like_key: str | None = None
    facts: Mapping[str, list[str]] | None = None

    def shown(self) -> dict[str, Any]:
        """What every face shows of it."""
        return {
            "state": self.state.value,
            "supplier": self.supplier,
            "fields": self.figures,
            "said": self.said,
        }


def add(tx: Tx, one: Reading) -> None:
    """Keep what the pages of a new document say."""
    tx.execute(insert(table).values(_row(one) | {"document": one.document, "team": one.team}))


def of_document(tx: Tx, document: str) -> Reading | None:
    """What the pages of a document say, if they were read."""
    row = tx.execute(select(table).where(table.c.document == document)).first()
    return None if row is None else _reading(row)


def alike(tx: Tx, team: str, key: str) -> tuple[Reading, ...]:
    """What waits and would have that key if it was read right, oldest first."""
    mine = (table.c.team == team) & (table.c.like_key == key)
    query = select(table).where(mine, table.c.state == Settled.WAITING.value)
    return tuple(_reading(row) for row in tx.execute(query.order_by(table.c.document).limit(10)))


def settle(
    tx: Tx,
    document: str,
    *,
    state: Settled,
    said: Mapping[str, Any] | None = None,
    supplier: str | None = None,
) -> None:
    """Note what became of the figures; they wait for nobody any more."""
    values: dict[str, Any] = {"state": state.value, "like_key": None}
    values |= {"said": json.dumps(said)} if said is not None else {}
    values |= {"supplier": supplier} if supplier is not None else {}
    tx.execute(update(table).where(table.c.document == document).values(values))


def _row(one: Reading) -> dict[str, Any]:
    return {
        "state": one.state.value,
        "figures": json.dumps(one.figures),
        "said": None if one.said is None else json.dumps(one.said),
        "supplier": one.supplier,
        "like_key": one.like_key,
        "facts": None if one.facts is None else json.dumps(one.facts),
        "read_at": one.read_at,
    }


def _reading(row: Any) -> Reading:
    return Reading(
        document=row.document,
        team=row.team,
        state=Settled(row.state),
        figures=_NOTHING | json.loads(row.figures),
        read_at=row.read_at,
        supplier=row.supplier,
        said=None if row.said is None else json.loads(row.said),
        like_key=row.like_key,
        facts=None if row.facts is None else json.loads(row.facts),
    )
