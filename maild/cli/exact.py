"""`maild exact`: what an administration at Exact Online holds, as a proposal for the configuration."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from maild.app import App
from maild.cli.output import ConfigOption, JsonOption, json_line, note, plain_faults, say

exact = typer.Typer(no_args_is_help=True, help="How documents are booked at Exact Online.")


@exact.callback()
def group() -> None:
    """How documents are booked at Exact Online."""


@exact.command("setup")
def setup(
    team: Annotated[str, typer.Argument(metavar="TEAM", show_default=False)],
    division: Annotated[
        str | None,
        typer.Option(
            metavar="NUMBER", help="Which administration, where the user may see several."
        ),
    ] = None,
    account: Annotated[
        str | None, typer.Option(help="Which [account.NAME], where the team has several.")
    ] = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Read the journals, accounts and VAT codes of an administration and propose [team.TEAM.exact] to paste.

    Nothing is changed, there or here. What is not sure is a comment, with the codes to choose from.
    """
    from maild.exact_setup import ExactSetup, Proposal

    async def go() -> Proposal:
        async with App.opened(config) as app:
            return await ExactSetup(app).propose(team, division=division, account=account)

    with plain_faults():
        found = asyncio.run(go())
        if as_json:
            json_line(found.json())
            return
        for line in found.toml():
            say(line)
        unsure = sum(not one.sure for one in found.lines)
        if unsure:
            note(f"{unsure} of {len(found.lines)} lines are for you to choose", style="yellow")
