"""What one person may do now, from the rows and the rule book of this moment.

The one function of authorisation: pages ask it at each visit and hand its answer to every question,
so a link that has ended shows nothing from the next visit on. Source: portal_security.md section 3.
"""

from __future__ import annotations

from collections.abc import Collection

from maild.model.access import Link, LinkState, Person, Scope
from maild.rules.book import RuleBook, address_key
from maild.store import links, people
from maild.store.database import Tx


def scope_of(tx: Tx, person: Person, *, book: RuleBook, operators: Collection[str]) -> Scope:
    """What a person may do. Links of teams that left the configuration give nothing."""
    known = {team.slug for team in book.teams}
    active: tuple[Link, ...] = ()
    if person.partner is not None:
        active = links.of_partner(tx, person.partner, states=(LinkState.ACTIVE,))
    return Scope(
        person=person.id,
        email=person.email,
        partner=person.partner,
        links={one.team: one.rights for one in active if one.team in known},
        owns=owned_by(person.email, book),
        operator=is_among(person.email, operators),
    )


def owned_by(email: str, book: RuleBook) -> frozenset[str]:
    """The teams whose own people an address is of."""
    return frozenset(team.slug for team in book.teams if is_among(email, team.people))


def is_among(email: str, addresses: Collection[str]) -> bool:
    """Whether an address is one of these, however it is written."""
    return address_key(email) in {address_key(one) for one in addresses}


def is_known(tx: Tx, email: str, *, book: RuleBook, operators: Collection[str]) -> bool:
    """Whether anybody of this address may sign in at all."""
    return (
        is_among(email, operators)
        or bool(owned_by(email, book))
        or people.find(tx, email) is not None
        or links.is_invited(tx, email)
    )
