"""Keep what maild knows: backup, restore, verify."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from maild import keeping
from maild.cli.output import (
    EX_PROBLEM,
    ConfigOption,
    JsonOption,
    counted,
    json_line,
    note,
    plain_faults,
    say,
    when,
)

FileArgument = Annotated[Path, typer.Argument(metavar="FILE", show_default=False)]


def backup(file: FileArgument, as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """Write everything in data_dir to one new tar file with checksums; the daemon may run."""
    with plain_faults():
        done = keeping.back_up(config, file, progress=_progress)
        if as_json:
            json_line(done)
        else:
            say(f"{done['file']}: {counted(done['files'], 'file')}, {done['size']} bytes")
        for key in done["lost"]:
            note(f"the stored bytes of {key} are missing or damaged; not in the backup")
        if done["lost"]:
            raise typer.Exit(EX_PROBLEM)


def restore(
    file: FileArgument,
    into: Annotated[Path, typer.Option("--into", metavar="DIR", help="An empty folder.")],
    as_json: JsonOption = False,
) -> None:
    """Put a backup into an empty folder; what was to be sent is held, since it may have been."""
    with plain_faults():
        done = keeping.put_back(file, into)
        if as_json:
            json_line(done)
            return
        say(
            f"{done['data_dir']} is as it was at {when(done['taken_at'])} UTC;"
            f" name it as data_dir and start maild"
        )
        if done["held"]:
            note(
                f"held, since they may have been sent after the backup: {done['held']} deliveries;"
                " maild queue list --state held shows them,"
                " maild queue release --restored sends them all"
            )
        for key in done["lost"]:
            note(f"the stored bytes of {key} were missing when the backup was taken")


def verify(
    file: Annotated[Path | None, typer.Argument(metavar="FILE", show_default=False)] = None,
    repair: Annotated[
        bool, typer.Option("--repair", help="Count anew in the store; no daemon may run.")
    ] = False,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Look whether a backup is whole, or the store itself: every row, reference and stored byte."""
    if repair and file is not None:
        raise typer.BadParameter(
            "--repair is for the store; a backup counts anew when it is restored"
        )
    with plain_faults():
        found = keeping.verify(config, file, repair=repair)
        if as_json:
            json_line(found)
        else:
            for one in found["repaired"]:
                say(f"{one.partition(';')[0]}; it was counted anew")
            for problem in found["problems"]:
                say(problem)
            what = f"{file}, taken at {when(found['taken_at'])} UTC" if file else "the store"
            wrong = counted(len(found["problems"]), "problem") if found["problems"] else "good"
            say(f"{what}: {counted(found['files'], 'file')}, {wrong}")
        if found["problems"]:
            raise typer.Exit(EX_PROBLEM)


def _progress(done: int, total: int) -> None:
    """A line that overwrites itself, for who watches; nothing in a log."""
    if sys.stderr.isatty() and (done % 100 == 0 or done == total):
        sys.stderr.write(f"\r{done} of {total} files" + ("\n" if done == total else ""))
        sys.stderr.flush()
