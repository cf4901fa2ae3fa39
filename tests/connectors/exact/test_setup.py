"""A proposal for a mapping: read from the stand-in, pasted, and good for booking."""

from __future__ import annotations

import re
import tomllib

from maild.exact_setup import Proposal, read_chart
from maild.rules.exact_proposal import propose
from maild.rules.schema_exact import read_exact
from maild.rules.table import Table
from tests.connectors.exact.bench import ExactBench


async def proposed(bench: ExactBench, division: int) -> Proposal:
    api = bench.api()
    try:
        chart = await read_chart(api, str(division))
    finally:
        await api.close()
    return Proposal("acme", str(division), "Acme BV", tuple(propose(chart)))


async def test_what_is_proposed_can_be_pasted_as_it_is(bench: ExactBench) -> None:
    for division in (740001, 740003):
        text = "\n".join((await proposed(bench, division)).toml())
        pasted = tomllib.loads(text)["team"]["acme"]
        problems: list[object] = []
        mapping = read_exact(Table("team.acme", pasted, problems))  # type: ignore[arg-type]  # only read
        assert problems == []
        assert mapping is not None
        assert mapping.sales is not None
        assert mapping.purchases is not None
        assert {str(key) for key, _ in mapping.sales.vat} >= {"S 21", "AE domestic", "K", "G", "E"}


async def test_what_is_not_sure_is_a_comment_with_the_choices(bench: ExactBench) -> None:
    lines = (await proposed(bench, 740001)).toml()
    choice, _ = [one for one in lines if one.startswith("# account")]
    assert re.match(r'# account = "700000" +# Verkopen van handelsgoederen: a G/L account', choice)
    assert "704000 (Verkopen van diensten)" in choice
    assert '"AE domestic" = "CC"' in "\n".join(lines)
    assert '"1I"' not in "\n".join(lines)  # amounts are posted without VAT


async def test_a_side_without_a_sure_journal_stays_a_comment_as_a_whole(bench: ExactBench) -> None:
    bench.server.add("financial/Journals", Code="72", Description="Webwinkel", Type=20)
    lines = (await proposed(bench, 740001)).toml()
    assert "# [team.acme.exact.sales]" in lines
    assert "# [team.acme.exact.sales.vat]" in lines
    assert "[team.acme.exact.purchases]" in lines


async def test_blocked_codes_are_left_out(bench: ExactBench) -> None:
    row = bench.server.book().coded("vat/VATCodes", "CC")
    assert row is not None
    row["IsBlocked"] = True
    lines = (await proposed(bench, 740001)).lines
    assert "CC" not in {one.value for one in lines}
