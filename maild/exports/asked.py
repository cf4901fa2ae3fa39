"""What a person asks of a package in words: which documents, in which forms, of which period.

Everything that is wrong is said at once.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import date, datetime, tzinfo

from maild.errors import UserError, did_you_mean
from maild.model.document import Direction, Kind
from maild.model.export import KINDS, PERIODS, Choice, Form
from maild.model.period import FORMS, Every, Period, parse, period_of
from maild.render.dialects import DIALECTS

_WORDS = {
    f"{which}-{every.value}": (which, every) for every in PERIODS for which in ("last", "this")
}


def choice_of(
    plain: Choice,
    *,
    kinds: str | None = None,
    direction: str | None = None,
    formats: str | None = None,
    dialect: str | None = None,
    since: date | None = None,
    only: str | None = None,
) -> Choice:
    """`plain`, changed as the words say; lists have commas between. Raises UserError."""
    problems: list[str] = []
    asked_kinds = _known(kinds, KINDS, option="--kinds", problems=problems)
    asked_forms = _known(formats, [*Form], option="--formats", problems=problems)
    [where] = _known(direction, [*Direction], option="--direction", problems=problems) or [""]
    [form] = _known(dialect, DIALECTS, option="--dialect", problems=problems) or [plain.dialect]
    _known(only, ("sent",), option="--only", problems=problems)
    if problems:
        raise UserError(problems)
    return replace(
        plain,
        kinds=tuple(Kind(one) for one in asked_kinds) or plain.kinds,
        formats=tuple(Form(one) for one in asked_forms) or plain.formats,
        direction=Direction(where) if where else plain.direction,
        dialect=form,
        since=since or plain.since,
        only_sent=only is not None or plain.only_sent,
    )


def named_period(text: str, *, now: datetime, zone: tzinfo) -> Period:
    """The period of a key such as "2026-03", or of "last-month" or "this-quarter". Raises UserError."""
    if known := _WORDS.get(text.strip().lower()):
        which, every = known
        this = period_of(now, every, zone=zone)
        return this.previous if which == "last" else this
    try:
        found = parse(text)
    except ValueError as fault:
        hint = f"or write one of {', '.join(_WORDS)}"
        raise UserError(fault.args[0], hint=hint) from fault
    if found.every is Every.HOUR:
        raise UserError(f'"{text}" is an hour; documents have a day; write {FORMS}')
    return found


def _known(
    text: str | None, known: Collection[str], *, option: str, problems: list[str]
) -> list[str]:
    found = [word.strip() for word in (text or "").split(",") if word.strip()]
    for word in found:
        if word not in known:
            hint = did_you_mean(word, known) or f"; there are {', '.join(known)}"
            problems.append(f'{option}: "{word}" is not known{hint}')
    return [word for word in found if word in known]
