"""Teams, rules and documents for tests, with sensible values and keywords to change them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from maild.model.document import Counterparty, Document, File, Kind, Role
from maild.model.money import Amount
from maild.model.team import Conditions, Recipient, Rule, Team
from maild.rules.profiles import PROFILES

NOW = datetime(2026, 3, 4, 10, 0, tzinfo=UTC)  # a Wednesday


def a_file(role: Role, name: str = "file") -> File:
    return File(role, name, "application/octet-stream", 100, role.value.ljust(64, "0"))


def a_document(
    kind: Kind = Kind.INVOICE,
    *,
    roles: tuple[Role, ...] = (Role.UBL, Role.PDF),
    counterparty: tuple[str | None, str | None] = ("Bakkerij Peeters", "BE0403170701"),
    total: str | None = "121.00",
    currency: str = "EUR",
    issued_on: date | None = date(2026, 3, 1),
    **other: Any,
) -> Document:
    return Document(
        id="d-1",
        team="acme",
        kind=kind,
        number="2026-001",
        issued_on=issued_on,
        counterparty=Counterparty(*counterparty),
        total=Amount(Decimal(total), currency) if total else None,
        files=tuple(a_file(role) for role in roles),
        arrival="a-1",
        accepted_at=NOW,
        content_sha256="0" * 64,
        direction=other.pop("direction", kind.direction),
        **other,
    )


def a_recipient(name: str, profile: str = "mailbox", **other: Any) -> Recipient:
    address = other.pop("address", f"{name}@kantoor.example")
    via = other.pop("via", "relay")
    return Recipient(name, via, address, PROFILES[profile], **other)


def a_rule(name: str, *to: str, **said: Any) -> Rule:
    """A rule; keywords that are conditions go there."""
    own = {key: said.pop(key) for key in ("attach", "when", "hold", "stop") if key in said}
    return Rule(name, to, Conditions(**said), **own)


def a_team(*rules: Rule, recipients: tuple[Recipient, ...] = (), **other: Any) -> Team:
    """A team whose recipients are people where a rule names one that was not given."""
    named = {one.name for one in recipients}
    wanted = dict.fromkeys(name for rule in rules for name in rule.to if name not in named)
    fields: dict[str, Any] = {
        "slug": "acme",
        "name": "Acme BV",
        "vat": ("BE0123456749",),
        "language": "nl",
        "addresses": ("acme@post.example",),
        "sender": "Acme BV <facturen@acme.example>",
        "people": ("baas@acme.example",),
    }
    return Team(
        **(fields | other),
        recipients=(*recipients, *(a_recipient(name) for name in wanted)),
        rules=rules,
    )
