"""`maild alarm`: whether a person would be reached on the day that mail is dead."""

from __future__ import annotations

import asyncio

import typer

from maild import roads, works
from maild.cli.opening import opened
from maild.cli.output import (
    EX_PROBLEM,
    ConfigOption,
    JsonOption,
    json_line,
    plain_faults,
    say,
)
from maild.errors import UserError

alarm = typer.Typer(no_args_is_help=True, help="The roads of [alarm] to a person.")


@alarm.callback()
def group() -> None:
    """The roads of [alarm] to a person."""


@alarm.command("test")
def try_roads(as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """Send a test on every road of [alarm]; exit code 1 when one does not work."""

    async def go() -> list[dict[str, str | None]]:
        async with opened(config) as app:
            tokens = roads.build_tokens(app)
            connectors = roads.build_connectors(app, tokens)
            try:
                return await works.build_watchman(app, connectors).test()
            finally:
                for one in connectors.values():
                    await one.close()
                await tokens.close()

    with plain_faults():
        tried = asyncio.run(go())
        if not tried:
            raise UserError(
                "[alarm] names no road: nobody would be told",
                hint="write webhook, command, or relay and to; docs/operations.md has them",
            )
        for one in tried:
            if as_json:
                json_line(one)
            else:
                works_or_not = f"✕ {one['trouble']}" if one["trouble"] else "✓ works"
                say(f"{one['road']}: {works_or_not}")
        if any(one["trouble"] for one in tried):
            raise typer.Exit(EX_PROBLEM)
