"""The command `maild`: every command hangs on here."""

from __future__ import annotations

import sys
import traceback
from typing import Annotated, Any

import typer

from maild import __version__
from maild.cli.output import EX_SOFTWARE, ConfigOption

maild = typer.Typer(
    name="maild",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def main() -> None:
    """The console script."""
    if sys.argv[1:] in (["--version"], ["-V"]):
        # Before the commands are imported: package managers and health checks ask this often.
        print(f"maild {__version__}")
        return
    commands()
    try:
        maild()
    except Exception:  # noqa: BLE001 - a fault of ours: shown whole, with the exit code that says so
        traceback.print_exc()
        raise SystemExit(EX_SOFTWARE) from None


def commands() -> typer.Typer:
    """The whole command tree; imported late so that `maild --version` stays quick."""
    from maild.cli import (
        config,
        connect,
        demo,
        doctor,
        documents,
        evaluation,
        export,
        initial,
        keeping,
        operate,
    )

    maild.command()(demo.demo)
    maild.command("init")(initial.init)
    maild.command()(operate.check)
    maild.add_typer(config.config_group, name="config")
    maild.command()(operate.run)
    maild.command()(operate.status)
    maild.command()(doctor.doctor)
    maild.command()(documents.send)
    maild.command()(documents.inspect)
    maild.command("eval")(evaluation.evaluate)
    maild.command()(documents.explain)
    maild.command()(export.export)
    maild.command()(connect.connect)
    maild.command()(operate.golive)
    maild.command()(keeping.backup)
    maild.command()(keeping.restore)
    maild.command()(keeping.verify)
    maild.command()(operate.password)
    maild.command()(operate.schema)
    _groups()
    return maild


def _groups() -> None:
    """The commands that have commands of their own, and what belongs to those."""
    from maild.cli import (
        alarm,
        documents,
        exact,
        partner,
        people,
        pickup,
        proof,
        queue,
        review,
        schedule,
        token,
    )

    documents.documents.command()(proof.proof)
    maild.add_typer(documents.documents, name="documents")
    maild.add_typer(queue.queue, name="queue")
    maild.add_typer(review.review, name="review")
    maild.add_typer(review.senders, name="senders")
    maild.add_typer(exact.exact, name="exact")
    maild.add_typer(schedule.schedule, name="schedule")
    maild.add_typer(partner.partner, name="partner")
    maild.command("sign-in")(partner.sign_in)
    maild.add_typer(people.people, name="people")
    maild.add_typer(pickup.pickup, name="pickup")
    maild.add_typer(token.token, name="token")
    maild.add_typer(alarm.alarm, name="alarm")


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
