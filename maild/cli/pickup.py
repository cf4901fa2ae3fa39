"""Links by which people download packages of a period: list them, end one."""

from __future__ import annotations

import asyncio
from datetime import datetime
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
from maild.model.pickup import Pickup

pickup = typer.Typer(
    no_args_is_help=True, help="Links by which people download packages of a period."
)

CONSOLE = "console"


@pickup.command("list")
def list_pickups(
    team: Annotated[str | None, typer.Option(help="Of this team only.")] = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """List the links that were mailed, the newest first, and what became of each."""

    async def go() -> list[dict[str, Any]]:
        async with opened(config) as app:
            found = await app.pickups.listed(team=team)
            return [_shown(one, now=app.now()) for one in found]

    with plain_faults():
        found = asyncio.run(go())
        for one in found if as_json else ():
            json_line(one)
        if as_json:
            return
        if not found:
            note('no link was mailed yet: recipients with packages = "link" get them')
            return
        table(
            ("link", "team", "package", "mailed to", "good until", "downloads", "state"),
            [
                [
                    one["id"],
                    one["team"],
                    one["document"],
                    one["address"],
                    when(one["expires_at"]),
                    f"{one['taken']} of {one['most']}",
                    one["state"],
                ]
                for one in found
            ],
        )


@pickup.command("revoke")
def revoke(
    link: Annotated[str, typer.Argument(metavar="LINK", show_default=False)],
    config: ConfigOption = None,
) -> None:
    """End a link by its id; it holds at once, for downloads under way too."""

    async def go() -> Pickup:
        async with opened(config) as app:
            return await app.pickups.revoke(link, by=CONSOLE)

    with plain_faults():
        one = asyncio.run(go())
        say(f"{one.id} to {one.document} of {one.team} leads nowhere any more")


def _shown(one: Pickup, *, now: datetime) -> dict[str, Any]:
    over = one.over(now)
    return {
        "id": one.id,
        "team": one.team,
        "document": one.document,
        "delivery": one.delivery,
        "address": one.address,
        "state": over.value if over else "good",
        "created_at": one.created_at.isoformat(),
        "expires_at": one.expires_at.isoformat(),
        "most": one.most,
        "taken": one.taken,
        "revoked_at": one.revoked_at.isoformat() if one.revoked_at else None,
        "revoked_by": one.revoked_by,
    }
