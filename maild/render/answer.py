"""What maild tells somebody who sent a mail: what became of it, in his language.

When there is somebody to tell is decided in `maild.intake.answering`. Nothing that stood in his mail
is repeated but the kind and number of his documents: an answer must be of no use to whoever writes
in another's name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, Final

from maild.model.delivery import Letter
from maild.model.document import Kind
from maild.model.team import Team
from maild.render.fields import clean, day
from maild.render.letter import LONGEST_SUBJECT, colour_of, paragraphs
from maild.render.page import Page, as_html, as_text
from maild.render.templates import fill, phrases

_MOST_ENTRIES: Final = 20
_LONGEST_ENTRY: Final = 300
_LONGEST_WHY: Final = 800


class Fate(StrEnum):
    """What became of a document, or of a mail that held none."""

    TAKEN = "taken"
    DUPLICATE = "duplicate"
    WAITING = "waiting"  # a person of the team looks at it first
    ENCRYPTED = "encrypted"
    REFUSED = "refused"


# What the whole answer is about where its documents fared differently.
_GRAVEST_FIRST: Final = (
    Fate.REFUSED, Fate.ENCRYPTED, Fate.WAITING, Fate.TAKEN, Fate.DUPLICATE,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Told:
    """One document and its fate; `came_on` is the day on which it came first."""

    fate: Fate
    kind: Kind = Kind.OTHER
    number: str | None = None
    came_on: date | None = None


def answer(
    told: Sequence[Told],
    *,
    team: Team,
    language: str,
    why: Sequence[str] = (),
    in_reply_to: str | None = None,
) -> Letter:
    """The answer to one mail; `told` has at least one entry, `why` says what was wrong with it."""
    said = phrases(language)
    gravest = min((one.fate for one in told), key=_GRAVEST_FIRST.index)
    fields = {"team": clean(team.name), "count": str(max(len(told) - _MOST_ENTRIES, 0))}
    texts = said["answer"][gravest.value]
    entries = [
        _entry(one, said=said, language=language) for one in told if one.number or one.came_on
    ]
    entries += [clean(one, longest=_LONGEST_WHY) for one in why]
    page = Page(
        language=language,
        title=clean(fill(texts["subject"], fields), longest=LONGEST_SUBJECT),
        greeting=said["greeting"],
        signature=f"maild, {fields['team']}",
        words=said,
        colour=colour_of(team),
        paragraphs=paragraphs(fill(texts["text"], fields)),
        entries=tuple(entries[:_MOST_ENTRIES]),
        closing=(fill(said["automatic"], fields),),
    )
    return Letter(page.title, as_text(page), as_html(page), in_reply_to=in_reply_to)


def _entry(one: Told, *, said: Mapping[str, Any], language: str) -> str:
    name = " ".join(filter(None, (said["name"][one.kind.value], clean(one.number))))
    came = day(one.came_on, language) if one.came_on else ""
    fields = {"name": name, "day": came}
    return clean(fill(said["fate"][one.fate.value], fields), longest=_LONGEST_ENTRY)
