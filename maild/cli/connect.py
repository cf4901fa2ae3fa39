"""`maild connect`: ask a user of Microsoft 365, Google or Exact Online to let maild in."""

from __future__ import annotations

import asyncio
import sys
from typing import Annotated, Any, Literal

import typer

from maild.cli.connect_codabox import connect_codabox
from maild.cli.opening import opened
from maild.cli.output import (
    EX_UNAVAILABLE,
    ConfigOption,
    JsonOption,
    json_line,
    note,
    plain_faults,
    say,
)
from maild.consents import Account, Consents
from maild.errors import UserError

LONGEST_LINE = 16_384  # octets; the address that a browser ends at has about 2,000


def connect(
    provider: Annotated[
        Literal["microsoft", "google", "exact", "codabox"],
        typer.Argument(metavar="microsoft|google|exact|codabox", show_default=False),
    ],
    team: Annotated[str, typer.Argument(metavar="TEAM", show_default=False)],
    account: Annotated[
        str | None,
        typer.Option(
            help="Which [account.NAME] or [connector.codabox.NAME], where there are several."
        ),
    ] = None,
    by_page: Annotated[
        bool,
        typer.Option("--paste", help="By a page of which the last address is pasted here."),
    ] = False,
    by_device: Annotated[
        bool, typer.Option("--device", help="By a code that is typed in on any device.")
    ] = False,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Ask the owner of a mailbox to let maild send and read mail with it, or a user of Exact Online to let it book.

    Microsoft is asked by a code, Google and Exact by a page, unless told otherwise; CodaBox mails a token
    to the company. Works while the daemon runs, which then goes on by itself. With --json the question is
    one line and the answer another.
    """
    if provider == "codabox":
        connect_codabox(team, connector=account, as_json=as_json, config=config)
        return

    async def go() -> dict[str, Any]:
        async with opened(config) as app:
            app.book.team(team)
            consents = Consents.of(app)
            asked = consents.account(provider, team=team, name=account)
            way = _by_page if by_page or not (by_device or asked.device_first) else _by_device
            return await way(consents, asked, as_json=as_json)

    with plain_faults():
        if by_page and by_device:
            raise UserError("--paste and --device are two ways; choose one")
        given = asyncio.run(go())
        if as_json:
            json_line(given)
        else:
            say(f"{given['address']} lets maild in; {given['account']} is connected")
        troubles = [one for one in given["connectors"] if one["trouble"]]
        for one in troubles if not as_json else []:
            note(f"connector {one['connector']} cannot log in: {one['trouble']}", style="yellow")
        if troubles:
            raise typer.Exit(EX_UNAVAILABLE)


async def _by_device(consents: Consents, account: Account, *, as_json: bool) -> dict[str, Any]:
    question = await consents.ask_by_device(account)
    if as_json:
        until = question.until.isoformat()
        json_line({"address": question.address, "code": question.code, "until": until})
    else:
        say(f"open {question.address} as {account.address} and type in {question.code}")
        note("waiting; Ctrl-C ends it")
    return await consents.wait_for_device(account, question)


async def _by_page(consents: Consents, account: Account, *, as_json: bool) -> dict[str, Any]:
    question = consents.ask_by_page(account)
    if as_json:
        json_line({"address": question.address})
    else:
        say(f"open this page as {account.address} and say yes:")
        say(question.address)
        note(
            f"The browser ends at {account.redirect_uri}, on a page that may not load. "
            "Paste its whole address here:"
        )
    pasted = await asyncio.to_thread(sys.stdin.readline, LONGEST_LINE)
    return await consents.redeem_page(account, question, pasted=pasted)
