"""The conditions of a rule: one function each, which says hit or miss and why.

They look at values only. A condition that a rule does not ask gives None. To add one: a function
here, a field in `maild.model.team.Conditions`, a key in `schema.py`, a row in docs/rules.md.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from maild.model.document import Document
from maild.model.party import company_key
from maild.model.said import Said, all_of
from maild.model.team import Conditions


@dataclass(frozen=True, slots=True)
class Facts:
    """What conditions look at; `age_days` is None where the document has no date."""

    document: Document
    age_days: int | None


Answer = tuple[bool, str]
Condition = Callable[[Conditions, Facts], Answer | None]


def kind(asked: Conditions, facts: Facts) -> Answer | None:
    """The document is of one of these kinds."""
    return _one_of("kind", facts.document.kind, sorted(asked.kinds))


def direction(asked: Conditions, facts: Facts) -> Answer | None:
    """The team sells, or the team buys."""
    if asked.direction is None:
        return None
    document = facts.document
    return _one_of("direction", document.direction or document.kind.direction, (asked.direction,))


def counterparty(asked: Conditions, facts: Facts) -> Answer | None:
    """The other side has one of these names or VAT numbers; `*` stands for anything."""
    if not asked.counterparty:
        return None
    name, vat = facts.document.counterparty.name, facts.document.counterparty.vat
    said = " ".join(filter(None, (name, vat))) or "unknown"
    for pattern in asked.counterparty:
        if matches(pattern, name) or _matches_vat(pattern, vat):
            return True, Said("party_is", f"counterparty is {said}", name=said)
    listed = [*asked.counterparty]
    english = f"counterparty is {said}, not {_listed(listed)}"
    if not (name or vat):
        return False, Said("party_unknown", english, names=listed)
    return False, Said("party_is_not", english, name=said, names=listed)


def total(asked: Conditions, facts: Facts) -> Answer | None:
    """The total lies in this range, both ends included, in whatever currency the document has."""
    low, high = asked.total_from, asked.total_to
    if low is None and high is None:
        return None
    amount = facts.document.total
    if amount is None:
        return False, Said("no_total", "no total is known")
    shown = str(amount)
    if low is not None and amount.value < low:
        least = _plain(low)
        return False, Said(
            "total_below", f"total {shown} is below {least}", least=least, amount=shown
        )
    if high is not None and amount.value > high:
        most = _plain(high)
        return False, Said("total_above", f"total {shown} is above {most}", most=most, amount=shown)
    return True, Said("total_is", f"total is {shown}", amount=shown)


def currency(asked: Conditions, facts: Facts) -> Answer | None:
    """The total is in one of these currencies."""
    amount = facts.document.total
    return _one_of("currency", amount.currency if amount else None, asked.currency)


def language(asked: Conditions, facts: Facts) -> Answer | None:
    """The document is in one of these languages, where it says so."""
    return _one_of("language", facts.document.language, asked.language)


def sender(asked: Conditions, facts: Facts) -> Answer | None:
    """It was handed in by one of these addresses; `*@example.com` is a whole domain."""
    if not asked.sender:
        return None
    address = facts.document.sender
    if any(matches(pattern, address) for pattern in asked.sender):
        return True, Said("sender_is", f"sender is {address}", address=address)
    listed, said = [*asked.sender], address or "unknown"
    english = f"sender is {said}, not {_listed(listed)}"
    return False, Said("sender_is_not", english, found=said, names=listed)


def tag(asked: Conditions, facts: Facts) -> Answer | None:
    """It came in with one of these tags in the team's address."""
    if not asked.tags:
        return None
    had = facts.document.tags
    if both := asked.tags & had:
        listed = sorted(both)
        return True, Said("tag_is", f"tag is {_listed(listed, last='and')}", tags=listed)
    wanted, listed = sorted(asked.tags), sorted(had)
    english = f"tag is {_listed(listed) or 'absent'}, not {_listed(wanted)}"
    if not listed:
        return False, Said("no_tag", english, tags=wanted)
    return False, Said("tag_is_not", english, had=listed, tags=wanted)


def age(asked: Conditions, facts: Facts) -> Answer | None:
    """Its issue date lies so many days before the day on which it came in."""
    low, high = asked.min_age_days, asked.max_age_days
    if low is None and high is None:
        return None
    days = facts.age_days
    if days is None:
        return False, Said("no_date", "no issue date is known")
    old = f"it is {_days(days)} old"
    if low is not None and days < low:
        return False, Said("too_young", f"{old}, less than {low}", count=days, least=low)
    if high is not None and days > high:
        return False, Said("too_old", f"{old}, more than {high}", count=days, most=high)
    return True, Said("days_old", old, count=days)


# In the order in which reasons are told.
CONDITIONS: Final[tuple[Condition, ...]] = (
    kind,
    direction,
    counterparty,
    total,
    currency,
    language,
    sender,
    tag,
    age,
)


def look(asked: Conditions, facts: Facts) -> Answer:
    """Ask everything that `asked` asks: a hit with every reason, or a miss with each that failed."""
    answers = [found for condition in CONDITIONS if (found := condition(asked, facts)) is not None]
    if not answers:
        return True, Said("asks_nothing", "it asks nothing, so it hits every document")
    missed = [reason for hit, reason in answers if not hit]
    return not missed, all_of(missed or [reason for _, reason in answers])


def matches(pattern: str, text: str | None) -> bool:
    """Whether `text` is `pattern`, upper and lower case being one; each `*` stands for anything.

    Linear in both: each piece is looked for once, after the one before it.
    """
    if text is None:
        return False
    first, *pieces = _folded(pattern).split("*")
    rest = _folded(text)
    if not pieces:
        return rest == first
    *middle, last = pieces
    if not rest.startswith(first):
        return False
    place = len(first)
    for piece in middle:
        place = rest.find(piece, place)
        if place < 0:
            return False
        place += len(piece)
    return len(rest) - len(last) >= place and rest.endswith(last)


def _matches_vat(pattern: str, vat: str | None) -> bool:
    if not vat:
        return False
    if "*" not in pattern:
        return company_key(pattern) == company_key(vat)
    return matches(re.sub(r"[^0-9A-Za-z*]", "", pattern), company_key(vat))


def _one_of(name: str, found: str | None, asked: Iterable[str]) -> Answer | None:
    asked = tuple(asked)
    if not asked:
        return None
    if found in asked:
        return True, Said("one_of", f"{name} is {found}", what=name, found=found)
    english = f"{name} is {found or 'unknown'}, not {_listed(asked)}"
    return False, Said("none_of", english, what=name, found=found or "unknown", asked=[*asked])


def _folded(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _listed(words: Iterable[str], *, last: str = "or") -> str:
    *some, end = [*words] or [""]
    return f"{', '.join(some)} {last} {end}" if some else end


def _plain(value: Decimal) -> str:
    return f"{value:f}"


def _days(days: int) -> str:
    return f"{days} day" if days == 1 else f"{days} days"
