"""`maild doctor`: what is wrong with everything that maild depends on, and what to do."""

from __future__ import annotations

import asyncio

import typer

from maild.cli.opening import opened
from maild.cli.output import (
    EX_PROBLEM,
    ConfigOption,
    JsonOption,
    counted,
    json_line,
    plain_faults,
    say,
)
from maild.doctor.examine import examine
from maild.doctor.finding import Finding

SIGNS = {"good": "✓", "note": "·", "warning": "⚠", "error": "✕"}
STYLES = {"good": "", "note": "dim", "warning": "yellow", "error": "red"}


def doctor(as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """Look at disk, clock, files, logins, consents and the DNS of every sending domain.

    Nothing is sent. Exit code 1 when something is wrong; each finding says what to do next.
    """

    async def go() -> list[Finding]:
        async with opened(config) as app:
            return await examine(app)

    with plain_faults():
        found = asyncio.run(go())
        errors = sum(one.level == "error" for one in found)
        warnings = sum(one.level == "warning" for one in found)
        if as_json:
            findings = [one.json() for one in found]
            json_line({"errors": errors, "warnings": warnings, "findings": findings})
        else:
            for one in found:
                _show(one)
            say(f"{counted(errors, 'error')}, {counted(warnings, 'warning')}")
        if errors:
            raise typer.Exit(EX_PROBLEM)


def _show(one: Finding) -> None:
    say(f"{SIGNS[one.level]} {one.area} {one.about}: {one.said}", style=STYLES[one.level])
    if one.next:
        say(f"    {one.next}{':' if one.records else ''}")
    for record in one.records:
        say(f"    {record}")
