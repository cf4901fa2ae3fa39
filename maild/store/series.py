"""The numbers of what a team issued, kept as unbroken rows, so that what is missing is found at once.

A number that came in once stays known. Which numbers are looked for is decided in `maild.exports`.
"""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from sqlalchemy import bindparam, delete, func, insert, select, update

from maild.model.document import Direction, Document
from maild.model.series import Break, Counted, counted
from maild.store.database import Tx
from maild.store.prepared import Prepared
from maild.store.schema_tallies import series

_C: Final = series.c
_OF_IT: Final = (
    (_C.team == bindparam("of_team"))
    & (_C.kind == bindparam("of_kind"))
    & (_C.before == bindparam("of_before"))
    & (_C.behind == bindparam("of_behind"))
)
# Nearly always a number is the one behind the last of its series: that is one statement.
_OTHER: Final = series.alias()
_NEXT: Final = Prepared(
    update(series)
    .where(
        _OF_IT,
        _C.last == bindparam("one_before"),
        _C.first
        == select(func.max(_OTHER.c.first))
        .where(
            _OTHER.c.team == bindparam("of_team"),
            _OTHER.c.kind == bindparam("of_kind"),
            _OTHER.c.before == bindparam("of_before"),
            _OTHER.c.behind == bindparam("of_behind"),
        )
        .scalar_subquery(),
    )
    .values(last=bindparam("to"), digits=bindparam("wide"))
)
_NEAR: Final = Prepared(
    select(series).where(_OF_IT, _C.first <= bindparam("top")).order_by(_C.first.desc()).limit(2)
)
_ADD: Final = Prepared(insert(series), columns=[one.key for one in _C])
_LENGTHEN: Final = Prepared(
    update(series)
    .where(_OF_IT, _C.first == bindparam("of_first"))
    .values(last=bindparam("to"), digits=bindparam("wide"))
)
_BEGIN_AT: Final = Prepared(
    update(series)
    .where(_OF_IT, _C.first == bindparam("of_first"))
    .values(first=bindparam("to"), first_on=bindparam("on_day"))
)
_BEFORE: Final = Prepared(
    select(_C.last, _C.digits)
    .where(_OF_IT, _C.first < bindparam("top"))
    .order_by(_C.first.desc())
    .limit(1)
)


def add(tx: Tx, document: Document, *, dated_on: date) -> None:
    """Keep the number of a document that its team issued; of others nothing is kept."""
    if document.direction is not Direction.SALES or document.number is None:
        return
    one = counted(document.number)
    if one is None:
        return
    key = _key(document.team, document.kind.value, one)
    if _NEXT.change(tx, key | {"one_before": one.at - 1, "to": one.at, "wide": one.digits}):
        return
    near = _NEAR.rows(tx, key | {"top": one.at + 1})
    after = near[0] if near and near[0].first == one.at + 1 else None
    before = next((row for row in near if row is not after), None)
    if before is not None and before.last >= one.at:
        return
    joined = before is not None and before.last == one.at - 1
    _place(tx, key, one, before=before if joined else None, after=after, dated_on=dated_on)


def breaks(tx: Tx, team: str, *, days: tuple[date, date], limit: int) -> tuple[Break, ...]:
    """Where a row of the team starts in these days behind another, by the dates of what is missing before."""
    asked = select(series).where(_C.team == team, _C.first_on.between(*days))
    asked = asked.order_by(_C.kind, _C.before, _C.behind, _C.first).limit(limit)
    found = []
    for row in tx.execute(asked):
        key = _key(row.team, row.kind, row)
        before = _BEFORE.first(tx, key | {"top": row.first})
        if before is not None:
            found.append(
                Break(row.kind, row.before, row.behind, before.last, row.first, before.digits)
            )
    return tuple(found)


def _key(team: str, kind: str, one: Any) -> dict[str, Any]:
    return {
        "of_team": team,
        "of_kind": kind,
        "of_before": one.before,
        "of_behind": one.behind,
    }


def _place(
    tx: Tx, key: dict[str, Any], one: Counted, *, before: Any, after: Any, dated_on: date
) -> None:
    """Put a new number beside its neighbours, which may be one row then."""
    if before is not None:
        last, digits = (after.last, after.digits) if after is not None else (one.at, one.digits)
        if after is not None:
            tx.execute(delete(series).where(_OF_IT, _C.first == after.first), key)
        _LENGTHEN.change(tx, key | {"of_first": before.first, "to": last, "wide": digits})
    elif after is not None:
        _BEGIN_AT.change(tx, key | {"of_first": after.first, "to": one.at, "on_day": dated_on})
    else:
        _ADD.change(
            tx,
            {name[3:]: value for name, value in key.items()}
            | {"first": one.at, "last": one.at, "digits": one.digits, "first_on": dated_on},
        )
