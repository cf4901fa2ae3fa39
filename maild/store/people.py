"""People who sign in, and their offices."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row, insert, select, update

from maild.errors import NotFound
from maild.model.access import Partner, Person
from maild.model.ids import new_id
from maild.store.database import Tx
from maild.store.schema import partners, people
from maild.store.statements import insert_if_absent


def find(tx: Tx, email: str) -> Person | None:
    """The person of an address, in whatever case it is written."""
    row = tx.execute(select(people).where(people.c.email == email.lower())).first()
    return None if row is None else _person(row)


def get(tx: Tx, id_: str) -> Person:
    """A person by id. Raises NotFound."""
    row = tx.execute(select(people).where(people.c.id == id_)).first()
    if row is None:
        raise NotFound(f"there is no person {id_}")
    return _person(row)


def find_or_add(tx: Tx, email: str, *, language: str, now: datetime) -> Person:
    """The person of an address, who signs in for the first time perhaps."""
    one = Person(new_id("p"), email.lower(), language, None, now)
    row = {
        "id": one.id,
        "email": one.email,
        "language": language,
        "partner": None,
        "created_at": now,
    }
    if insert_if_absent(tx, people, row=row, unique=["email"]):
        return one
    found = find(tx, email)
    if found is None:
        raise NotFound(f"there is no person {email}")
    return found


def everybody(tx: Tx) -> tuple[Person, ...]:
    """Everybody who ever signed in or asked to, by address."""
    return tuple(_person(row) for row in tx.execute(select(people).order_by(people.c.email)))


def speak(tx: Tx, person: Person, *, language: str) -> Person:
    """Keep the language in which somebody reads the pages."""
    tx.execute(update(people).where(people.c.id == person.id).values(language=language))
    return replace(person, language=language)


def add_partner(tx: Tx, name: str, *, now: datetime) -> Partner:
    """A new office."""
    one = Partner(new_id("k"), name, now)
    tx.execute(insert(partners).values(id=one.id, name=name, created_at=now))
    return one


def join(tx: Tx, person: Person, partner: Partner) -> Person:
    """Let a person act for an office."""
    tx.execute(update(people).where(people.c.id == person.id).values(partner=partner.id))
    return replace(person, partner=partner.id)


def partner(tx: Tx, id_: str) -> Partner:
    """An office by id. Raises NotFound."""
    row = tx.execute(select(partners).where(partners.c.id == id_)).first()
    if row is None:
        raise NotFound(f"there is no partner {id_}")
    return Partner(row.id, row.name, row.created_at)


def of_partner(tx: Tx, id_: str) -> tuple[Person, ...]:
    """The people of an office, the first first."""
    rows = tx.execute(select(people).where(people.c.partner == id_).order_by(people.c.id))
    return tuple(_person(row) for row in rows)


def _person(row: Row[Any]) -> Person:
    return Person(row.id, row.email, row.language, row.partner, row.created_at)
