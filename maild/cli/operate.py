"""Run the daemon and ask how it is: check, run, status, golive, password, schema."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from maild import teams
from maild.answers import json_schema, users_file_line
from maild.cli.opening import opened
from maild.cli.output import (
    EX_CONFIG,
    ConfigOption,
    JsonOption,
    counted,
    json_line,
    note,
    plain_faults,
    say,
    table,
    when,
)
from maild.daemon import serve
from maild.demo.clock import clock_of


def check(as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """Name every problem of the configuration at once, each with its line and what to do."""
    with plain_faults():
        checked = teams.check(config)
        rules = sum(len(team.rules) for team in checked.teams)
        if as_json:
            json_line(
                {
                    "file": str(checked.loaded.path),
                    "problems": checked.errors,
                    "remarks": checked.remarks,
                    "teams": [team.slug for team in checked.teams],
                    "rules": rules,
                }
            )
        else:
            for line in (*checked.errors, *checked.remarks):
                say(line)
            found = counted(len(checked.errors), "problem")
            teams_and_rules = f"{counted(len(checked.teams), 'team')}, {counted(rules, 'rule')}"
            say(f"{checked.loaded.path}: {found if checked.errors else f'good; {teams_and_rules}'}")
        if checked.errors:
            raise typer.Exit(EX_CONFIG)


def run(config: ConfigOption = None) -> None:
    """Run the daemon until SIGTERM; SIGHUP reads teams, rules and labels again."""
    with plain_faults():
        code = asyncio.run(serve(config, now=clock_of(config)))
    raise typer.Exit(code)


def status(as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """Say how the daemon is and what waits; works while it is down."""

    async def go() -> dict[str, Any]:
        async with opened(config) as app:
            return await app.actions.status()

    with plain_faults():
        shown = asyncio.run(go())
    if as_json:
        json_line(shown)
    else:
        _show_status(shown)


def _show_status(shown: dict[str, Any]) -> None:
    where = ", ".join(shown["smtpd"]["listen"]) or "nowhere"
    say(f"maild {shown['version']}  {shown['state']}  listens on {where}", style="bold")
    queue = shown["queue"]
    waiting = {name: queue[name] for name in queue if name != "oldest_seconds" and queue[name]}
    say("  ".join(f"{n} {name.replace('_', ' ')}" for name, n in waiting.items()) or "queue empty")
    if shown["undecided"]:
        say(f"{shown['undecided']} came in and are not decided yet")
    if queue["oldest_seconds"] is not None:
        say(f"the oldest that is due waits {queue['oldest_seconds']} s")
    table(
        ("team", "mode", ">documents", ">held", ">failed", ">to review", ">refused in 30 days"),
        (
            (
                t["team"],
                t["mode"],
                t["documents"],
                t["held"],
                t["failed"],
                t["review"],
                t["refused"],
            )
            for t in shown["teams"]
        ),
    )
    _show_troubles(shown)


def _show_troubles(shown: dict[str, Any]) -> None:
    """What needs a person, what rests, what is shut, and how each mailbox does."""
    for alarm in shown["alarms"]:
        told = (
            f"told by {alarm['told_by']} {when(alarm['told_at'])}"
            if alarm["told_at"]
            else "nobody was told"
        )
        note(f"ALARM since {when(alarm['since'])}: {alarm['reason']} ({told})", style="red")
    for pause in shown["paused"]:
        until = when(pause["until"])
        note(f"{pause['connector']} rests until {until}: {pause['reason']}", style="yellow")
        if pause["next"]:
            note(f"  {pause['next']}", style="yellow")
    for box in shown["mailboxes"]:
        style = "yellow" if box["dead"] or box["state"] not in _FINE else ""
        note(f"mailbox {box['mailbox']}: {_of_mailbox(box)}", style=style)
    for account in shown["accounts"]:
        if account["trouble"]:
            note(
                f"account {account['account']} needs consent ({account['trouble']}): "
                f"maild connect {account['provider']} {account['team']}",
                style="yellow",
            )
    for one in shown["stopped"]:
        note(f"{one['team']}: nothing goes to {one['address']}: {one['reason']}", style="yellow")
    for warning in shown["warnings"]:
        note(warning, style="yellow")


_FINE = ("connected", "connecting", "stopped", "standing_by", "never_connected")


def _of_mailbox(box: dict[str, Any]) -> str:
    """How a mailbox does, in one line: "connected; last message 2026-03-02 09:00"."""
    parts = [box["state"].replace("_", " ")]
    parts += [f"last login {when(box['last_login'])}"] if box["last_login"] else []
    parts += [f"last message {when(box['last_message'])}"] if box["last_message"] else []
    parts += (
        [f"last error {when(box['last_error_at'])}: {box['last_error']}"]
        if box["last_error"]
        else []
    )
    return "; ".join(parts)


def golive(
    team: Annotated[str, typer.Argument(metavar="TEAM", show_default=False)],
    since: Annotated[
        datetime | None,
        typer.Option(
            "--from", formats=["%Y-%m-%d"], help="Also send what waited since this day (UTC)."
        ),
    ] = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """End a team's shadow mode: from now on its documents are sent."""

    async def go() -> dict[str, Any]:
        async with opened(config) as app:
            return await app.actions.golive(
                team, since=since.replace(tzinfo=UTC) if since else None
            )

    with plain_faults():
        done = asyncio.run(go())
        if as_json:
            json_line(done)
            return
        say(f"{team} is live; {done['released']} deliveries that waited are on their way")
        if done["still_held"]:
            note(
                f"{done['still_held']} from shadow mode stay held; "
                f"maild golive {team} --from DATE sends those accepted since that day"
            )


def password(
    name: Annotated[str, typer.Argument(metavar="NAME", show_default=False)],
    value: Annotated[
        str, typer.Option("--password", prompt=True, hide_input=True, confirmation_prompt=True)
    ],
) -> None:
    """Print a line for `smtpd.users_file`: NAME with a salted hash of the password."""
    with plain_faults():
        say(users_file_line(name, value))


def schema(
    what: Annotated[
        str, typer.Argument(metavar="document|config", help="What to describe.")
    ] = "document",
) -> None:
    """Print the JSON schema of our JSON document, or of the configuration file."""
    with plain_faults():
        print(json.dumps(json_schema(what), indent=2, ensure_ascii=False))
