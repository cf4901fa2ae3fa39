"""The tables under [team] give teams, with every problem of every team said at once.

It knows the keys that a person may write and what each must look like. Whether the rules make sense
together is the business of `lint.py`; files and lines are the configuration's.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from maild.errors import KeyProblem, did_you_mean
from maild.model.party import company_key
from maild.model.said import Said
from maild.model.team import Branding, Mode, Profile, Recipient, Team
from maild.rules import identity
from maild.rules.book import TAGS
from maild.rules.holidays import COUNTRIES
from maild.rules.lint import lint
from maild.rules.profiles import PROFILES
from maild.rules.relays import RELAYS
from maild.rules.schema_exact import read_exact, want_exact
from maild.rules.schema_exports import read_exports
from maild.rules.schema_rules import read_rules
from maild.rules.schema_senders import read_senders
from maild.rules.table import Table, shown

LANGUAGES: Final = ("nl", "fr", "en", "de")
NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]*")
COLOUR: Final = re.compile(r"#[0-9a-fA-F]{6}")
VAT_WANTED: Final = 'write the VAT number, such as "BE0123456749"; it tells sales from purchases'
LONGEST_TEXT: Final = 10_000  # a page of terms is about 5,000 characters
_NO_HOLIDAYS: Final = "none"
_PAGES: Final = ("read", "pass_on")
_MAIL_TEXT: Final = ("ignored", "document")
_PACKAGES: Final = ("mail", "link")  # how a package comes
NONE: Final[Mapping[str, str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class _Known:
    """What the names in one team may refer to; `relays` are the kinds of connectors that are no mail."""

    connectors: Collection[str]
    relays: Mapping[str, str]
    recipients: Collection[str]
    via: str = ""  # the team's own connector, for recipients that name none


def read_teams(
    tables: Mapping[str, Any], *, connectors: Collection[str], kinds: Mapping[str, str] = NONE
) -> tuple[tuple[Team, ...], tuple[KeyProblem, ...]]:
    """Read the tables under [team], by name; a team with an error is left out, the others are read.

    `connectors` are the names that `via` may give; `kinds` says of what kind each is, where one may
    be a relay. Problems come with keys such as "team.acme.rules[1].to".
    """
    relays = {name: kind for name, kind in kinds.items() if kind in RELAYS}
    teams: list[Team] = []
    problems: list[KeyProblem] = []
    for slug, values in tables.items():
        own: list[KeyProblem] = []
        table = Table(f"team.{slug}", values, own)
        if not NAME.fullmatch(slug):
            table.problem("", "name a team in small letters, digits, - and _, such as [team.acme]")
        team = _team(slug, table, connectors, relays=relays)
        errors = [one.key for one in own if one.level == "error"]
        if not errors:
            teams.append(team)
        elif not any(
            key.startswith((f"{table.key}.rules", f"{table.key}.recipients")) for key in errors
        ):
            own += lint([team])  # what is wrong with its rules is not hidden by another mistake
        problems += own
    return tuple(teams), tuple(problems)


def _team(
    slug: str, table: Table, connectors: Collection[str], *, relays: Mapping[str, str]
) -> Team:
    mails = [one for one in connectors if one not in relays]
    name = table.text("name", needed='write the company\'s name, such as "Acme BV"')
    addresses = _arrival_addresses(table)
    recipients = table.table("recipients")
    vat = _vat(table)
    known = _Known(connectors, relays, recipients.names(), via=_via(table, mails, relays=relays))
    team = Team(
        slug=slug,
        name=name,
        vat=vat,
        language=table.choice("language", LANGUAGES, default="en"),
        addresses=addresses,
        sender=_sender(table, name, addresses),
        recipients=tuple(_recipient(recipients, one, known) for one in known.recipients),
        rules=read_rules(table, known.recipients),
        exports=read_exports(table, known.recipients),
        people=_addresses(table, "people"),
        notices=_addresses(table, "notices"),
        notices_via=_mail_connector(table, "notices_via", mails, relays=relays) or None,
        via=known.via or None,
        reply_to=_addresses(table, "reply_to"),
        time_zone=_time_zone(table),
        holidays=_holidays(table, vat),
        mode=Mode(table.choice("mode", [*Mode], default=Mode.LIVE)),
        reads_pages=table.choice("pdf_purchases", _PAGES, default=_PAGES[0]) == _PAGES[0],
        mail_text=table.choice("mail_text", _MAIL_TEXT, default=_MAIL_TEXT[0]) == _MAIL_TEXT[1],
        branding=_branding(table.table("branding")),
        exact=read_exact(table),
        **read_senders(table),
    )
    want_exact(table, team, relays=relays)
    table.close()
    return team


def _vat(table: Table) -> tuple[str, ...]:
    values = table.texts("vat")
    if not values:
        table.problem("vat", f"{'is empty' if table.has('vat') else 'is missing'}; {VAT_WANTED}")
    for value in values:
        if found := identity.vat_problem(value):
            table.problem("vat", found.message, level=found.level)
    return tuple(dict.fromkeys(company_key(value) for value in values))


def _arrival_addresses(table: Table) -> tuple[str, ...]:
    addresses = _addresses(table, "addresses")
    if not addresses:
        english = "has no address: documents come in by folder and command line only"
        table.problem("addresses", Said("no_arrivals", english), level="warning")
    for address in addresses:
        if "+" in address.rpartition("@")[0]:
            table.problem(
                "addresses",
                f'"{address}": leave out the + and what follows; maild adds the tags '
                f"{', '.join(f'+{tag}' for tag in TAGS)} itself",
            )
    return addresses


def _addresses(table: Table, name: str) -> tuple[str, ...]:
    values = table.texts(name)
    for value in values:
        if said := identity.address_problem(value):
            table.problem(name, said)
    return values


def _sender(table: Table, name: str, addresses: tuple[str, ...]) -> str:
    if not table.has("from"):
        table.take("from")
        if not addresses:
            table.problem("from", 'is missing; write "Acme BV <facturen@acme.example>"')
        return identity.mailbox(name, addresses[0]) if addresses else ""
    value = table.text("from")
    if value and (said := identity.sender_problem(value)):
        table.problem("from", said)
    return value


def _time_zone(table: Table) -> str:
    name = table.text("time_zone", "Europe/Brussels")
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        hint = did_you_mean(name, available_timezones()) or '; write one such as "Europe/Brussels"'
        table.problem("time_zone", f'"{name}" is no time zone that this machine knows{hint}')
    return name


def _holidays(table: Table, vat: tuple[str, ...]) -> str:
    """Whose holidays the team keeps: what it says, else those of the country of its VAT number."""
    said = table.choice("holidays", [*COUNTRIES, _NO_HOLIDAYS], default="")
    country = said or (vat[0][:2] if vat else "")
    return country if country in COUNTRIES else ""


def _via(table: Table, mails: Collection[str], *, relays: Mapping[str, str]) -> str:
    """The team's own connector: the one it names, or the only one that carries mail."""
    named = _mail_connector(table, "via", mails, relays=relays)
    only = next(iter(mails)) if len(mails) == 1 else ""
    return named or only


def _mail_connector(
    table: Table, name: str, mails: Collection[str], *, relays: Mapping[str, str]
) -> str:
    """A connector that can carry a letter to a person."""
    value = table.text(name)
    if value not in relays:
        return _connector(table, name, mails)
    said = f'"{value}" carries no mail, and notices are mails; name a [connector.smtp.NAME]'
    table.problem(name, said)
    return ""


def _connector(table: Table, name: str, connectors: Collection[str]) -> str:
    value = table.text(name)
    if value and value not in connectors:
        hint = did_you_mean(value, connectors)
        table.problem(
            name,
            f'there is no connector "{value}"{hint or f"; write a [connector.smtp.{value}] section"}',
        )
    return value


def _recipient(recipients: Table, name: str, known: _Known) -> Recipient:
    table = recipients.table(name)
    via = _connector(table, "via", known.connectors) or known.via
    if not via:
        table.problem(
            "via",
            "is missing; write the name of the connector that carries its mail, here or once for"
            " all as the team's own `via`",
        )
    kind = known.relays.get(via, "")
    recipient = Recipient(
        name=name,
        via=via,
        address=_place(table, kind) if kind else _mail_address(table),
        profile=_relay_profile(table, kind) if kind else _mail_profile(table),
        books=table.text("books") or None,
        language=table.choice("language", LANGUAGES, default="") or None,
        by_link=table.choice("packages", _PACKAGES, default=_PACKAGES[0]) == _PACKAGES[1],
    )
    if recipient.by_link and (recipient.profile.relay or recipient.profile.machine):
        said = f"a link is for people, and {recipient.profile.name} is no person; leave it out"
        table.problem("packages", said)
    table.close()
    return recipient


def _mail_address(table: Table) -> str:
    address = table.text("address", needed='write where to send to, such as "an@kantoor.example"')
    if address and (said := identity.address_problem(address)):
        table.problem("address", said)
    return address


def _mail_profile(table: Table) -> Profile:
    profile = PROFILES[table.choice("profile", PROFILES, default="mailbox")]
    subject = table.text("subject")
    return replace(profile, subject=subject) if subject else profile


def _place(table: Table, kind: str) -> str:
    """What a recipient is called at a relay of that kind."""
    relay = RELAYS[kind]
    address = table.text("address", needed=f"write {relay.wanted}")
    if address and not relay.address.fullmatch(address):
        english = f'"{address}" cannot be used here; write {relay.wanted}'
        table.problem("address", Said("address_unfit", english, address=address))
    return address


def _relay_profile(table: Table, kind: str) -> Profile:
    profile = RELAYS[kind].profile
    table.choice("profile", [profile.name], default=profile.name)
    return profile


def _branding(table: Table) -> Branding:
    plain = Branding()
    branding = Branding(
        primary=_colour(table, "primary", plain.primary),
        accent=_colour(table, "accent", plain.accent),
        logo=table.text("logo") or None,
        texts=tuple(_texts(table, "texts", table.take("texts") or {})),
    )
    table.close()
    return branding


def _colour(table: Table, name: str, default: str) -> str:
    value = table.text(name, default)
    if not COLOUR.fullmatch(value):
        english = f'"{value}" is no colour; write one such as "{default}"'
        table.problem(name, Said("no_colour", english, text=value, default=default))
    return value


def _texts(table: Table, key: str, values: object) -> list[tuple[str, str]]:
    """Texts by "LANGUAGE.KIND.NAME", whether written as one quoted key or as nested tables."""
    if isinstance(values, Mapping):
        return [
            (f"{name}.{rest}".rstrip("."), text)
            for name, inner in values.items()
            for rest, text in _texts(table, f"{key}.{name}", inner)
        ]
    if not isinstance(values, str) or len(values) > LONGEST_TEXT:
        english = f"write a text of at most {LONGEST_TEXT} characters, not {shown(values)}"
        table.problem(key, Said("text_long", english, most=LONGEST_TEXT))
    elif key.split(".")[1:2] == [] or key.split(".")[1] not in LANGUAGES:
        table.problem(key, f"start the key with a language: {', '.join(LANGUAGES)}")
    return [("", str(values))]
