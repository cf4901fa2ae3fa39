"""What is told of a package as a whole: its index.json, and the same in short for people."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from maild.exports.entries import Ledger
from maild.exports.gaps import Gap
from maild.exports.sums import Sums
from maild.model.export import Order
from maild.model.team import Team


@dataclass(frozen=True, slots=True)
class Remarks:
    """What a reader of the package should know: gaps, what was left out, and other notes."""

    gaps: tuple[Gap, ...]
    left_out: tuple[tuple[str, str, int], ...]  # (reason, kind, how many)
    notes: tuple[str, ...] = ()


def index_pieces(
    order: Order, team: Team, *, ledger: Ledger, sums: Sums, remarks: Remarks
) -> Iterator[bytes]:
    """index.json in pieces: a head, then `documents`, one a line."""
    head = summary(order, team, sums=sums, remarks=remarks)
    head["missing"] = [
        {"document": one["document"], "number": one["number"], "missing": one["missing"]}
        for one in ledger
        if one["missing"]
    ]
    head["documents"] = []
    opening = json.dumps(head, ensure_ascii=False, indent=1).removesuffix("]\n}")
    yield opening.encode("utf-8", "replace")
    for number, one in enumerate(ledger):
        comma = "," if number else ""
        line = f"{comma}\n  {json.dumps(one, ensure_ascii=False)}"
        yield line.encode("utf-8", "replace")
    yield b"\n ]\n}\n"


def summary(order: Order, team: Team, *, sums: Sums, remarks: Remarks) -> dict[str, Any]:
    """The package as a whole, JSON-ready; amounts are decimal strings, credit notes taken off."""
    choice, period = order.choice, order.period
    return {
        "team": team.slug,
        "company": team.name,
        "vat_numbers": list(team.vat),
        "label": order.label,
        "period": {
            "key": period.key,
            "first_on": period.first_on.isoformat(),
            "last_on": period.last_on.isoformat(),
        },
        "supplement": order.supplement,
        "accepted_after": _instant(order.after),
        "accepted_by": _instant(order.accepted_by),
        "kinds": [one.value for one in choice.kinds],
        "direction": choice.direction and choice.direction.value,
        "from": choice.since and choice.since.isoformat(),
        "only": "sent" if choice.only_sent else None,
        "count": sum(one.documents for one in sums.gross.values()),
        "totals": _gross(sums),
        "vat": _rates(sums),
        "gaps": [asdict(one) for one in remarks.gaps],
        "left_out": [
            {"reason": reason, "kind": kind, "count": count}
            for reason, kind, count in remarks.left_out
        ],
        "notes": list(remarks.notes),
    }


def _gross(sums: Sums) -> list[dict[str, Any]]:
    return [
        {
            "direction": direction or None,
            "kind": kind,
            "currency": currency or None,
            "total": str(one.total),
            "documents": one.documents,
            "without_vat_figures": one.unsplit,
        }
        for (direction, kind, currency), one in sorted(sums.gross.items())
    ]


def _rates(sums: Sums) -> list[dict[str, Any]]:
    return [
        {
            "direction": direction or None,
            "currency": currency,
            "category": category,
            "percent": percent or None,
            "base": str(one.base),
            "amount": str(one.amount),
            "documents": one.documents,
        }
        for (direction, currency, category, percent), one in sorted(sums.rates.items())
    ]


def _instant(at: Any) -> str | None:
    return at.isoformat().replace("+00:00", "Z") if at else None
