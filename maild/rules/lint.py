"""Whether the rules of teams make sense together: what falls through, never fires or goes twice.

Each check is a function that yields problems; what single keys must look like is `schema.py`'s.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import combinations

from maild.errors import KeyProblem, Level
from maild.model.document import BILL_KINDS, Kind
from maild.model.said import Said
from maild.model.team import Attach, Mode, Recipient, Rule, Team
from maild.rules import overlap
from maild.rules.book import address_key
from maild.rules.books import books_of


def lint(teams: Iterable[Team]) -> tuple[KeyProblem, ...]:
    """Everything to be said about these teams: errors, warnings and notes."""
    teams = tuple(teams)
    found = [*_shared_addresses(teams)]
    addresses = {address_key(one): team for team in teams for one in team.addresses}
    for team in teams:
        found += _fates(team)
        found += _dead_rules(team)
        found += _recipients(team)
        found += _exports(team)
        found += _loops(team, addresses)
        found += _wrong_kinds(team)
        found += _wrong_files(team)
        found += _two_roads(team)
        found += _people(team)
        found += _notes(team)
    return tuple(found)


def _shared_addresses(teams: Iterable[Team]) -> Iterator[KeyProblem]:
    """An address belongs to one team."""
    owners: dict[str, str] = {}
    for team in teams:
        for address in team.addresses:
            key = address_key(address)
            if key in owners:
                owner = owners[key]
                whose = "this team" if owner == team.slug else f"team {owner}"
                english = f'"{address}" is an address of {whose} already'
                said = Said("address_of", english, address=address, team=owner)
                yield _on(team, "addresses", said)
            owners.setdefault(key, team.slug)


def _fates(team: Team) -> Iterator[KeyProblem]:
    """Every kind of bill goes somewhere, or a rule says that it goes nowhere."""
    lost, partly = [], []
    for kind in BILL_KINDS:
        takers = [rule for n, rule in enumerate(team.rules) if kind in _fires(team, n)]
        if not takers:
            lost.append(kind)
        elif not any(overlap.is_plain(rule.conditions, kind) for rule in takers):
            partly.append(kind)
    if lost:
        english = (
            f"no rule says what happens with {_listed(lost)}; name the kind in a rule, with to = [] "
            "if it is only to be kept"
        )
        yield _on(team, "rules", Said("kinds_lost", english, kinds=lost))
    if partly:
        said = f"a document of kind {_listed(partly)} that meets no rule's conditions goes nowhere"
        english = f"{said}; add a rule without conditions"
        yield _on(team, "rules", Said("kinds_partly", english, kinds=partly), level="warning")
    if not any(Kind.OTHER in _fires(team, n) for n, _ in enumerate(team.rules)):
        said = "no rule names the kind other (receipts, contracts): such files are kept and held"
        yield _on(team, "rules", Said("other_unnamed", said), level="warning")


def _dead_rules(team: Team) -> Iterator[KeyProblem]:
    """Every rule can hit something."""
    for number, rule in enumerate(team.rules):
        if _fires(team, number):
            continue
        kinds = overlap.kinds_of(rule.conditions)
        if not kinds:
            direction = rule.conditions.direction
            english = (
                f'"{rule.name}" can never fire: none of its kinds is a document of {direction}'
            )
            said = Said("never_of_kind", english, rule=rule.name)
            yield _on(team, f"rules[{number}]", said)
        else:
            stops = [one.name for one in team.rules[:number] if one.stop]
            before = " and ".join(f'"{one}"' for one in stops)
            english = (
                f'"{rule.name}" can never fire: {before} above it stop at every document it asks for;'
                " move it up, or take the stop away"
            )
            said = Said("never_reached", english, rule=rule.name)
            yield _on(team, f"rules[{number}]", said)


def _fires(team: Team, number: int) -> frozenset[Kind]:
    """The kinds of which a rule can hit a document, given the rules above it that stop."""
    rule = team.rules[number]
    stops = [one for one in team.rules[:number] if one.stop]
    return frozenset(
        kind
        for kind in overlap.kinds_of(rule.conditions)
        if not any(overlap.covers(one.conditions, rule.conditions, kind) for one in stops)
    )


def _recipients(team: Team) -> Iterator[KeyProblem]:
    """Every recipient is used, and no two are one destination."""
    used = {name for rule in team.rules for name in rule.to}
    used |= {name for export in team.exports for name in export.to}
    seen: dict[tuple[str, str], str] = {}
    for recipient in team.recipients:
        key = f"recipients.{recipient.name}"
        if recipient.name not in used:
            english = "no rule sends anything here; name it in a rule or take it out"
            yield _on(team, key, Said("unused", english))
        road = (recipient.via, address_key(recipient.address))
        if road in seen:
            of, other = recipient.address, seen[road]
            english = (
                f'{of} is recipient "{other}" already, and would get all twice; keep one of them'
            )
            yield _on(team, key, Said("same_recipient", english, address=of, other=other))
        seen.setdefault(road, recipient.name)


def _exports(team: Team) -> Iterator[KeyProblem]:
    """Every package goes to somebody, and to nobody who would book it."""
    by_rules = any(Kind.EXPORT in _fires(team, n) and rule.to for n, rule in enumerate(team.rules))
    for number, export in enumerate(team.exports):
        if not export.to and not by_rules:
            said = 'names nobody, and no rule sends the kind "export"; write to = [...]'
            english = f'"{export.name}" {said}'
            yield _on(team, f"exports[{number}]", Said("names_nobody", english, name=export.name))
        for name in export.to:
            recipient = team.recipient(name)
            if recipient and Kind.EXPORT not in recipient.profile.kinds:
                profile = recipient.profile.name
                english = (
                    f'"{name}" ({profile}) books what it gets and takes no packages; name a person or a'
                    " folder"
                )
                said = Said("books_packages", english, name=name, profile=profile)
                yield _on(team, f"exports[{number}].to", said)


def _loops(team: Team, addresses: dict[str, Team]) -> Iterator[KeyProblem]:
    """Nothing is sent to where documents come in."""
    for recipient in team.recipients:
        local, _, domain = recipient.address.rpartition("@")
        base = f"{local.partition('+')[0]}@{domain}"
        if whose := addresses.get(address_key(base)):
            of = recipient.address
            english = (
                f"{of} is where documents of team {whose.slug} come in; a mail there goes round"
            )
            said = Said("goes_round", english, address=of, team=whose.slug)
            yield _on(team, f"recipients.{recipient.name}.address", said)


def _wrong_kinds(team: Team) -> Iterator[KeyProblem]:
    """No inbox is sent what it does not take; least of all a machine a quote."""
    for number, rule in enumerate(team.rules):
        # Files without figures are passed over silently: a rule that asks nothing need not name them.
        asked = rule.conditions.kinds or frozenset(BILL_KINDS)
        sent = asked & _fires(team, number)
        for recipient in _to(team, rule):
            wrong = [kind for kind in Kind if kind in sent - recipient.profile.kinds]
            if wrong:
                what = "" if rule.conditions.kinds else ", and the rule names no kinds"
                name, profile = recipient.name, recipient.profile.name
                english = (
                    f'"{name}" ({profile}) takes no {_listed(wrong)}{what}; '
                    "leave it out of this rule, or split the rule by kinds"
                )
                said = Said("takes_no", english, name=name, profile=profile, kinds=wrong)
                yield _on(team, f"rules[{number}].to", said)


def _wrong_files(team: Team) -> Iterator[KeyProblem]:
    """No inbox is sent files that it does not read, and no quote is asked for as UBL."""
    for number, rule in enumerate(team.rules):
        if rule.attach is None:
            continue
        key = f"rules[{number}].attach"
        if Attach.UBL in rule.attach and Kind.QUOTE in rule.conditions.kinds:
            said = "no accounting program reads a quote as UBL; give quotes a rule without it"
            yield _on(team, key, Said("quote_as_ubl", said))
        for recipient in _to(team, rule):
            profile, name = recipient.profile, recipient.name
            who = f'"{name}" ({profile.name})'
            unread = [one.value for one in rule.attach if one not in profile.takes]
            if unread:
                english = (
                    f"{who} does not read {_listed(unread)}; leave it out of this rule's attach"
                )
                said = Said("does_not_read", english, name=name, profile=profile.name, files=unread)
                yield _on(team, key, said)
            if profile.needs_pair and Attach.UBL in rule.attach and Attach.PDF not in rule.attach:
                english = (
                    f'{who} takes a UBL only together with its PDF; write attach = ["pdf", "ubl"]'
                )
                said = Said("needs_pair", english, name=name, profile=profile.name)
                yield _on(team, key, said)


def _two_roads(team: Team) -> Iterator[KeyProblem]:
    """One document comes into one set of books by one road, or it would be booked twice."""
    for one, other in combinations(team.recipients, 2):
        books = books_of(one)
        if books is None or books != books_of(other):
            continue
        if clash := _clash(team, one, other):
            number, kinds = clash
            which = f'the books "{books}"' if books else "the same books"
            english = (
                f'"{one.name}" and "{other.name}" lead {_listed(kinds)} into {which}: "{one.name}" '
                f'stands first among the recipients and gets it, "{other.name}" only what '
                f'"{one.name}" cannot take; send to one of them, or tell them apart with `books` on '
                "a recipient"
            )
            said = Said("two_roads", english, name=one.name, other=other.name, kinds=kinds)
            yield _on(team, f"rules[{number}].to", said, level="warning")


def _clash(team: Team, one: Recipient, other: Recipient) -> tuple[int, list[Kind]] | None:
    """The later of two rules that send one document to both, and the kinds of it."""
    taken = one.profile.kinds & other.profile.kinds
    for late, second in enumerate(team.rules):
        for early, first in enumerate(team.rules[: late + 1]):
            if early != late and first.stop:
                continue  # what the first hits, the second never sees
            if not _cross(first, second, names=(one.name, other.name)):
                continue
            kinds = overlap.meet(first.conditions, second.conditions) & taken
            kinds &= _fires(team, early) & _fires(team, late)
            if kinds:
                return late, [kind for kind in Kind if kind in kinds]
    return None


def _cross(first: Rule, second: Rule, *, names: tuple[str, str]) -> bool:
    one, other = names
    return (one in first.to and other in second.to) or (other in first.to and one in second.to)


def _people(team: Team) -> Iterator[KeyProblem]:
    """Somebody is told when something goes wrong, and it is not a machine."""
    if not team.told:
        said = "is missing: nobody is told when a delivery fails; write people = [ADDRESS, ...]"
        yield _on(team, "people", Said("nobody_told", said), level="warning")
    machines = {address_key(one.address): one for one in team.recipients if one.profile.machine}
    for name, addresses in (("people", team.people), ("notices", team.notices)):
        for address in addresses:
            if machine := machines.get(address_key(address)):
                english = (
                    f"{address} is the machine inbox of recipient {machine.name}, which would book a"
                    " notice as a bill"
                )
                said = Said("a_machine", english, address=address, recipient=machine.name)
                yield _on(team, name, said)


def _notes(team: Team) -> Iterator[KeyProblem]:
    """What is not wrong, and good to know before the first document."""
    if team.mode is Mode.SHADOW:
        said = (
            f"shadow: maild decides and records, and sends nothing until `maild golive {team.slug}`"
        )
        yield _on(team, "mode", Said("shadow_note", said, team=team.slug), level="note")
    for recipient in team.recipients:
        if recipient.profile.hint:
            yield _on(
                team, f"recipients.{recipient.name}.profile", recipient.profile.hint, level="note"
            )


def _to(team: Team, rule: Rule) -> Iterator[Recipient]:
    return (one for name in rule.to if (one := team.recipient(name)))


def _on(team: Team, key: str, message: str, *, level: Level = "error") -> KeyProblem:
    return KeyProblem(f"team.{team.slug}.{key}", message, level)


def _listed(words: Iterable[str]) -> str:
    *some, last = [str(one) for one in words]
    return f"{', '.join(some)} or {last}" if some else last
