"""Which documents two rules can share: whether one covers the other, and whether both can hit one.

Answers err on the side of "could be": conditions on names and senders are never taken as disjoint.
"""

from __future__ import annotations

from decimal import Decimal

from maild.model.document import Kind
from maild.model.team import Conditions

_LOWEST = Decimal("-Infinity")
_HIGHEST = Decimal("Infinity")


def kinds_of(asked: Conditions) -> frozenset[Kind]:
    """The kinds that can pass these conditions at all."""
    kinds = asked.kinds or frozenset(Kind)
    if asked.direction is None:
        return kinds
    # A kind without a direction of its own, such as a contract, may be filed under either.
    return frozenset(one for one in kinds if one.direction in (asked.direction, None))


def covers(wide: Conditions, narrow: Conditions, kind: Kind) -> bool:
    """Whether every document of `kind` that passes `narrow` passes `wide` too."""
    if kind not in kinds_of(wide):
        return False
    return (
        (wide.direction is None or kind.direction is not None or wide.direction == narrow.direction)
        and _within(narrow.counterparty, wide.counterparty)
        and _within(narrow.currency, wide.currency)
        and _within(narrow.language, wide.language)
        and _within(narrow.sender, wide.sender)
        and _within(narrow.tags, wide.tags)
        and _inside(_totals(narrow), _totals(wide))
        and _inside(_ages(narrow), _ages(wide))
    )


def meet(one: Conditions, other: Conditions) -> frozenset[Kind]:
    """The kinds of which one document could pass both."""
    apart = (
        _apart(one.currency, other.currency)
        or _apart(one.language, other.language)
        or _beside(_totals(one), _totals(other))
        or _beside(_ages(one), _ages(other))
        or (one.direction and other.direction and one.direction != other.direction)
    )
    return frozenset() if apart else kinds_of(one) & kinds_of(other)


def is_plain(asked: Conditions, kind: Kind) -> bool:
    """Whether every document of `kind` passes."""
    return covers(asked, Conditions(), kind)


_Range = tuple[Decimal | int, Decimal | int] | None


def _totals(asked: Conditions) -> _Range:
    low, high = asked.total_from, asked.total_to
    if low is None and high is None:
        return None
    return (_LOWEST if low is None else low, _HIGHEST if high is None else high)


def _ages(asked: Conditions) -> _Range:
    low, high = asked.min_age_days, asked.max_age_days
    if low is None and high is None:
        return None
    return (_LOWEST if low is None else low, _HIGHEST if high is None else high)


def _within(
    narrow: frozenset[str] | tuple[str, ...], wide: frozenset[str] | tuple[str, ...]
) -> bool:
    return not wide or (bool(narrow) and set(narrow) <= set(wide))


def _apart(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    return bool(one) and bool(other) and not set(one) & set(other)


def _inside(narrow: _Range, wide: _Range) -> bool:
    if wide is None:
        return True
    # A document without a total or a date misses every range, so no range covers all documents.
    return narrow is not None and wide[0] <= narrow[0] and narrow[1] <= wide[1]


def _beside(one: _Range, other: _Range) -> bool:
    return one is not None and other is not None and (one[1] < other[0] or other[1] < one[0])
