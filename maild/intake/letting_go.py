"""Letting go what was held, without letting it out of a team in shadow mode."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from maild.intake.notices import SHADOW_REASON, in_shadow
from maild.model.delivery import Delivery, HoldCode
from maild.model.team import Team
from maild.store import deliveries
from maild.store.database import Tx
from maild.store.hand import DEADLINE

_MAILD: Final = "maild"


def let_go(
    tx: Tx,
    team: Team,
    delivery: Delivery,
    *,
    now: datetime,
    deadline: timedelta = DEADLINE,
    actor: str = _MAILD,
) -> Delivery:
    """Release a held delivery; in shadow mode it waits on, for that reason. Raises UserError."""
    freed = deliveries.release(tx, delivery.id, now=now, deadline=deadline, actor=actor)
    if not in_shadow(tx, team):
        return freed
    return deliveries.hold(
        tx, freed.id, now=now, reason=SHADOW_REASON, code=HoldCode.SHADOW, actor=_MAILD
    )
