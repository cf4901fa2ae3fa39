"""Tokens, by which a team's own programs use the API."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

import typer

from maild.cli.opening import opened
from maild.cli.output import (
    ConfigOption,
    JsonOption,
    json_line,
    note,
    plain_faults,
    say,
    table,
    when,
)
from maild.model.machine import Machine, May

token = typer.Typer(
    no_args_is_help=True, help="Tokens, by which a team's own programs use the API."
)

Team = Annotated[str, typer.Argument(metavar="TEAM", show_default=False)]
CONSOLE = "console"


@token.command("add")
def add(
    team: Team,
    may: Annotated[
        list[May],
        typer.Option("--may", help="What it may do; again for more.", show_default=False),
    ],
    name: Annotated[str, typer.Option(help="Which program it is for.")] = "",
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Make a token and print it, this once: only its hash is kept."""

    async def go() -> tuple[str, Machine]:
        async with opened(config) as app:
            return await app.machines.add(team, name or "api", may=may, by=CONSOLE)

    with plain_faults():
        secret, one = asyncio.run(go())
        if as_json:
            json_line(_shown(one) | {"token": secret})
            return
        say(secret)
        note(f"{one.id} for {one.team}: it may {', '.join(sorted(one.may))}; keep it now")


@token.command("list")
def list_tokens(team: Team, as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """List the tokens that a team has and had."""

    async def go() -> tuple[Machine, ...]:
        async with opened(config) as app:
            return await app.machines.of_team(team)

    with plain_faults():
        found = [_shown(one) for one in asyncio.run(go())]
        for one in found if as_json else ():
            json_line(one)
        if as_json:
            return
        if not found:
            note(f"{team} has no token; `maild token add` makes one")
            return
        table(
            ("token", "name", "may", "since", "used", "revoked"),
            [
                [
                    one["id"],
                    one["name"],
                    ", ".join(one["may"]),
                    when(one["created_at"]),
                    when(one["used_at"]) if one["used_at"] else "",
                    when(one["revoked_at"]) if one["revoked_at"] else "",
                ]
                for one in found
            ],
        )


@token.command("revoke")
def revoke(
    token_id: Annotated[str, typer.Argument(metavar="TOKEN", show_default=False)],
    config: ConfigOption = None,
) -> None:
    """End a token by its id; it holds at once."""

    async def go() -> Machine:
        async with opened(config) as app:
            return await app.machines.revoke(token_id, by=CONSOLE)

    with plain_faults():
        one = asyncio.run(go())
        say(f"{one.id} ({one.name}) of {one.team} lets nobody in any more")


def _shown(one: Machine) -> dict[str, Any]:
    return {
        "id": one.id,
        "team": one.team,
        "name": one.name,
        "may": sorted(one.may),
        "created_at": one.created_at.isoformat(),
        "created_by": one.created_by,
        "used_at": one.used_at.isoformat() if one.used_at else None,
        "revoked_at": one.revoked_at.isoformat() if one.revoked_at else None,
    }
