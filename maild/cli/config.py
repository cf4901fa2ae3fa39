"""`maild config`: every value in force, and the file, variable or default that says it."""

from __future__ import annotations

from typing import Annotated

import typer

from maild import teams
from maild.cli.output import (
    EX_CONFIG,
    ConfigOption,
    JsonOption,
    json_line,
    note,
    plain_faults,
    say,
    stop,
    table,
)
from maild.config.effective import effective

config_group = typer.Typer(no_args_is_help=True, help="What is configured, and where.")


@config_group.callback()
def group() -> None:
    """What is configured, and where."""


@config_group.command("show")
def show(
    word: Annotated[
        str,
        typer.Argument(
            metavar="WORD", show_default=False, help="Only keys with this in them, such as smtpd."
        ),
    ] = "",
    said: Annotated[bool, typer.Option("--said", help="Leave out what is a default.")] = False,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """List every value as it holds, with the line that says it; what is secret is hidden."""
    with plain_faults():
        checked = teams.check(config)
        if checked.loaded.settings is None:
            stop(checked.errors, code=EX_CONFIG)
        found = [
            one
            for one in effective(checked.loaded)
            if word.lower() in one.key.lower() and not (said and one.by == "default")
        ]
        if as_json:
            for one in found:
                json_line({"key": one.key, "value": one.value, "by": one.by, "source": one.source})
            return
        if found:
            table(
                ("KEY", "VALUE", "FROM"),
                [(one.key, one.value, one.source or "default") for one in found],
            )
        else:
            say(f'no key has "{word}" in it' if word else "nothing is said; all are defaults")
        for line in checked.errors:
            note(line)
