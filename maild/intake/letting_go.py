"""Letting go what was held, without letting it out of a team in shadow mode."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from maild.errors import UserError
from maild.intake.notices import SHADOW_REASON, in_shadow, said_of_shadow
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


def refuse_in_shadow(tx: Tx, *, delivery: str, teams: Iterable[Team]) -> None:
    """Raise UserError where the team of a delivery is in shadow mode, and NotFound without one."""
    slug = deliveries.get(tx, delivery).team
    if any(in_shadow(tx, one) for one in teams if one.slug == slug):
        raise UserError(
            said_of_shadow(slug),
            hint=f"`maild golive {slug}` ends it; `maild queue release {delivery} --anyway` "
            "lets this one go alone",
        )
