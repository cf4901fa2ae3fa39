"""People who sign in to the pages, and what they prove themselves by."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

import typer

from maild.cli.opening import opened
from maild.cli.output import ConfigOption, JsonOption, counted, json_line, note, plain_faults, say
from maild.cli.output import table as print_table
from maild.cli.partner import CONSOLE
from maild.partners.factors import Known

people = typer.Typer(
    no_args_is_help=True, help="People who sign in to the pages, and their second factors."
)


@people.command("list")
def list_people(as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """List everybody who ever asked to sign in, with office, second factors and open sessions."""

    async def go() -> tuple[Known, ...]:
        async with opened(config) as app:
            return await app.access.factors.everybody()

    with plain_faults():
        found = [_shown(one) for one in asyncio.run(go())]
        for one in found if as_json else ():
            json_line(one)
        if as_json:
            return
        if not found:
            note("nobody signed in yet; `maild sign-in ADDRESS` prints a first link")
            return
        columns = ("address", "office", "language", "second factor", ">sessions")
        rows = [
            [one["email"], one["office"] or "", one["language"], _factors(one), one["sessions"]]
            for one in found
        ]
        print_table(columns, rows)


@people.command("reset")
def reset(
    address: Annotated[str, typer.Argument(metavar="ADDRESS", show_default=False)],
    config: ConfigOption = None,
) -> None:
    """Drop the second factors of somebody who lost them, and sign him out; he is told by mail.

    He then signs in by a mailed link and sets a new one up. Be sure that it is he who asks.
    """

    async def go() -> None:
        async with opened(config) as app:
            await app.access.factors.reset(address, by=CONSOLE)

    with plain_faults():
        asyncio.run(go())
        say(f"{address} has no second factor any more, and sets one up at the next sign-in")


def _shown(one: Known) -> dict[str, Any]:
    return {
        "email": one.person.email,
        "office": one.office or None,
        "language": one.person.language,
        "passkeys": len(one.held.passkeys),
        "app": one.held.app is not None,
        "sessions": one.sessions,
        "created_at": one.person.created_at.isoformat(),
    }


def _factors(one: dict[str, Any]) -> str:
    passkeys = [counted(one["passkeys"], "passkey")] if one["passkeys"] else []
    return ", ".join([*passkeys, *(["app"] if one["app"] else [])]) or "none"
