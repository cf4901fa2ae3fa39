"""Write what docs/ shows of the code: every command with its options, every log event.

    .venv/bin/python tools/docs.py

writes docs/commands.md and the table of events in docs/operations.md anew. The rest of docs/ is
written by hand; tests/docs looks whether all of it fits the code.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

COMMANDS = ROOT / "docs" / "commands.md"
OPERATIONS = ROOT / "docs" / "operations.md"

COMMANDS_HEAD = """\
# Commands

Made by `tools/docs.py` from what `maild COMMAND --help` says; correct it there.

The answer goes to standard output, remarks and problems to standard error; exit codes are in
[operations.md](operations.md#exit-codes). Commands read and write the store beside the daemon, and work
while it is down. Options that several commands have:

- `--config FILE`, `-c FILE`: The configuration; else $MAILD_CONFIG, ./maild.toml, /etc/maild/maild.toml.
  It may stand before the command too.
- `--json`: One JSON object a line, for programs.
- `--help`: What a command does, and its options.

`maild --version` (`-V`) prints the version.
"""
# Said once at the top of the page, where their help is the usual one.
SHARED = {
    "--config": "The configuration; else $MAILD_CONFIG, ./maild.toml, /etc/maild/maild.toml.",
    "--json": "One JSON object a line, for programs.",
}
EVENTS_HEAD = """\
| Event | Level | What it says | Fields |
| --- | --- | --- | --- |
"""


def main() -> None:
    """Write both pages."""
    COMMANDS.write_text(commands_page(), encoding="utf-8")
    OPERATIONS.write_text(
        with_events(OPERATIONS.read_text(encoding="utf-8"), event_rows()), encoding="utf-8"
    )


# Commands.


@cache
def command_tree() -> Any:
    """The command `maild` with all that hangs on it."""
    import typer  # noqa: PLC0415 - what only looks at events needs no commands

    from maild.cli.main import commands  # noqa: PLC0415 - the same

    return typer.main.get_command(commands())


def all_commands() -> Iterator[tuple[str, Any]]:
    """Every command and sub-command that does something, by its full name, such as "queue list"."""
    yield from _below(command_tree(), ())


def commands_page() -> str:
    """docs/commands.md as it should be."""
    found = list(all_commands())
    parts = [COMMANDS_HEAD]
    parts += [_section(name, one) for name, one in found if " " not in name]
    for name, group in command_tree().commands.items():
        if hasattr(group, "commands"):
            parts.append(f"## maild {name}\n\n{group.help}\n")
            inner = [(full, one) for full, one in found if full.startswith(f"{name} ")]
            parts += [_section(full, one, level="###") for full, one in inner]
    return "\n".join(parts)


def _below(group: Any, path: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _below(command, (*path, name))
        else:
            yield " ".join((*path, name)), command


def _section(name: str, command: Any, *, level: str = "##") -> str:
    arguments = [one for one in command.params if one.param_type_name == "argument"]
    words = [one.metavar if one.required else f"[{one.metavar}]" for one in arguments]
    text = " ".join(command.help.split())
    return f"{level} {' '.join(('maild', name, *words))}\n\n{text}\n{_options(command)}"


def _options(command: Any) -> str:
    options = [one for one in command.params if one.param_type_name == "option"]
    shared = [one for one in options if one.help and SHARED.get(one.opts[0]) == one.help]
    rows = [f"- {_option(one)}\n" for one in options if one not in shared]
    if shared:
        rows.append(f"- {', '.join(f'`{one.opts[0]}`' for one in shared)}\n")
    return "".join(["\n", *rows] if rows else [])


def _option(option: Any) -> str:
    value = "" if option.is_flag else f" {option.metavar or option.name.rstrip('_').upper()}"
    names = ", ".join(f"`{name}{value}`" for name in option.opts)
    shown = isinstance(option.default, str | int) and not option.is_flag and option.default != ""
    said = [option.help or ""]
    said += ["Must be given, or is asked for."] if option.prompt else []
    said += ["Must be given."] if option.required and not option.prompt else []
    said += ["May be given several times."] if option.multiple else []
    said += [f"Default: `{option.default}`."] if shown else []
    return f"{names}: {' '.join(one for one in said if one)}"


# Events.


def event_rows() -> list[str]:
    """A row for each function of `maild.log` that writes an event, in the order of the files."""
    trees = [
        ast.parse(path.read_text(encoding="utf-8"))
        for path in sorted((ROOT / "maild" / "log").glob("*.py"))
    ]
    functions = [one for tree in trees for one in tree.body if isinstance(one, ast.FunctionDef)]
    return [row for one in functions for row in _event_row(one)]


def with_events(page: str, rows: Iterable[str]) -> str:
    """The page with these rows in its table of events."""
    before, _, after = page.partition(EVENTS_HEAD)
    if not after:
        sys.exit(f"{OPERATIONS.name} has no table of events:\n{EVENTS_HEAD}")
    rest = after.splitlines(keepends=True)
    while rest and rest[0].startswith("|"):
        del rest[0]
    return before + EVENTS_HEAD + "".join(f"{row}\n" for row in rows) + "".join(rest)


def _event_row(function: ast.FunctionDef) -> Iterator[str]:
    calls = [one for one in ast.walk(function) if isinstance(one, ast.Call)]
    written = [one for one in calls if one.keywords and _event(one)]
    if written:
        fields = [one.arg or "" for one in written[0].keywords]
        names = ", ".join("error" if one == "exc_info" else one for one in fields)
        said = " ".join((ast.get_docstring(function) or "").split())
        yield f"| `{_event(written[0])}` | {_levels(function)} | {said} | {names} |"


def _event(call: ast.Call) -> str:
    first = call.args[0] if call.args else None
    is_name = isinstance(first, ast.Constant) and isinstance(first.value, str)
    return str(first.value) if is_name and isinstance(first, ast.Constant) else ""


def _levels(function: ast.FunctionDef) -> str:
    """The levels that a function writes at, the usual one first: "warning/error"."""
    levels = ("debug", "info", "warning", "error")
    found = {
        one.attr
        for one in ast.walk(function)
        if isinstance(one, ast.Attribute)
        and isinstance(one.value, ast.Name)
        and one.value.id == "LOG"
    }
    return "/".join(one for one in levels if one in found)


if __name__ == "__main__":
    main()
