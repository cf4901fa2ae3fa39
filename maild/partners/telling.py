"""Tells people by mail what was changed: a team's people of its affairs, a person of his own account.

Each reads it in his own language. What there is to tell is decided by whoever changed it, in the
same transaction. Source: portal_security.md section 1 (ASVS 6.3.5, 6.3.7).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from maild.intake.notices import queue_at_once
from maild.model.access import Person
from maild.model.team import Team
from maild.render.portal_mail import PortalMail, portal_mail
from maild.store import people
from maild.store.database import Tx


def tell(
    tx: Tx,
    kind: PortalMail,
    team: Team,
    *,
    to: Collection[str],
    facts: Mapping[str, str],
    url: str,
    now: datetime,
) -> None:
    """Queue one letter of a team for each address. `url` is the page where more of it stands."""
    for address in sorted(to):
        reader = people.find(tx, address)
        language = reader.language if reader else team.language
        letter = portal_mail(kind, team=team, language=language, facts=facts, url=url)
        queue_at_once(tx, team, letter, to=address, now=now)


@dataclass(frozen=True, slots=True)
class OwnMail:
    """Mails to a person about his account, from the house; none where sign-in mails have no way out."""

    house: Team
    url: str

    def tell(
        self, tx: Tx, kind: PortalMail, person: Person, *, facts: Mapping[str, str], now: datetime
    ) -> None:
        """Queue one."""
        page = f"{self.url}/{'sign-in' if kind == 'factors_reset' else 'account'}"
        tell(tx, kind, self.house, to=(person.email,), facts=facts, url=page, now=now)
