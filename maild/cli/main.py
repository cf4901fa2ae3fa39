"""The command `maild`: every command hangs on here."""

from __future__ import annotations

import gc
import sys
import traceback
from importlib import import_module
from typing import Annotated, Any, Final

import typer

from maild import __version__
from maild.cli.output import EX_SOFTWARE, ConfigOption

maild = typer.Typer(
    name="maild",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


# Where each command is, in the order of the help: a function, or a group of its own.
_COMMANDS: Final = {
    "demo": "demo:demo",
    "init": "initial:init",
    "check": "operate:check",
    "config": "config:config_group",
    "run": "operate:run",
    "status": "operate:status",
    "doctor": "doctor:doctor",
    "send": "documents:send",
    "inspect": "documents:inspect",
    "eval": "evaluation:evaluate",
    "explain": "documents:explain",
    "export": "export:export",
    "connect": "connect:connect",
    "golive": "operate:golive",
    "backup": "keeping:backup",
    "restore": "keeping:restore",
    "verify": "keeping:verify",
    "password": "operate:password",
    "schema": "operate:schema",
    "documents": "documents:documents",
    "queue": "queue:queue",
    "review": "review:review",
    "senders": "review:senders",
    "exact": "exact:exact",
    "schedule": "schedule:schedule",
    "partner": "partner:partner",
    "sign-in": "partner:sign_in",
    "people": "people:people",
    "pickup": "pickup:pickup",
    "token": "token:token",
    "alarm": "alarm:alarm",
}


def main() -> None:
    """The console script."""
    if sys.argv[1:] in (["--version"], ["-V"]):
        # Before the commands are imported: package managers and health checks ask this often.
        print(f"maild {__version__}")
        return
    # What is imported stays for good: the collector need not look through it while it is made,
    # nor again and again later. Half a second of an export of thousands.
    gc.disable()
    commands(sys.argv[1] if len(sys.argv) > 1 else None)
    gc.freeze()
    gc.enable()
    try:
        maild()
    except Exception:  # noqa: BLE001 - a fault of ours: shown whole, with the exit code that says so
        traceback.print_exc()
        raise SystemExit(EX_SOFTWARE) from None


def commands(name: str | None = None) -> typer.Typer:
    """The command of that name, or the whole tree where there is none of that name.

    A command pulls in what it works with, so one is there in half the time and memory of all.
    """
    names = [name] if name in _COMMANDS else list(_COMMANDS)
    for one in names:
        module, attribute = _COMMANDS[one].split(":")
        found = getattr(import_module(f"maild.cli.{module}"), attribute)
        if isinstance(found, typer.Typer):
            maild.add_typer(found, name=one)
        else:
            maild.command(one)(found)
    return maild


@maild.callback()
def top(
    context: typer.Context,
    config: ConfigOption = None,
    version: Annotated[bool, typer.Option("--version", "-V", help="Print the version.")] = False,
) -> None:
    """Every quote, invoice and credit note reaches the accountant, and maild can prove it."""
    if version:
        print(f"maild {__version__}")
        raise typer.Exit
    if config is not None:
        # `maild --config FILE COMMAND` means what `maild COMMAND --config FILE` means.
        context.default_map = _everywhere(context, config)


def _everywhere(context: typer.Context, config: str) -> dict[str, Any]:
    """The same default for `--config` in every command and sub-command."""
    commands: dict[str, Any] = getattr(context.command, "commands", {})
    return {
        name: {"config": config}
        | {inner: {"config": config} for inner in getattr(command, "commands", {})}
        for name, command in commands.items()
    }
