"""A team and a document give a decision: which deliveries, from when, held or not, and why.

Of several roads into one set of books one is taken. Pure: no clock, no store. Whether a team is in shadow mode, and whether a number came before with
other content, is the desk's business. A document that no rule hits gives no delivery, since there
is no recipient to hold one for: the decision carries a warning, and the desk marks the document.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from maild.model.delivery import Decision, HoldCode, Planned, Trace
from maild.model.document import Document, Role
from maild.model.said import Said
from maild.model.team import Attach, Recipient, Rule, Team
from maild.rules import books
from maild.rules.conditions import Facts, look
from maild.rules.windows import parse

ORDER: Final = (Attach.PDF, Attach.UBL, Attach.ATTACHMENTS)


def decide(
    team: Team, document: Document, *, now: datetime, known_age: int | None = None
) -> Decision:
    """What the team's rules want done with a document that came in at `now` (aware).

    `known_age` is its age in days where that was settled before; otherwise it is counted from its
    issue date to `now` in the team's zone. The order of rules means nothing but for `stop`.
    """
    zone = _zone(team.time_zone)
    facts = Facts(
        document, _age(document, now.astimezone(zone)) if known_age is None else known_age
    )
    hits, trace = _look_at_rules(team.rules, facts)
    wishes: dict[str, list[Rule]] = {}
    for rule in hits:
        for name in rule.to:
            wishes.setdefault(name, []).append(rule)
    there = files_there(document)
    planned = []
    for recipient in team.recipients:
        rules = wishes.get(recipient.name)
        if not rules:
            continue
        if document.kind not in recipient.profile.kinds:
            trace.append(_not_taken(recipient, document))
            continue
        leaves = _first_moment(team, rules, now=now, zone=zone)
        planned.append(_plan(recipient, rules, leaves=leaves, there=there))
    roads = books.one_road(team, planned)
    trace += books.traces(team, roads)
    return Decision(roads, tuple(trace), _warnings(hits, planned, document))


def files_there(document: Document) -> frozenset[Attach]:
    """The files that a destination can be given; a document with figures always has a PDF.

    A PDF that did not come along is rendered from the figures when the first delivery is composed.
    """
    roles = {file.role for file in document.files}
    there = {
        attach
        for attach, role in (
            (Attach.PDF, Role.PDF),
            (Attach.UBL, Role.UBL),
            (Attach.ATTACHMENTS, Role.ATTACHMENT),
            (Attach.ATTACHMENTS, Role.ARCHIVE),
        )
        if role in roles
    }
    if document.bill is not None or Attach.UBL in there:
        there.add(Attach.PDF)
    return frozenset(there)


def _look_at_rules(rules: Collection[Rule], facts: Facts) -> tuple[list[Rule], list[Trace]]:
    hits: list[Rule] = []
    trace: list[Trace] = []
    stopped: Rule | None = None
    for rule in rules:
        if stopped:
            why = Said("stopped", f'"{stopped.name}" hit and stops here', rule=stopped.name)
            trace.append(Trace(rule.name, hit=False, reason=why))
            continue
        hit, reason = look(rule.conditions, facts)
        trace.append(Trace(rule.name, hit=hit, reason=reason))
        if hit:
            hits.append(rule)
            stopped = rule if rule.stop else None
    return hits, trace


def _first_moment(team: Team, rules: list[Rule], *, now: datetime, zone: ZoneInfo) -> datetime:
    windows = [parse(rule.when) for rule in rules]
    return min(one.not_before(now, zone, holidays=team.holidays) for one in windows)


@dataclass(frozen=True, slots=True)
class _Choice:
    """The files for one recipient, and why it must be looked at before it leaves, if it must."""

    attach: tuple[Attach, ...]
    problem: str | None = None


def _plan(
    recipient: Recipient,
    rules: list[Rule],
    *,
    leaves: datetime,
    there: frozenset[Attach],
) -> Planned:
    choice = _choose(recipient, rules, there=there)
    held = sorted(rule.name for rule in rules if rule.hold)
    hold, code = None, None
    if choice.problem:
        hold, code = choice.problem, HoldCode.PROFILE
    elif held:
        hold, code = f'rule "{held[0]}" says hold', HoldCode.RULE
    return Planned(
        recipient=recipient.name,
        via=recipient.via,
        address=recipient.address,
        profile=recipient.profile.name,
        attach=choice.attach,
        not_before=leaves,
        hold=hold,
        hold_code=code,
        rules=tuple(rule.name for rule in rules),
    )


def _choose(recipient: Recipient, rules: list[Rule], *, there: frozenset[Attach]) -> _Choice:
    """The union of what the rules ask, less what is not there or the inbox does not read.

    When that leaves nothing, whatever is there and readable goes: a document in the wrong form is
    worth more to people and inboxes alike than none.
    """
    profile = recipient.profile
    readable = there & profile.takes
    asked = {one for rule in rules for one in (rule.attach or profile.attach)}
    wanted = asked & readable or readable
    attach = tuple(one for one in ORDER if one in wanted)
    if profile.machine and not attach:
        english = f"{profile.name} reads none of the files of this document"
        return _Choice((), Said("reads_none", english, profile=profile.name))
    if profile.needs_pair and Attach.UBL in wanted and Attach.PDF not in wanted:
        english = f"{profile.name} takes a UBL only together with its PDF"
        return _Choice(attach, Said("takes_pair", english, profile=profile.name))
    return _Choice(attach)


def _not_taken(recipient: Recipient, document: Document) -> Trace:
    profile = recipient.profile.name
    reason = Said(
        "not_taken",
        f"{recipient.name} does not get it: {profile} takes no {document.kind}",
        recipient=recipient.name,
        profile=profile,
        kind=document.kind.value,
    )
    return Trace(f"profile {profile}", hit=False, reason=reason)


def _warnings(hits: list[Rule], planned: list[Planned], document: Document) -> tuple[str, ...]:
    kind, kept = document.kind.value, "it is kept and goes nowhere"
    if not hits:
        english = f"no rule says what happens with this {kind}: {kept}"
        return (Said("no_rule_says", english, kind=kind),)
    if not planned and any(rule.to for rule in hits):
        return (Said("nobody_takes", f"no recipient takes this {kind}: {kept}", kind=kind),)
    return ()


def _age(document: Document, local_now: datetime) -> int | None:
    return (local_now.date() - document.issued_on).days if document.issued_on else None


@lru_cache(maxsize=256)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)
