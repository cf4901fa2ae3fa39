"""`maild exact`: what an administration at Exact Online holds, beside what the configuration says."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from maild.cli.opening import opened
from maild.cli.output import (
    EX_PROBLEM,
    ConfigOption,
    JsonOption,
    json_line,
    note,
    plain_faults,
    say,
)
from maild.errors import KeyProblem

exact = typer.Typer(no_args_is_help=True, help="How documents are booked at Exact Online.")

TeamName = Annotated[str, typer.Argument(metavar="TEAM", show_default=False)]
DivisionOption = Annotated[
    str | None,
    typer.Option(
        "--division", metavar="NUMBER", help="Which administration, where the user may see several."
    ),
]
AccountOption = Annotated[
    str | None,
    typer.Option("--account", help="Which [account.NAME], where the team has several."),
]


@exact.callback()
def group() -> None:
    """How documents are booked at Exact Online."""


@exact.command("setup")
def setup(
    team: TeamName,
    division: DivisionOption = None,
    account: AccountOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Read the journals, accounts and VAT codes of an administration and propose [team.TEAM.exact] to paste.

    Nothing is changed, there or here. What is not sure is a comment, with the codes to choose from.
    """
    from maild.exact_setup import ExactSetup, Proposal

    async def go() -> Proposal:
        async with opened(config) as app:
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


@exact.command("check")
def check(
    team: TeamName,
    division: DivisionOption = None,
    account: AccountOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Hold [team.TEAM.exact] against an administration: codes that are not there, or for another use.

    Exit code 1 when there are any. Nothing is changed there.
    """
    from maild.exact_setup import ExactSetup

    async def go() -> list[KeyProblem]:
        async with opened(config) as app:
            return await ExactSetup(app).check(team, division=division, account=account)

    with plain_faults():
        found = asyncio.run(go())
        for one in found:
            if as_json:
                json_line({"key": one.key, "problem": one.message})
            else:
                say(str(one))
        if found:
            raise typer.Exit(EX_PROBLEM)
        if not as_json:
            say(f"every code of [team.{team}.exact] is there")
