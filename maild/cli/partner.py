"""Accountants who see a team's documents in the pages, and a way in for somebody at this machine."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

import typer

from maild.app import App
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
from maild.errors import UserError
from maild.model.access import Link, Right, Scope

partner = typer.Typer(
    no_args_is_help=True, help="Accountants who see a team's documents in the pages."
)

Team = Annotated[str, typer.Argument(metavar="TEAM", show_default=False)]
Address = Annotated[str, typer.Argument(metavar="ADDRESS", show_default=False)]
CONSOLE = "console"


@partner.command("invite")
def invite(
    team: Team,
    address: Address,
    rights: Annotated[
        list[Right] | None,
        typer.Option("--may", help="What he may do; again for more. Default: all but auto."),
    ] = None,
    config: ConfigOption = None,
) -> None:
    """Invite an accountant to see a team's documents; he has to accept."""
    given = rights or [Right.SALES, Right.PURCHASE, Right.EXPORT]

    async def go() -> Link:
        async with opened(config) as app:
            return await app.access.links.invite(team, address, rights=given, by=CONSOLE)

    with plain_faults():
        link = asyncio.run(go())
        say(f"invited {link.email} ({link.id}), good until {when(link.expires_at.isoformat())}")


@partner.command("list")
def list_links(team: Team, as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """List who sees a team's documents, who was invited or asks, and who did."""

    async def go() -> list[dict[str, Any]]:
        async with opened(config) as app:
            slug = app.book.team(team).slug
            return [await _shown(app, one) for one in await app.access.links.of_team(slug)]

    with plain_faults():
        found = asyncio.run(go())
        for one in found if as_json else ():
            json_line(one)
        if as_json:
            return
        if not found:
            note(f"nobody sees the documents of {team}; `maild partner invite` asks somebody")
            return
        columns = ("link", "office", "address", "state", "may", "since")
        table(
            columns,
            [
                [
                    one["id"],
                    one["partner"] or "",
                    one["email"],
                    one["state"],
                    ", ".join(one["rights"]),
                    when(one["created_at"]),
                ]
                for one in found
            ],
        )


@partner.command("revoke")
def revoke(
    link: Annotated[str, typer.Argument(metavar="LINK", show_default=False)],
    config: ConfigOption = None,
) -> None:
    """End a link or take an invitation back; it holds at once."""

    async def go() -> Link:
        async with opened(config) as app:
            operator = Scope(person="", email=CONSOLE, operator=True)
            return await app.access.links.end(link, scope=operator)

    with plain_faults():
        done = asyncio.run(go())
        say(f"{done.email} sees nothing of {done.team} any more")


def sign_in(address: Address, config: ConfigOption = None) -> None:
    """Print a link that signs in whoever opens it first, within ten minutes.

    For the first operator, and for the day that mail does not work. Who can run this command reads
    everything anyway.
    """

    async def go() -> str:
        async with opened(config) as app:
            if not app.settings.web.listen:
                raise UserError(
                    "no pages are served", hint='name an address, [web] listen = "127.0.0.1:8080"'
                )
            return await app.access.sign_ins.console_link(address)

    with plain_faults():
        say(asyncio.run(go()))


async def _shown(app: App, link: Link) -> dict[str, Any]:
    office = await app.access.links.partner(link.partner) if link.partner else None
    return {
        "id": link.id,
        "team": link.team,
        "partner": office.name if office else None,
        "email": link.email,
        "rights": sorted(link.rights),
        "state": link.state.value,
        "created_at": link.created_at.isoformat(),
        "created_by": link.created_by,
        "decided_at": link.decided_at.isoformat() if link.decided_at else None,
        "ended_at": link.ended_at.isoformat() if link.ended_at else None,
        "ended_by": link.ended_by,
    }
