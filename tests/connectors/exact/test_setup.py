"""A proposal for a mapping: read from the stand-in, pasted, and good for booking."""

from __future__ import annotations

import re
import tomllib

from maild.exact_setup import Proposal, read_chart
from maild.rules.exact_check import check, codes_of
from maild.rules.exact_proposal import propose
from maild.rules.schema_exact import read_exact
from maild.rules.table import Table
from tests.connectors.exact import mapping
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
        pasted_in = read_exact(Table("team.acme", pasted, problems))  # type: ignore[arg-type]  # only read
        assert problems == []
        assert pasted_in is not None
        assert pasted_in.sales is not None
        assert pasted_in.purchases is not None
        assert {str(key) for key, _ in pasted_in.sales.vat} >= {
            "S 21",
            "AE domestic",
            "K",
            "G",
            "E",
        }


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


async def test_a_mapping_is_held_against_what_is_there(bench: ExactBench) -> None:
    good, _ = mapping.read(mapping.MAPPING)
    assert good is not None
    wrong = mapping.MAPPING
    for right, other in (
        ('rounding_account = "657000"', 'rounding_account = "657999"'),
        ('"0" = "00"', '"0" = "07"'),
        ('journal = "70"', 'journal = "60"'),
        ('"S 21" = "1"', '"S 21" = "3"'),
        ('"S 12" = "2"', '"S 12" = "P2"'),
        ('"S 6" = "3"', '"S 6" = "Q"'),
        ('"Z" = "0"', '"Z" = "1"'),
        ('"E" = "VR"', '"E" = "1I"'),
        ('"UUR*" = "VKP"', '"UUR*" = "VKX"'),
    ):
        assert right in wrong
        wrong = wrong.replace(right, other, 1)
    bad, problems = mapping.read(wrong)
    assert (problems, bad is None) == ([], False)
    api = bench.api()
    chart = await read_chart(api, "740001", accounts=codes_of(good) | {"657999"})
    await api.close()
    # Dutch cents of 5.5 % go by the code of 6 % in the mapping of these tests, which is told too.
    assert [one.key for one in check(good, chart, team="acme")] == [
        'team.acme.exact.sales.vat."S 5.5"'
    ]
    assert bad is not None
    said = {
        one.key.removeprefix("team.acme.exact."): one.message
        for one in check(bad, chart, team="acme")
    }
    del said['sales.vat."S 5.5"']
    assert said == {
        "rounding_account": 'there is no G/L account "657999", or it is blocked',
        'payment_conditions."0"': 'there is no payment condition "07", or it is blocked',
        "sales.journal": "60 (Aankoopfacturen) is no journal of sales",
        'sales.vat."S 21"': "3 (BTW 6 % verkoop) is of 6 %, not of 21 %",
        'sales.vat."S 12"': "P2 (BTW 12 % aankoop) is for purchases",
        'sales.vat."S 6"': 'there is no VAT code "Q", or it is blocked',
        'sales.vat."Z"': "1 (BTW 21 % verkoop) charges 21 %, which such a document does not",
        'sales.vat."E"': "1I (BTW 21 % verkoop inclusief) wants amounts with VAT; take one that"
        " excludes it, as maild does",
        'sales.cost_centers."UUR*"': 'there is no cost centre "VKX", or it is blocked'
        '; did you mean "VKP"?',
    }
