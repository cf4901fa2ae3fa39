"""`maild schedule`: what the clock does when, what became of it, and a word of a person."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, Final

import typer

from maild.cli.opening import opened
from maild.cli.output import (
    ConfigOption,
    JsonOption,
    TeamOption,
    json_line,
    note,
    plain_faults,
    say,
    table,
    when,
)
from maild.model.said import Said

_SKIPPED: Final = Said("person_skipped", "a person skipped it")

schedule = typer.Typer(no_args_is_help=True, help="What the clock does, and when.")
Name = Annotated[str, typer.Argument(metavar="SCHEDULE", show_default=False)]
PeriodName = Annotated[
    str,
    typer.Argument(
        metavar="PERIOD", show_default=False, help="Such as 2026-03, 2026-Q1, 2026-03-29."
    ),
]


@schedule.callback()
def group() -> None:
    """What the clock does, and when."""


@schedule.command("list")
def list_schedules(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="SCHEDULE", show_default=False, help="One schedule, with all its runs."
        ),
    ] = None,
    team: TeamOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """List every schedule: its next time, its last run, and what was missed or failed."""

    async def go() -> list[dict[str, Any]]:
        async with opened(config) as app:
            if name is not None:
                return [await app.agenda.show(name)]
            return await app.agenda.list(team=team)

    with plain_faults():
        found = asyncio.run(go())
        if as_json:
            for one in found:
                json_line(one)
            return
        if name is not None:
            _show_one(found[0])
        else:
            _show_all(found)


@schedule.command("run")
def run(
    name: Name, period: PeriodName, as_json: JsonOption = False, config: ConfigOption = None
) -> None:
    """Let the work of a period be done now: one that failed, was skipped or missed.

    The daemon does it within a minute; while it is down, as soon as it starts.
    """

    async def go() -> dict[str, Any]:
        async with opened(config) as app:
            return await app.agenda.run(name, period)

    with plain_faults():
        _answer(asyncio.run(go()), as_json=as_json)


@schedule.command("skip")
def skip(
    name: Name,
    period: PeriodName,
    reason: Annotated[str, typer.Option(help="Why; it is shown to whoever looks.")] = "",
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Pass over a period, also one to come."""

    async def go() -> dict[str, Any]:
        async with opened(config) as app:
            return await app.agenda.skip(name, period, reason=reason or _SKIPPED)

    with plain_faults():
        _answer(asyncio.run(go()), as_json=as_json)


def _answer(run: dict[str, Any], *, as_json: bool) -> None:
    json_line(run) if as_json else say(f"{run['schedule']}  {_of_run(run)}")


def _show_all(found: list[dict[str, Any]]) -> None:
    table(
        ("schedule", "when", "next", "period", "last run", "what it does"),
        (
            (
                one["schedule"],
                one["when"],
                one["next_local"],
                one["next_period"],
                _of_run(one["last"]) if one["last"] else "",
                one["what"],
            )
            for one in found
        ),
    )
    for one in found:
        _show_troubles(one)


def _show_one(one: dict[str, Any]) -> None:
    say(f"{one['schedule']}  {one['when']}  {one['what']}", style="bold")
    say(f"next: {one['next_local']} for {one['next_period']}; of what is missed: {one['catch_up']}")
    for each in one["runs"]:
        say(f"  {_of_run(each)}")
    _show_troubles(one)


def _show_troubles(one: dict[str, Any]) -> None:
    name = one["schedule"]
    if one["owed"]:
        note(f"{name}: {', '.join(one['owed'])} wait for the daemon", style="yellow")
    for each in one["failed"]:
        note(
            f"{name}: {_of_run(each)}; then maild schedule run {name} {each['period']}", style="red"
        )
    if one["skipped"]:
        periods = ", ".join(each["period"] for each in reversed(one["skipped"]))
        note(f"{name}: skipped {periods}", style="yellow")


def _of_run(run: dict[str, Any]) -> str:
    """A run in one line: "2026-03  ✓ done 2026-04-06 05:00:02  12 documents"."""
    words = {"due": "… due", "running": "→ running", "done": "✓ done", "skipped": "- skipped"}
    state = words.get(run["state"], f"✗ {run['state']}")
    at = run["ended_at"] or run["started_at"] or run["not_before"]
    parts = (run["period"], f"{state} {when(at)}", run["result"])
    return "  ".join(one for one in parts if one)
