"""The plan of faults: which calls go wrong, in which way, how often.

A call is named by its verb and its place without division and key, such as
"POST salesentry/SalesEntries", "POST oauth2/token" or "GET current/Me"; a plan matches it by a
pattern with * and ?.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Final


class Fault(StrEnum):
    """A way to go wrong."""

    CUT_BEFORE = "cut_before"  # the line breaks, nothing was done
    CUT_AFTER = "cut_after"  # the line breaks after it was done: the trap of the double booking
    HALF_ANSWER = "half_answer"  # done; half of the answer arrives
    SLOW = "slow"  # done; the first octet takes `seconds`
    TRUNCATED = "truncated"  # done; the JSON ends in the middle, the length fits
    WRONG_TYPE = "wrong_type"  # done; the answer comes as Atom XML
    HTML_500 = "html_500"  # nothing done
    HTML_200 = "html_200"  # nothing done: the page of a maintenance
    SERVICE_503 = "service_503"  # nothing done
    TIMEOUT_408 = "timeout_408"  # nothing done
    UNAUTHORIZED = "unauthorized"  # the access token is no longer known
    MINUTE_LIMIT = "minute_limit"  # somebody else used up the minute: 429
    DAY_LIMIT = "day_limit"  # somebody else used up the day: 429
    KEY_BLOCKED = "key_blocked"  # the key is blocked for an hour
    DIVISION_REFUSED = "division_refused"  # 403 with `Reason: NoDivisionAccess`
    TOO_EARLY = "too_early"  # a refresh is refused as one that comes too early
    OLD_TOKEN = "old_token"  # a refresh is refused: another one was faster  # noqa: S105 - a word


# Faults in which the service did what it was asked, unless the plan says otherwise.
_DONE: Final = frozenset(
    {Fault.CUT_AFTER, Fault.HALF_ANSWER, Fault.SLOW, Fault.TRUNCATED, Fault.WRONG_TYPE}
)


@dataclass(slots=True)
class Planned:
    """One line of the plan; `skip` calls that match pass first."""

    pattern: str
    fault: Fault
    left: int
    skip: int
    done: bool
    seconds: float


class Plan:
    """What goes wrong next."""

    def __init__(self) -> None:
        self.lines: list[Planned] = []
        self.struck: list[tuple[str, Fault]] = []

    def plan(
        self,
        pattern: str,
        fault: Fault | str,
        *,
        times: int = 1,
        skip: int = 0,
        done: bool | None = None,
        seconds: float = 0.2,
    ) -> None:
        """The next `times` calls that fit, after `skip` that pass, go wrong.

        `done` tells whether the service does what it was asked, where that is not in the fault
        itself: a page of HTML may come before and after.
        """
        kind = Fault(fault)
        is_done = kind in _DONE if done is None else done
        self.lines.append(Planned(pattern, kind, times, skip, is_done, seconds))

    def clear(self) -> None:
        """Nothing goes wrong any more."""
        self.lines.clear()

    def strike(self, call: str) -> Planned | None:
        """The line that hits this call, which is counted."""
        for line in self.lines:
            if line.left <= 0 or not fnmatchcase(call, line.pattern):
                continue
            if line.skip:
                line.skip -= 1
                continue
            line.left -= 1
            self.struck.append((call, line.fault))
            return line
        return None
