"""Every page with its address and who may ask for it; a page that says nothing about that does not exist.

`who` is looked at before the page is called. What of a team somebody sees is decided again by the
scope that every question is asked with. Source: portal_security.md section 3 (a).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from starlette.responses import Response

from maild.web.visit import Visit


class Who(StrEnum):
    """Who may ask for a page. Others are sent to sign in, or told that there is no such page."""

    ANYONE = "anyone"
    PERSON = "person"  # signed in
    PARTNER = "partner"  # of an accountant's office
    OWNER = "owner"  # of a team's own people
    OPERATOR = "operator"


Handler = Callable[[Visit], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Page:
    """One address and what answers there.

    `files` is how many may be sent to it, `largest` how many octets in all (as at the SMTP door when not
    given); `half`: also while a second factor is still to be given.
    """

    method: str
    path: str
    who: Who
    handler: Handler
    files: int = 0
    half: bool = False
    largest: int | None = None


def allowed(who: Who, visit: Visit) -> bool:
    """Whether this visitor may ask for a page of that kind."""
    scope = visit.scope
    match who:
        case Who.ANYONE:
            return True
        case Who.PERSON:
            return visit.visitor is not None
        case Who.PARTNER:
            return scope.partner is not None
        case Who.OWNER:
            return bool(scope.owns)
        case Who.OPERATOR:
            return scope.operator


HOME: Final = "/"
SIGN_IN: Final = "/sign-in"
SECOND: Final = "/second-factor"
