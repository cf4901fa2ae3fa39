"""The DMARC policy of a domain, and whether two domains are of one organisation: RFC 9989 section 4.10.

The walk goes up the name, label by label; there is no list of public suffixes any more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from maild.doctor.dns import Names, NoSuchName
from maild.doctor.records import Dmarc, Policy, read_dmarc

MOST_LABELS: Final = 8  # section 4.10: a longer name is cut to seven labels at once


@dataclass(frozen=True, slots=True)
class Ruling:
    """The policy that receivers apply to a domain, and how alignment is judged."""

    policy: Policy
    strict_spf: bool


async def ruling(domain: str, names: Names) -> Ruling | None:
    """The policy for a domain: its own, else its organisation's. Raises NoAnswer, Wrong."""
    own = await _record(domain, names)
    if own is not None:
        return Ruling(own.policy, own.strict_spf)
    _, above = await _highest(domain, names)
    return Ruling(above.sub_policy, above.strict_spf) if above else None


async def of_one_organisation(one: str, other: str, names: Names) -> bool:
    """Whether two domains are aligned where alignment is relaxed. Raises NoAnswer, Wrong."""
    if one == other:
        return True
    return await _organisation(one, names) == await _organisation(other, names)


async def _organisation(domain: str, names: Names) -> str:
    place, _ = await _highest(domain, names)
    return place


async def _highest(domain: str, names: Names) -> tuple[str, Dmarc | None]:
    """The organisation above (or at) a domain, and its record; the domain itself where none is."""
    found: tuple[str, Dmarc | None] = (domain, None)
    below = domain
    for place in _walk(domain):
        record = await _record(place, names)
        if record is not None and record.boundary == "y" and place != domain:
            # A registry's own record: the organisation is one label below.
            return found if found[1] else (below, record)
        if record is not None:
            found = (place, record)
            if record.boundary == "n":
                return found
        below = place
    return found


def _walk(domain: str) -> list[str]:
    labels = domain.split(".")
    rest = labels[-(MOST_LABELS - 1) :] if len(labels) > MOST_LABELS else labels[1:]
    return [domain, *(".".join(rest[n:]) for n in range(len(rest)))]


async def _record(domain: str, names: Names) -> Dmarc | None:
    try:
        return read_dmarc(await names.texts(f"_dmarc.{domain}"))
    except NoSuchName:
        return None
