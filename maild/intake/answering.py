"""Tell a sender what became of his mail: once, in his language, and never in a circle (RFC 3834).

Programs, lists and addresses that nobody reads get no answer, nor does anybody whose name stands on
a mail that his own server does not vouch for. Everything here is a function of the transaction that
files or refuses the mail, so an answer is there exactly when that is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parseaddr
from typing import Final

from maild.errors import DocumentError, Unwanted
from maild.intake.filing import Acceptance, Filed
from maild.intake.notices import queue_letter
from maild.intake.senders import MAILBOX, Guest, Standing, is_copier
from maild.model.delivery import HoldCode, State
from maild.model.team import Answers, Team
from maild.render.answer import Fate, Told, answer
from maild.render.fields import LANGUAGES
from maild.render.problems import problem_in
from maild.store import senders
from maild.store.database import Tx

# In a day: people who send a pile one by one, and somebody whom nobody knows.
MOST: Final = 20
MOST_TO_STRANGERS: Final = 3
DAY: Final = timedelta(days=1)
KEPT_FOR: Final = timedelta(days=30)
_MOST_REASONS: Final = 10

_MESSAGE_ID: Final = re.compile(r"<[\x21-\x3b\x3d\x3f-\x7e]{3,250}>")
_LOOKED_AT: Final = frozenset(
    {HoldCode.REVIEW, HoldCode.UNKNOWN_SENDER, HoldCode.UNTRUSTED, HoldCode.UNOPENED}
)


@dataclass(frozen=True, slots=True)
class Asker:
    """Who is to be told, and about which mail."""

    team: Team
    address: str
    language: str
    message_id: str | None
    stranger: bool


def asker(team: Team, guest: Guest, *, door: str) -> Asker | None:
    """Who is to be told what becomes of this mail, or None."""
    if team.answers is Answers.NONE or (team.answers is Answers.PEOPLE and door != MAILBOX):
        return None
    origin = guest.origin
    if origin.sender is None or origin.silent or guest.standing is Standing.UNPROVEN:
        return None
    address = origin.sender
    if address.lower() in _own_and_machines(team) or is_copier(team, address):
        return None
    found = _MESSAGE_ID.fullmatch(origin.message_id or "")
    return Asker(
        team=team,
        address=address,
        language=_language(team, address, origin.language),
        message_id=found[0] if found else None,
        stranger=guest.standing in {Standing.UNKNOWN, Standing.MASS},
    )


def tell_taken(
    tx: Tx, whom: Asker | None, acceptance: Acceptance, *, waits: bool, now: datetime
) -> None:
    """Tell what became of the documents of a mail; `waits`: nobody knows its sender yet."""
    if whom is None or not acceptance.filed:
        return
    told = [Told(Fate.WAITING) if waits else _told(one) for one in acceptance.filed]
    _queue(tx, whom, told[:1] if waits else told, about=acceptance.arrival.original, now=now)


def tell_refused(
    tx: Tx, whom: Asker | None, fault: DocumentError, *, about: str | None, now: datetime
) -> None:
    """Tell why nothing of a mail was taken; `about` is the sha256 of the mail, if it is known."""
    if whom is None or isinstance(fault, Unwanted):
        return
    locked = any(one.code.startswith("encrypted") for one in fault.problems)
    told = [Told(Fate.ENCRYPTED if locked else Fate.REFUSED)]
    why = [problem_in(one, whom.language) for one in fault.problems[:_MOST_REASONS]]
    _queue(tx, whom, told, about=about or "", why=why, now=now)


def forget(tx: Tx, _period: str, now: datetime) -> None:
    """A job of the clock: drop what was noted about answers a month ago."""
    senders.forget_answers(tx, before=now - KEPT_FOR)


def _told(filed: Filed) -> Told:
    document = filed.document
    codes = {one.hold_code for one in filed.deliveries if one.state is State.HELD}
    if filed.repeated:
        fate = Fate.DUPLICATE
    elif HoldCode.ENCRYPTED in codes:
        fate = Fate.ENCRYPTED
    else:
        fate = Fate.WAITING if codes & _LOOKED_AT else Fate.TAKEN
    return Told(fate, document.kind, document.number, document.accepted_at.date())


def _queue(
    tx: Tx,
    whom: Asker,
    told: Sequence[Told],
    *,
    about: str,
    now: datetime,
    why: Sequence[str] = (),
) -> None:
    slug = whom.team.slug
    most = MOST_TO_STRANGERS if whom.stranger else MOST
    if senders.answers_since(tx, slug, whom.address, since=now - DAY) >= most:
        return
    if not senders.answered(tx, slug, whom.address, about=whom.message_id or about, now=now):
        return
    words = answer(
        told, team=whom.team, language=whom.language, why=why, in_reply_to=whom.message_id
    )
    queue_letter(tx, whom.team, words, to=whom.address, now=now)


def _language(team: Team, address: str, said: str | None) -> str:
    """The sender's language: the one set for him, else what his mail program says, else the team's."""
    for one in team.recipients:
        if one.language and one.address.lower() == address.lower():
            return one.language
    return said if said in LANGUAGES else team.language


def _own_and_machines(team: Team) -> set[str]:
    """Addresses at which no person would read an answer, or maild would read it itself."""
    machines = [one.address for one in team.recipients if one.profile.machine]
    own = [*team.addresses, parseaddr(team.sender)[1]]
    return {one.lower() for one in (*machines, *own)}
