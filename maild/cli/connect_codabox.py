"""`maild connect codabox`: have CodaBox mail a token, and take it from the mail or from the person."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

from maild.cli.opening import opened
from maild.cli.output import json_line, note, plain_faults, say
from maild.joining import Joining

_LONGEST_LINE = 1_000


def connect_codabox(team: str, *, connector: str | None, as_json: bool, config: str | None) -> None:
    """Ask, then read one line: the token, or nothing where maild takes it from the mail itself."""

    async def go() -> dict[str, Any]:
        async with opened(config) as app:
            served = app.book.team(team)
            joining = Joining.of(app)
            name = joining.connector(connector)
            number = await joining.ask(name, served)
            _tell(number, as_json=as_json)
            line = await asyncio.to_thread(sys.stdin.readline, _LONGEST_LINE)
            token = line.strip()
            if token:
                await joining.redeem(name, served, tokens=[token], pasted=True)
            return {"connector": name, "team": team, "number": number, "connected": bool(token)}

    with plain_faults():
        given = asyncio.run(go())
        if as_json:
            json_line(given)
        elif given["connected"]:
            say(f"CodaBox lets {team} in; what waited for it goes now")
        else:
            say(f"maild waits for the mail to {team} for seven days, and connects it by itself")


def _tell(number: str, *, as_json: bool) -> None:
    if as_json:
        json_line({"asked": number})
        return
    say(f"CodaBox mails a token to the address that it has for {number}")
    note(
        "Where maild reads that mailbox it takes the token itself: press Enter. Else paste it here:"
    )
