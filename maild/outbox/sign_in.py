"""Makes the mail of a sign-in: its link is made here, sent, and kept nowhere.

Each try makes the same bytes anew from the request's row and the key file, so that neither the
database nor a backup of it holds a link that lets somebody in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from maild.errors import ProfileMismatch
from maild.model.delivery import Delivery, Letter
from maild.model.team import Team
from maild.outbox.message import write
from maild.render.portal_mail import portal_mail
from maild.store import people, sign_ins
from maild.store.database import Database, Tx
from maild.store.link_secrets import LinkSecrets
from maild.store.sign_ins import SignIn

# What is kept in place of the message.
NOT_KEPT: Final = b"A sign-in mail is made anew at each try and is not kept.\r\n"


@dataclass(frozen=True, slots=True)
class House:
    """Who maild is to people who sign in: its name and From, and where the pages are."""

    team: Team
    url: str
    secrets: LinkSecrets

    async def mail(self, db: Database, delivery: Delivery) -> bytes:
        """The whole message of a delivery. Raises ProfileMismatch when nobody waits for it."""

        def look(tx: Tx) -> tuple[SignIn, str]:
            asked = sign_ins.of_delivery(tx, delivery.id)
            if asked is None:
                raise ProfileMismatch(f"{delivery.id} belongs to no request to sign in; cancel it")
            person = people.find(tx, asked.email)
            return asked, person.language if person else self.team.language

        asked, language = await db.read(look)
        words = self._letter(asked, language=language)
        pieces = write(
            words,
            sender=self.team.sender,
            to=delivery.address,
            message_id=delivery.message_id,
            date=asked.created_at,
            delivery=delivery.id,
            enclosures=(),
        )
        return b"".join(pieces)

    def _letter(self, asked: SignIn, *, language: str) -> Letter:
        minutes = round((asked.expires_at - asked.created_at).total_seconds() / 60)
        facts: Mapping[str, str] = {
            "code": self.secrets.code(asked.id),
            "minutes": str(minutes),
            "place": asked.place,
        }
        url = f"{self.url}/sign-in/{asked.id}/{self.secrets.token(asked.id)}"
        return portal_mail("sign_in", team=self.team, language=language, facts=facts, url=url)
