"""What a team's own people hear of their day: what came in, what went out, what needs them.

When there is a day to tell of is decided in `maild.intake.digest`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from maild.model.delivery import Letter
from maild.model.document import Document
from maild.model.team import Team
from maild.render.fields import clean, language_of, moment
from maild.render.letter import LONGEST_SUBJECT, colour_of, paragraphs
from maild.render.page import Page, as_html, as_text
from maild.render.templates import fill, phrases

_MOST_ENTRIES: Final = 40
_LONGEST_ENTRY: Final = 300
_STEPS: Final = (
    ("waiting", "review", "maild review list --team {slug}"),
    ("failed", "queue", "maild queue list --team {slug}"),
    ("refused", "status", "maild status"),
)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A document that needs a person, and why."""

    document: Document
    why: str


@dataclass(frozen=True, slots=True)
class News:
    """What happened since a moment; `waiting` is all that waits, however long it has."""

    since: datetime
    came: Sequence[tuple[str, int]]  # kind and how many
    left: int
    waiting: Sequence[Waiting]
    failed: Sequence[Waiting]
    refused: int


def digest(news: News, *, team: Team) -> Letter:
    """The letter about what happened."""
    language = language_of(team.language)
    said = phrases(language)
    words = said["digest"]
    numbers = {
        "waiting": len(news.waiting),
        "failed": len(news.failed),
        "refused": news.refused,
    }
    needs = sum(numbers.values())
    fields = {
        "team": clean(team.name),
        "since": moment(news.since, language, zone=team.time_zone),
        "came": str(sum(count for _, count in news.came)),
        "left": str(news.left),
        "needs": str(needs) if needs else "",
    }
    came = ", ".join(f"{count} × {said['name'][kind]}" for kind, count in news.came)
    facts = [(words["came"], came), (words["left"], fields["left"])]
    facts += [(words[name], str(count)) for name, count in numbers.items() if count]
    steps = [
        (words[step], command.format(slug=clean(team.slug)))
        for name, step, command in _STEPS
        if numbers[name]
    ]
    page = Page(
        language=language,
        title=clean(fill(words["subject"], fields), longest=LONGEST_SUBJECT),
        greeting=said["greeting"],
        signature=f"maild, {fields['team']}",
        words=said,
        colour=colour_of(team),
        paragraphs=paragraphs(fill(words["text"], fields)),
        facts=tuple((label, value) for label, value in facts if value not in {"", "0"}),
        entries=tuple(_entries(news, said)),
        steps=tuple(steps),
        closing=(fill(said["automatic"], fields),),
    )
    return Letter(page.title, as_text(page), as_html(page))


def _entries(news: News, said: Mapping[str, Any]) -> list[str]:
    items = [*news.waiting, *news.failed]
    entries = [_entry(one, names=said["name"]) for one in items[:_MOST_ENTRIES]]
    if len(items) > _MOST_ENTRIES:
        entries.append(fill(said["more"], {"count": str(len(items) - _MOST_ENTRIES)}))
    return entries


def _entry(one: Waiting, *, names: dict[str, str]) -> str:
    document = one.document
    name = " ".join(filter(None, (names[document.kind.value], document.number)))
    party = f" ({document.counterparty.name})" if document.counterparty.name else ""
    return clean(f"{name}{party}: {one.why}", longest=_LONGEST_ENTRY)
