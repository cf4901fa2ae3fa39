"""What came for teams lately, for all that somebody sees in as many questions as for one."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import String, bindparam, column, func, select, text

from maild.model.browsing import MOST_COUNTED, Activity
from maild.model.document import Direction
from maild.store.columns import Moment
from maild.store.database import Tx
from maild.store.schema import processed_until
from maild.store.schema_tallies import came

# A package has no direction, so that the index says it all and no document is looked at. `teams` are
# pairs: a team, and up to when everything of it is processed.
_LATELY: Final = (
    text("""
    SELECT value ->> 0 AS team,
        (
            SELECT accepted_at FROM documents
            WHERE team = value ->> 0 AND direction IN :ways ORDER BY accepted_at DESC LIMIT 1
        ) AS last_at,
        (
            SELECT count(*) FROM (
                SELECT 1 FROM documents
                WHERE team = value ->> 0 AND direction IN :ways AND accepted_at > value ->> 1
                    AND NOT EXISTS (
                        SELECT 1 FROM processed
                        WHERE partner = :partner AND processed.document = documents.id
                    )
                LIMIT :most
            )
        ) AS new
    FROM json_each(:teams)
    """)
    .bindparams(bindparam("ways", expanding=True))
    .columns(column("team"), column("last_at", Moment), column("new"))
)


def activities(
    tx: Tx,
    seen: Mapping[str, Collection[Direction]],
    *,
    partner: str | None,
    now: datetime,
    days: int = 30,
) -> dict[str, Activity]:
    """By team: what came for it lately, of the directions seen; `new` is counted up to MOST_COUNTED."""
    alike: defaultdict[frozenset[Direction], list[str]] = defaultdict(list)
    for team, directions in seen.items():
        alike[frozenset(directions)].append(team)
    until = _until(tx, partner) if partner else {}
    first = (now - timedelta(days=days - 1)).date()
    each = [str(first + timedelta(days=n)) for n in range(days)]
    found: dict[str, Activity] = {}
    for directions, teams in alike.items():
        ways = sorted(one.value for one in directions)
        asked = [(team, until.get(team, "")) for team in teams]
        values = {"teams": json.dumps(asked), "ways": ways, "partner": partner}
        rows = tx.execute(_LATELY, values | {"most": MOST_COUNTED if partner else 0})
        by_day = _by_day(tx, teams, ways, since=each[0])
        for row in rows:
            bars = tuple(by_day[row.team][day] for day in each)
            found[row.team] = Activity(row.last_at, row.new, bars)
    return found


def _until(tx: Tx, partner: str) -> dict[str, str]:
    """Up to when an office has processed everything of a team, as it is stored."""
    of = processed_until.c
    query = select(of.team, func.substr(of.until, 1, type_=String)).where(of.partner == partner)
    return {row[0]: row[1] for row in tx.execute(query)}


def _by_day(
    tx: Tx, teams: Collection[str], ways: Collection[str], *, since: str
) -> defaultdict[str, Counter[str]]:
    of = came.c
    query = (
        select(of.team, of.day, func.sum(of.n))
        .where(of.team.in_(teams), of.day >= since, of.direction.in_(ways))
        .group_by(of.team, of.day)
    )
    found: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for team, on, count in tx.execute(query):
        found[team][on] = count
    return found
