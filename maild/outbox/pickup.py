"""Makes the mail that carries a link to a package: the link is made here, sent, and kept nowhere.

Each try makes the same bytes anew from the link's row and the key file. What is kept is the same mail
with the secret of the link crossed out, so that neither the database nor a backup holds a good link.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from maild.errors import ProfileMismatch, UserError
from maild.model.delivery import Delivery, Letter
from maild.model.ids import new_id
from maild.model.pickup import Pickup
from maild.store import packages, pickups
from maild.store.database import Database, Tx
from maild.store.link_secrets import LinkSecrets, sha256_text

PATH: Final = "/packages"
LASTS: Final = timedelta(hours=24)
MOST: Final = 5
# As long as a token, so that lines break where they did.
CROSSED_OUT: Final = "x" * 43


@dataclass(frozen=True, slots=True)
class Links:
    """Where links lead, how long they are good, and how many downloads each allows."""

    url: str
    secrets: LinkSecrets
    lasts: timedelta = LASTS
    most: int = MOST

    async def of(self, db: Database, delivery: Delivery, *, now: datetime) -> Pickup:
        """The link of a delivery: the one that it had at an earlier try, or a new one, not kept yet.

        Raises ProfileMismatch where there can be none any more, with what to do.
        """
        if not self.url:
            raise ProfileMismatch(
                f"{delivery.address} gets links to packages, and no pages are served: put `listen`"
                " and `url` in [web] back, or take `packages` from the recipient and say"
                f" `maild queue redecide {delivery.id}`"
            )
        found, gone = await db.read(lambda tx: _known(tx, delivery))
        again = f"make it again with `maild export {delivery.team} PERIOD --to RECIPIENT`"
        if gone:
            raise ProfileMismatch(f"the package was cleared after its links had ended: {again}")
        if found is None:
            return self._new(delivery, now=now)
        if over := found.over(now):
            raise ProfileMismatch(
                f"the link {found.id} of this mail is {over.value} already: `maild queue cancel"
                f" {delivery.id}`, then `maild documents resend {delivery.document} --to"
                f" {delivery.recipient}` makes a new one"
            )
        return found

    def letters(self, pickup: Pickup, make: Callable[[str], Letter]) -> tuple[Letter, Letter]:
        """The letter as it goes, and as it is kept. `make` gives one for an address of a page."""
        token = self._token(pickup.id)
        return make(f"{self.url}{PATH}/{token}"), make(f"{self.url}{PATH}/{CROSSED_OUT}")

    def _new(self, delivery: Delivery, *, now: datetime) -> Pickup:
        id_ = new_id("p")
        return Pickup(
            id=id_,
            team=delivery.team,
            document=delivery.document or "",
            delivery=delivery.id,
            address=delivery.address,
            token=sha256_text(self._token(id_)),
            created_at=now,
            expires_at=now + self.lasts,
            most=self.most,
        )

    def _token(self, id_: str) -> str:
        try:
            return self.secrets.pickup(id_)
        except UserError as fault:
            raise ProfileMismatch(f"no link can be made: {fault}") from fault


def _known(tx: Tx, delivery: Delivery) -> tuple[Pickup | None, bool]:
    gone = packages.is_cleared(tx, delivery.document or "")
    return pickups.of_delivery(tx, delivery.id), gone
