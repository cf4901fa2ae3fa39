"""Reads what is in an administration at Exact Online: proposes [team.NAME.exact], or checks it.

It changes nothing, there or here. What a code is for is decided in `rules/exact_proposal.py`, whether
it suits in `rules/exact_check.py`.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any, Final

from maild.app import App
from maild.connectors.exact_answers import Row, text
from maild.connectors.exact_api import ExactApi
from maild.consents import Consents
from maild.errors import KeyProblem, UserError
from maild.roads import exact_api
from maild.rules.exact_check import check, codes_of
from maild.rules.exact_proposal import Chart, Coded, Proposed, VatCode, propose

# Accounts of profit and loss: what sales and purchases are booked on. A page has 60 rows only.
_BOOKED: Final = "BalanceType eq 'W'"
_AT_ONCE: Final = 20
_WIDTH: Final = 44  # columns before a remark


@dataclass(frozen=True, slots=True)
class Proposal:
    """What is proposed for a team, by what its administration holds."""

    team: str
    division: str
    name: str
    lines: tuple[Proposed, ...]

    def json(self) -> dict[str, Any]:
        """As one object."""
        about = {"team": self.team, "division": self.division, "name": self.name}
        return {**about, "lines": [asdict(one) for one in self.lines]}

    def toml(self) -> list[str]:
        """As lines to paste: what is not sure is a comment, for a person to choose."""
        lines = [
            f"# Proposed for {self.team} by what is in division {self.division} ({self.name}).",
            "# A line that starts with # is not sure: choose its code, and take the # away.",
        ]
        tables = dict.fromkeys(("", *(one.table for one in self.lines)))
        for table in tables:
            lines += ["", *self._table(table)]
        return lines

    def _table(self, table: str) -> list[str]:
        own = [one for one in self.lines if one.table == table]
        name = ".".join(filter(None, ("team", self.team, "exact", table)))
        head = f"[{name}]"
        if table and self._unusable(table.partition(".")[0]):
            return [f"# {head}", *(_written(one, sure=False) for one in own)]
        return [head, *(_written(one, sure=one.sure) for one in own)]

    def _unusable(self, side: str) -> bool:
        """Whether a side lacks what it cannot do without: a journal and a VAT code that are sure."""
        sure = {one.table for one in self.lines if one.sure and one.key == "journal"}
        sure |= {one.table for one in self.lines if one.sure and one.table.endswith(".vat")}
        return side in {"sales", "purchases"} and not {side, f"{side}.vat"} <= sure


class ExactSetup:
    """The administrations that a team's user of Exact Online may see."""

    def __init__(self, app: App) -> None:
        self._app, self._consents = app, Consents.of(app)

    async def propose(
        self, team: str, *, division: str | None = None, account: str | None = None
    ) -> Proposal:
        """Read an administration and propose how to book in it.

        Raises UserError where it is not known which one, Unavailable and its kin where Exact is not
        reached or does not let us in.
        """
        self._app.book.team(team)
        async with self._open(team, account) as api:
            code, name = await self._division(
                api, f"setup {team}", wanted=division or self._known(team)
            )
            chart = await read_chart(api, code)
        return Proposal(team, code, name, tuple(propose(chart)))

    async def check(
        self, team: str, *, division: str | None = None, account: str | None = None
    ) -> list[KeyProblem]:
        """Every code of a team's mapping that an administration does not have, or for another use.

        Raises what `propose` raises, and UserError where the team has no mapping.
        """
        mapping = self._app.book.team(team).exact
        if mapping is None:
            raise UserError(
                f"[team.{team}.exact] is not written yet",
                hint=f"maild exact setup {team} proposes it",
            )
        async with self._open(team, account) as api:
            code, _ = await self._division(
                api, f"check {team}", wanted=division or self._known(team)
            )
            chart = await read_chart(api, code, accounts=codes_of(mapping))
        return check(mapping, chart, team=team)

    def _known(self, team: str) -> str | None:
        """The administration that the team's recipients name, if they name one only."""
        roads = self._app.settings.connector.exact
        recipients = self._app.book.team(team).recipients
        found = {one.address for one in recipients if one.via in roads}
        return found.pop() if len(found) == 1 else None

    @asynccontextmanager
    async def _open(self, team: str, account: str | None) -> AsyncIterator[ExactApi]:
        known = self._consents.account("exact", team=team, name=account)
        api = exact_api(self._app, self._consents.tokens, account=known.name)
        try:
            yield api
        finally:
            await api.close()

    async def _division(
        self, api: ExactApi, command: str, *, wanted: str | None
    ) -> tuple[str, str]:
        """The code and name of the administration: the one asked for, or the only one."""
        me = await api.me()
        current = str(me.get("CurrentDivision") or "")
        select = "Code,Description,VATNumber,BlockingStatus"
        rows = await api.rows(current, "hrm/Divisions", select=select)
        found = {
            str(row.get("Code")): str(row.get("Description") or "")
            for row in rows
            if not row.get("BlockingStatus")
        }
        if wanted is not None and wanted in found:
            return wanted, found[wanted]
        if wanted is None and len(found) == 1:
            return next(iter(found.items()))
        listed = [f"  {code}  {name}" for code, name in found.items()]
        said = f"{wanted} is none of them" if wanted else "it may see more than one administration"
        user = api.options.account.address
        raise UserError(
            [f"{user}: {said}", *listed],
            hint=f"say which one: maild exact {command} --division NUMBER",
        )


async def read_chart(
    api: ExactApi, division: str, *, accounts: Iterable[str] | None = None
) -> Chart:
    """What is in the books of a division, without what is blocked.

    `accounts` are the codes of the G/L accounts that are wanted, else all of profit and loss.
    """

    async def rows(entity: str, select: str, where: str = "") -> list[Row]:
        found = await api.rows(division, entity, select=select, where=where)
        return [row for row in found if not row.get("IsBlocked")]

    journals = await rows("financial/Journals", "Code,Description,Type,IsBlocked")
    charted: list[Row] = []
    for where in [_BOOKED] if accounts is None else _by_code(accounts):
        select = "Code,Description,Type,VATCode,IsBlocked"
        charted += await rows("financial/GLAccounts", select, where)
    vat = await rows(
        "vat/VATCodes",
        "Code,Description,Percentage,Type,VATTransactionType,Charged,IsBlocked",
    )
    conditions = await rows(
        "cashflow/PaymentConditions", "Code,Description,PaymentDays,PaymentEndOfMonths"
    )
    centers = await rows("hrm/Costcenters", "Code,Description")
    return Chart(
        cost_centers=tuple(_coded(row, number=None) for row in centers),
        journals=tuple(_coded(row, number=row.get("Type")) for row in journals),
        accounts=tuple(_coded(row, number=row.get("Type")) for row in charted),
        vat=tuple(_vat(row) for row in vat),
        conditions=tuple(
            _coded(row, number=row.get("PaymentDays"))
            for row in conditions
            if not row.get("PaymentEndOfMonths")  # its due date is no number of days
        ),
    )


def _by_code(codes: Iterable[str]) -> list[str]:
    """Questions for some codes each: addresses must not grow too long."""
    known = sorted(codes)
    return [
        " or ".join(f"Code eq {text(one)}" for one in known[start : start + _AT_ONCE])
        for start in range(0, len(known), _AT_ONCE)
    ]


def _coded(row: Row, *, number: Any) -> Coded:
    return Coded(
        code=str(row.get("Code") or "").strip(),
        about=" ".join(str(row.get("Description") or "").split()),
        number=number if isinstance(number, int) else None,
        vat=str(row.get("VATCode") or "").strip(),
    )


def _vat(row: Row) -> VatCode:
    rate = Decimal(str(row.get("Percentage") or 0))
    return VatCode(
        code=str(row.get("Code") or "").strip(),
        about=" ".join(str(row.get("Description") or "").split()),
        # Given as a part of one; a client that saw percents is not known, but costs nothing to take.
        percent=(rate * 100 if rate <= 1 else rate).normalize(),
        kind=str(row.get("Type") or "E").strip(),
        side=str(row.get("VATTransactionType") or "B").strip(),
        charged=bool(row.get("Charged")),
    )


def _written(one: Proposed, *, sure: bool) -> str:
    """A line with its reason; a string of JSON is one of TOML."""
    key = one.key if one.key.isidentifier() else json.dumps(one.key, ensure_ascii=False)
    line = f"{'' if sure else '# '}{key} = {json.dumps(one.value, ensure_ascii=False)}"
    others = f"; or {', '.join(one.others)}" if one.others else ""
    return f"{line.ljust(_WIDTH)}# {one.reason}{others}"
