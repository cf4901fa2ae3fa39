"""Automatic exports of partners as part of a team: a recipient, and a rule or an export that names it. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from maild.model.automatic import SWITCHED_ON_BY, Automatic, Often
from maild.model.document import Kind
from maild.model.export import Choice, Export
from maild.model.team import Conditions, Recipient, Rule, Team
from maild.rules.profiles import PROFILES

_WHEN: Final = {
    Often.DOCUMENT: "now",
    Often.DAY: "working days 18:00",
    Often.WEEK: "week 07:00",
    # Days of grace, so that what comes late is in it (inboxes.md, Creative Shelter).
    Often.MONTH: "month + 5 days 07:00",
    Often.QUARTER: "quarter + 5 days 07:00",
}
_DIALECTS: Final = {"nl": "excel-be", "fr": "excel-fr", "en": "excel-en"}
_PEOPLE: Final = "mailbox"


def extended(team: Team, wanted: Iterable[Automatic]) -> Team:
    """The team with what partners switched on; its own recipients and exports come first.

    The rules come before the team's own, which may end with one that stops. Nothing is added where
    the team has no connector for mail to people.
    """
    via = road_of(team)
    taken = {one.name for one in team.recipients} | {one.name for one in team.exports}
    mine = [one for one in wanted if one.team == team.slug and one.name not in taken]
    if via is None or not mine:
        return team
    return replace(
        team,
        recipients=(*team.recipients, *(_recipient(one, via) for one in mine)),
        rules=(*(_rule(one) for one in mine if one.often.every is None), *team.rules),
        exports=(*team.exports, *(_export(one) for one in mine if one.often.every)),
    )


def road_of(team: Team) -> str | None:
    """The connector that carries a team's mail to people; None when it has none."""
    mails = (one.via for one in team.recipients if not one.profile.relay)
    return team.via or next(mails, None)


def choice_of(one: Automatic) -> Choice:
    """Which documents it wants, and nothing said of any other."""
    return Choice(
        kinds=tuple(kind for kind in Kind if kind in one.kinds),
        since=one.since,
        dialect=_DIALECTS.get(one.language, "excel-en"),
        discreet=True,
    )


def _recipient(one: Automatic, via: str) -> Recipient:
    return Recipient(one.name, via, one.address, PROFILES[_PEOPLE], language=one.language)


def _rule(one: Automatic) -> Rule:
    return Rule(
        name=f"{SWITCHED_ON_BY}{one.office}",
        to=(one.name,),
        conditions=Conditions(kinds=one.kinds),
        when=_WHEN[one.often],
    )


def _export(one: Automatic) -> Export:
    return Export(one.name, when=_WHEN[one.often], to=(one.name,), choice=choice_of(one))
