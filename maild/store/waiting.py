"""Documents that wait for a person: for a verdict on their number, or by a delivery that is held."""

from __future__ import annotations

from sqlalchemy import select

from maild.model.delivery import HoldCode
from maild.model.document import Direction
from maild.store.database import Tx
from maild.store.schema import asked, deliveries, documents
from maild.store.statements import unindexed

# Of these no document waits: a team in shadow mode and a restored store wait as a whole, and where a
# number was known the document itself says so.
NOT_ASKED = (HoldCode.SHADOW.value, HoldCode.REVIEW.value, HoldCode.RESTORED.value)


def waiting(
    tx: Tx,
    *,
    team: str | None = None,
    direction: Direction | None = None,
    limit: int = 10_000,
) -> tuple[str, ...]:
    """Their ids, newest first."""
    judged = select(documents.c.id).where(documents.c.review == "waiting")
    held = select(deliveries.c.document).where(asked, deliveries.c.document.is_not(None))
    # Nearly no document is judged, which statistics hide: with those of ANALYZE it would read a whole
    # team rather than the index on `review`.
    if team is not None:
        judged = judged.where(unindexed(documents.c.team) == team)
        held = held.where(deliveries.c.team == team)
    if direction is not None:
        judged = judged.where(unindexed(documents.c.direction) == direction.value)
        held = held.join(documents, documents.c.id == deliveries.c.document).where(
            unindexed(documents.c.direction) == direction.value
        )
    found = {str(one) for query in (judged, held) for one in tx.execute(query).scalars()}
    return tuple(sorted(found, reverse=True)[:limit])
