"""Packages of a period: export."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from maild.cli.opening import opened
from maild.cli.output import (
    ConfigOption,
    JsonOption,
    counted,
    err,
    json_line,
    note,
    plain_faults,
    say,
)
from maild.cli.shown import road
from maild.errors import UserError
from maild.exports.asked import choice_of
from maild.model.export import Choice


def export(
    team: Annotated[str, typer.Argument(metavar="TEAM", show_default=False)],
    period: Annotated[str, typer.Argument(metavar="PERIOD", show_default=False)],
    out: Annotated[Path | None, typer.Option("--out", "-o", help="The ZIP file to write.")] = None,
    to: Annotated[
        list[str] | None, typer.Option(help="Send it to this recipient of the team, by name.")
    ] = None,
    kinds: Annotated[
        str | None, typer.Option(help="Which, with commas between; else what an accountant books.")
    ] = None,
    direction: Annotated[str | None, typer.Option(help="Only sales, or only purchase.")] = None,
    formats: Annotated[
        str | None, typer.Option(help="Some of pdf,ubl,attachments,csv,xlsx; else all.")
    ] = None,
    dialect: Annotated[
        str | None, typer.Option(help="Of the CSV files: excel-nl, excel-be, rfc4180, ...")
    ] = None,
    since: Annotated[
        datetime | None,
        typer.Option(
            "--from", formats=["%Y-%m-%d"], help="Only what is dated on this day or later."
        ),
    ] = None,
    only: Annotated[
        str | None, typer.Option(help='"sent": of sales, only what was handed over to somebody.')
    ] = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Pack the documents of a period with their index: "2026-03", "2026-Q1", "last-month"."""

    async def go() -> dict[str, Any]:
        async with opened(config) as app:
            with _bar() as told:
                if out is not None:
                    return await app.exports.write(team, period, choice=choice, path=out, told=told)
                return await app.exports.send(team, period, choice=choice, to=to or (), told=told)

    with plain_faults():
        if (out is None) == (not to):
            raise UserError("say where it goes: --out FILE, or --to RECIPIENT")
        choice = choice_of(
            Choice(),
            kinds=kinds,
            direction=direction,
            formats=formats,
            dialect=dialect,
            since=since.date() if since else None,
            only=only,
        )
        made = asyncio.run(go())
        json_line(made) if as_json else _show(made)


@contextmanager
def _bar() -> Iterator[Any]:
    """A bar on standard error, where somebody looks at it."""
    if not sys.stderr.isatty():
        yield None
        return
    columns = (TextColumn("documents"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=err, transient=True) as progress:
        task = progress.add_task("documents", total=None)
        yield lambda done, of: progress.update(task, completed=done, total=of)


def _show(made: dict[str, Any]) -> None:
    what = f"{counted(made['count'], 'document')} of {made['label']}"
    if "file" in made:
        size = f"{made['size'] / 1_000_000:.1f} MB"
        say(f"{made['file']}: {what}, {size}, sha256 {made['sha256']}")
    elif made["repeated"]:
        again = f"maild documents resend {made['document']} --to RECIPIENT sends it once more"
        say(f"{what}: already there as {made['document']}; nothing goes twice ({again})")
    else:
        say(f"{what}, in {counted(len(made['parts']), 'part')}: {made['document']}")
        for delivery in made["deliveries"]:
            say(f"  -> {road(delivery)}")
    for one in made["totals"]:
        what = f"{one['documents']} {one['kind'].replace('_', ' ')}"
        say(f"  {what}  {one['total']} {one['currency'] or ''}".rstrip())
    if made["incomplete"]:
        note(f"{made['incomplete']} without a PDF or UBL: see index.json", style="yellow")
    for gap in made["gaps"]:
        run = gap["first"] if gap["count"] == 1 else f"{gap['first']} to {gap['last']}"
        note(f"gap in the numbers of {gap['kind'].replace('_', ' ')}s: {run}", style="yellow")
    for one in made["left_out"]:
        note(f"not in it: {one['count']} {one['kind'].replace('_', ' ')}, {REASONS[one['reason']]}")
    for said in made["notes"]:
        note(said, style="yellow")


REASONS = {
    "waited": "which wait for a decision (maild review list)",
    "rejected": "which were rejected",
    "kind": "whose kind was not asked for (--kinds)",
    "direction": "whose direction was not asked for (--direction)",
    "before": "dated before --from",
    "unsent": "of which nothing was handed over",
}
