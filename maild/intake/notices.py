"""Tell a team what it must know: a notice is a delivery without a document.

What the notice says is the letter's business; when there is something to tell, its caller's.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from email.utils import parseaddr
from functools import lru_cache
from typing import Any, Final

from maild.model.delivery import Delivery, HoldCode, Letter, Purpose, State
from maild.model.ids import new_id
from maild.model.said import Said
from maild.model.team import Mode, Team
from maild.render.notice import notice
from maild.store import deliveries, marks
from maild.store.database import Tx

NOTICE_PROFILE: Final = "mailbox"
SHADOW_REASON: Final = "the team is in shadow mode: nothing leaves before `maild golive`"


def tell(
    tx: Tx, team: Team, *, kind: str, facts: Mapping[str, Any], now: datetime
) -> tuple[Delivery, ...]:
    """Queue one notice for each person that the team names; none when it names nobody.

    In shadow mode they are held like everything else.
    """
    if not team.told:
        return ()
    letter = notice(kind, language=team.language, team=team, facts=facts)
    queued = (queue_letter(tx, team, letter, to=address, now=now) for address in team.told)
    return tuple(one for one in queued if one is not None)


def queue_letter(tx: Tx, team: Team, letter: Letter, *, to: str, now: datetime) -> Delivery | None:
    """Queue a letter without a document; None when the team has no way to send one.

    In shadow mode it is held.
    """
    return _queued(tx, team, letter, to=to, now=now, shadow=in_shadow(tx, team))


def queue_at_once(tx: Tx, team: Team, letter: Letter, *, to: str, now: datetime) -> Delivery | None:
    """The same for a letter that somebody caused by what he did on the pages, such as an invitation.

    Shadow mode is about documents, and holds none of these: who invites somebody means it.
    """
    return _queued(tx, team, letter, to=to, now=now, shadow=False)


def _queued(
    tx: Tx, team: Team, letter: Letter, *, to: str, now: datetime, shadow: bool
) -> Delivery | None:
    mails = (one.via for one in team.recipients if not one.profile.relay)
    via = team.notices_via or team.via or next(mails, None)
    if via is None:
        return None
    id_ = new_id("v")
    one = Delivery(
        id=id_,
        team=team.slug,
        purpose=Purpose.NOTICE,
        document=None,
        recipient=None,
        address=to,
        via=via,
        profile=NOTICE_PROFILE,
        attach=(),
        state=State.HELD if shadow else State.QUEUED,
        not_before=now,
        created_at=now,
        message_id=message_id(id_, team),
        reason=SHADOW_REASON if shadow else None,
        hold_code=HoldCode.SHADOW if shadow else None,
        letter=letter,
    )
    deliveries.add(tx, one)
    return one


def in_shadow(tx: Tx, team: Team) -> bool:
    """Whether the team's deliveries wait: shadow mode, and `maild golive` was not said yet."""
    return team.mode is Mode.SHADOW and marks.get(tx, f"golive:{team.slug}") is None


def said_of_shadow(team: str) -> Said:
    """What is told of a team, by its name, whose deliveries wait for `maild golive`."""
    english = f"{team} is in shadow mode: nothing leaves before maild golive"
    return Said("in_shadow", english, team=team)


def message_id(delivery: str, team: Team) -> str:
    """The Message-ID of all attempts of a delivery, under the domain of the team's From."""
    return f"<{delivery}@{_domain(team.sender)}>"


@lru_cache(maxsize=1_000)
def _domain(sender: str) -> str:
    return parseaddr(sender)[1].rpartition("@")[2] or "localhost"
