"""A day ahead as a strip: a lane for each thing that is due, hour by hour, with its times in words.

What is due in every hour shares the last lane. Inline SVG without styles, as the policy of the pages wants.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from markupsafe import Markup

from maild.web.words import Words

MOST: Final = 40  # lanes; the table below has everything
_HOURS: Final = 24
_OFTEN: Final = 20  # times a day from which it is told as every hour
_MINUTE: Final = timedelta(minutes=1)
_MARK: Final = 12  # minutes that a mark is wide, so that it can be seen
_LANE: Final = Markup(
    '<svg class="lane" viewBox="0 0 {whole} 16" preserveAspectRatio="none" aria-hidden="true">'
)
_LINE: Final = Markup('<rect class="hour" x="{x}" width="2" height="16"/>')
_DUE: Final = Markup(
    '<rect class="due" x="{x}" width="{wide}" height="16"><title>{at}</title></rect>'
)


@dataclass(frozen=True, slots=True)
class Drawn:
    """A lane: what is due, when in words, and the picture of it."""

    name: str
    times: str
    picture: Markup


@dataclass(frozen=True, slots=True)
class Strip:
    """The hours that are written above, and the lanes; `more` is how many did not fit."""

    hours: tuple[str, ...]
    lanes: tuple[Drawn, ...]
    more: int = 0


def strip(
    lanes: Iterable[tuple[str, tuple[datetime, ...]]], *, now: datetime, words: Words
) -> Strip:
    """The lanes of a day from `now` on, each with a name and its moments."""
    start = now.replace(minute=0, second=0, microsecond=0)
    seldom: list[Drawn] = []
    often: list[str] = []
    for name, moments in lanes:
        if len(moments) >= _OFTEN:
            often.append(name)
            continue
        times = ", ".join(_told(words, one, now=now) for one in moments)
        seldom.append(Drawn(name, times, _drawn(moments, start=start, words=words)))
    shown = seldom[:MOST]
    if often:
        every = tuple(start + timedelta(hours=n) for n in range(1, _HOURS + 1))
        picture = _drawn(every, start=start, words=words)
        shown.append(Drawn(", ".join(often), words("machinery.every_hour"), picture))
    hours = tuple(words.hour(start + timedelta(hours=n)) for n in range(0, _HOURS + 1, 3))
    return Strip(hours, tuple(shown), more=len(seldom) - len(seldom[:MOST]))


def _told(words: Words, at: datetime, *, now: datetime) -> str:
    """The time of day; tomorrow's with its day."""
    same = at.astimezone(words.zone).date() == now.astimezone(words.zone).date()
    return words.hour(at) if same else words("machinery.tomorrow", at=words.hour(at))


def _drawn(moments: Iterable[datetime], *, start: datetime, words: Words) -> Markup:
    whole = (_HOURS + 1) * 60
    picture = _LANE.format(whole=whole)
    for hour in range(0, _HOURS + 1, 3):
        picture += _LINE.format(x=hour * 60)
    for at in moments:
        x = min(max((at - start) // _MINUTE - _MARK // 2, 0), whole - _MARK)
        picture += _DUE.format(x=x, wide=_MARK, at=words.moment(at))
    return picture + Markup("</svg>")
