"""What a refusal of Exact Online means for a delivery: never, later, or a person has to act. Pure.

Source: exact_online.md A2, errors. The decisive one: a 500 with words is a refusal by their rules
and stays one, and a 500 without is trouble that passes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from maild.connectors.exact_answers import words
from maild.connectors.exact_quota import HOUR
from maild.errors import DeliveryError, Doubtful, Refused, RoadClosed, Unavailable

# A2: the header Reason of a 403. These concern the user or the customer, whatever division.
_EVERYWHERE: Final = {
    "BlockedUser": "the user {user} is blocked there; unblock him in Exact Online, or give the consent"
    " of another user with `{command}`",
    "InactiveUser": "the user {user} is not active there; activate him in Exact Online, or give the"
    " consent of another user with `{command}`",
    "BlockedCustomer": "the customer is blocked there; ask Exact Online why",
    "LicenseExpired": "the licence has expired; renew it at Exact Online",
}
_IN_DIVISION: Final = {
    "DivisionBlocked": "division {division} is blocked there; unblock it in Exact Online, or ask why",
    "NoDivisionAccess": "the user {user} may not open division {division}; give him the rights in Exact"
    " Online, or correct the division",
}
# A block after too many errors looks the same, but for words that nobody has published.
_NO_RIGHT: Final = (
    "it refuses {page} in division {division} ({said}); give the user {user} the rights in Exact"
    " Online, unless that says that it is blocked for some time only"
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked: by whom, and where. `writes` when the other side may have acted."""

    division: str
    page: str
    user: str
    command: str
    writes: bool = False

    @property
    def place(self) -> str:
        """Where it was asked, for people."""
        return f"Exact Online ({self.page})"


def fault_of(asked: Asked, status: int, *, content: bytes, reason: str) -> DeliveryError:
    """The fault that an answer is; `reason` is its header Reason. Not for 401 and 429."""
    said = words(content)
    if status == 403:
        return _forbidden(asked, reason, said=said)
    if status in {400, 404, 405, 413, 415} or (status == 500 and said is not None):
        why = said or f"status {status}"
        return Refused(
            f"Exact Online refused {asked.page}: {why}; put that right there, then try again"
        )
    return unclear(asked, f"answers {status}")


def unclear(asked: Asked, said: str) -> DeliveryError:
    """An answer that says neither yes nor no; what was written may be there."""
    if asked.writes:
        return Doubtful(f"{asked.place} {said}")
    return Unavailable(f"{asked.place} {said}")


def _forbidden(asked: Asked, reason: str, *, said: str | None) -> DeliveryError:
    known = {"user": asked.user, "division": asked.division, "command": asked.command}
    if reason in _EVERYWHERE:
        words = f"Exact Online: {_EVERYWHERE[reason].format(**known)} ({reason})"
        return Unavailable(words, cause="login")  # only a person ends it: the alarm rings at once
    if reason in _IN_DIVISION:
        what = f"{_IN_DIVISION[reason].format(**known)} ({reason})"
    else:
        what = _NO_RIGHT.format(page=asked.page, said=said or reason or "no reason given", **known)
    return RoadClosed(f"Exact Online: {what}", retry_after=HOUR)
