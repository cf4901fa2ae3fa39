"""The rule book: every team with its rules, as one snapshot that is swapped whole.

It answers who an address belongs to. It reads no files and decides nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from types import MappingProxyType
from typing import Final

from maild.errors import UnknownTeam, did_you_mean
from maild.model.document import Kind
from maild.model.team import Team

# What may stand after the "+" of a team's address, for documents that do not say what they are.
TAGS: Final[Mapping[str, Kind]] = MappingProxyType(
    {
        "invoice": Kind.INVOICE,
        "credit": Kind.CREDIT_NOTE,
        "quote": Kind.QUOTE,
        "purchase": Kind.PURCHASE_INVOICE,
        "purchase-credit": Kind.PURCHASE_CREDIT_NOTE,
        "other": Kind.OTHER,
    }
)

# RFC 5321 section 4.5.3.1.2. Python's "idna" codec takes quadratic time on long names.
LONGEST_DOMAIN: Final = 255


class UnknownTag(UnknownTeam):
    """The address is a team's, but what stands after its "+" means nothing."""


class RuleBook:
    """Every team, found by its name or by an address."""

    def __init__(self, teams: Iterable[Team]) -> None:
        self._teams = {team.slug: team for team in teams}
        self._by_address = {
            address_key(address): team
            for team in self._teams.values()
            for address in team.addresses
        }

    @property
    def teams(self) -> tuple[Team, ...]:
        """Every team, in the order of the configuration."""
        return tuple(self._teams.values())

    def team(self, slug: str) -> Team:
        """The team of that name. Raises UnknownTeam."""
        try:
            return self._teams[slug]
        except KeyError:
            hint = did_you_mean(slug, self._teams)
            raise UnknownTeam(f'there is no team "{slug}"{hint}') from None

    def find(self, address: str) -> tuple[Team, str | None] | None:
        """The team that owns an address, and the address's tag if it has one; None: nobody's.

        Upper and lower case are one. Raises UnknownTag for a tag that is none of `TAGS`.
        """
        local, at, domain = address.strip().rpartition("@")
        if not at:
            return None
        base, plus, tag = local.partition("+")
        team = self._by_address.get(address_key(f"{base}@{domain}"))
        if team is None:
            return None
        return team, _known_tag(tag) if plus else None

    def replace(self, teams: Iterable[Team], broken: Collection[str] = ()) -> RuleBook:
        """A new book with these teams; those named in `broken` keep what they had until now."""
        fresh = {team.slug: team for team in teams}
        kept = [team for slug, team in self._teams.items() if slug in broken and slug not in fresh]
        return RuleBook([*fresh.values(), *kept])


def address_key(address: str) -> str:
    """An address as it is compared: case folded, the domain in its ASCII form."""
    local, _, domain = address.strip().rpartition("@")
    domain = domain.rstrip(".").casefold()
    if not domain.isascii() and len(domain) <= LONGEST_DOMAIN:
        with suppress(UnicodeError):  # a name that DNS cannot know is compared as it is written
            domain = domain.encode("idna").decode("ascii")
    return f"{local.casefold()}@{domain}"


def _known_tag(tag: str) -> str:
    lowered = tag.casefold()
    if lowered in TAGS:
        return lowered
    names = ", ".join(f"+{name}" for name in TAGS)
    raise UnknownTag(
        f'the tag "+{tag}" means nothing here; tags are {names}{did_you_mean(tag, TAGS)}'
    )
