"""How well maild reads the invoices of a folder: eval."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated, Any

import typer

from maild.answers import NO_LABELS, evaluate_folder, labels_named, team_named
from maild.cli.output import ConfigOption, JsonOption, json_line, note, plain_faults, say, table


def evaluate(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", show_default=False)],
    team: Annotated[
        str | None,
        typer.Option("--team", "-t", help="Whose invoices: its numbers are the buyer's."),
    ] = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Read each PDF or picture of a folder that has its truth beside it (FILE.json), and say how much was right."""

    async def go() -> dict[str, Any]:
        whose = team_named(team, config=config) if team else None
        labels = labels_named(config=config) if team or config else NO_LABELS
        return await evaluate_folder(folder, team=whose, labels=labels)

    with plain_faults():
        told = asyncio.run(go())
        if as_json:
            json_line(told)
        else:
            _show(told)


def _show(told: dict[str, Any]) -> None:
    rows = [_row(key, score) for key, score in told["fields"].items() if score["printed"]]
    table(("field", "right", "of proven"), [*rows, _row("all", told["all"])])
    for one in told["wrong"]:
        said = one["value"] if one["value"] is not None else "nothing"
        say(f"{one['file']}: {one['field']} is {one['truth']}, read as {said} ({one['verdict']})")
    for one in told["unreadable"]:
        note(f"! {one}", style="yellow")
    took = told["milliseconds"]
    say(f"{told['documents']} documents, {took['median']} ms each, {took['most']} ms at most")


def _row(key: str, score: dict[str, Any]) -> tuple[str, str, str]:
    return (
        key,
        f"{score['right']} of {score['printed']}",
        f"{score['proven_right']} of {score['proven']}",
    )
