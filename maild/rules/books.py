"""One document comes into one set of books by one road, or it is booked twice.

Of the roads that lead into the same books the first in the team's list of recipients is taken that can
take the document. The others are kept with their reason, so that everybody sees why nothing left there.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace

from maild.model.delivery import Delivery, HoldCode, Planned, State, Trace
from maild.model.said import Said
from maild.model.team import Recipient, Team


def books_of(recipient: Recipient) -> str | None:
    """The set of books behind a recipient: its own name, "" for the team's, None for people."""
    if recipient.books is not None:
        return recipient.books
    return "" if recipient.profile.books else None


def one_road(
    team: Team, planned: Iterable[Planned], *, named: Collection[str] = ()
) -> tuple[Planned, ...]:
    """The same roads, all but one into each set of books marked as passed over.

    `planned` stand in the order of the team's recipients. Those in `named` a person asked for: they
    all stay, and nothing else goes into their books.
    """
    roads = [replace(one, instead=None) for one in planned]
    taken: dict[str, str] = {}  # by books: the recipient whose road is taken
    for one in sorted(roads, key=lambda road: _rank(road, named)):
        books = _books(team, one.recipient)
        if books is not None:
            taken.setdefault(books, one.recipient)
    return tuple(_marked(team, one, taken, named=named) for one in roads)


def traces(team: Team, planned: Iterable[Planned]) -> list[Trace]:
    """What is said of the roads that were passed over."""
    return [
        Trace(
            _rule(_books(team, one.recipient)),
            hit=False,
            reason=_reason(one.recipient, one.instead),
        )
        for one in planned
        if one.instead is not None
    ]


def passed_over(road: Planned) -> str | None:
    """Why nothing leaves on a road that was passed over; None for one that is taken."""
    return None if road.instead is None else _reason(road.recipient, road.instead)


def same_books(team: Team, name: str, others: Iterable[str | None]) -> bool:
    """Whether one of these recipients leads into the books of the one of that name."""
    books = _books(team, name)
    return books is not None and any(
        other != name and _books(team, other) == books for other in others
    )


def other_road(team: Team, failed: Delivery, of_it: Iterable[Delivery]) -> str | None:
    """The recipient by whom the document still comes into the books, when one road has failed.

    `of_it` are all deliveries of the document. None when no road was passed over for this one.
    """
    books = _books(team, failed.recipient)
    if books is None:
        return None
    for one in of_it:
        over = one.state is State.CANCELLED and one.hold_code is HoldCode.SAME_BOOKS
        if over and one.recipient != failed.recipient and _books(team, one.recipient) == books:
            return one.recipient
    return None


def _rank(road: Planned, named: Collection[str]) -> tuple[bool, bool]:
    """Lower is taken before: what a person named, then what its inbox can take."""
    return road.recipient not in named, road.hold_code is HoldCode.PROFILE


def _marked(team: Team, road: Planned, taken: dict[str, str], *, named: Collection[str]) -> Planned:
    books = _books(team, road.recipient)
    if books is None or taken[books] == road.recipient or road.recipient in named:
        return road
    return replace(road, instead=taken[books])


def _books(team: Team, name: str | None) -> str | None:
    recipient = None if name is None else team.recipient(name)
    return None if recipient is None else books_of(recipient)


def _rule(books: str | None) -> str:
    return f'books "{books}"' if books else "books"


def _reason(name: str, instead: str | None) -> str:
    english = f"not sent to {name}: {instead} brings it into the same books already"
    return Said("other_road", english, recipient=name, other=instead or "")
