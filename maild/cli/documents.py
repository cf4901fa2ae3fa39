"""Hand in, look into and explain documents: send, inspect, explain, documents list, show, resend."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from maild.answers import NO_LABELS, inspect_files, labels_named, team_named
from maild.cli.opening import opened
from maild.cli.output import (
    EX_DATA,
    EX_OK,
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
from maild.cli.proof import proof
from maild.cli.shown import (
    describe,
    fates,
    money,
    road,
    show_explained,
    show_inspected,
    show_story,
)
from maild.errors import UserError

documents = typer.Typer(no_args_is_help=True, help="What came in, and what became of it.")
documents.command()(proof)

Files = Annotated[list[Path], typer.Argument(metavar="FILE...", show_default=False)]
WATCH_EVERY = 0.5  # seconds between two looks of `documents show --watch`
SETTLED = {"handed_over", "confirmed", "failed", "bounced", "held", "cancelled"}


def send(
    files: Files,
    team: Annotated[str, typer.Option("--team", "-t", help="Whose documents they are.")],
    tag: Annotated[
        str | None,
        typer.Option(help="invoice, credit, quote, purchase, purchase-credit or other."),
    ] = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Hand documents in, as a mail to the team's address would; works while the daemon is down."""

    async def go() -> None:
        async with opened(config) as app:
            accepted = await app.actions.send(read_files(files), team=team, tag=tag)
        if as_json:
            json_line(accepted)
            return
        for document in accepted["documents"]:
            say(f"accepted {describe(document)}")
            for delivery in document["deliveries"]:
                say(f"  -> {road(delivery)}")
        for document in accepted["duplicates"]:
            say(f"already there: {describe(document)}; nothing goes twice")
        for warning in accepted["warnings"]:
            note(warning, style="yellow")

    with plain_faults():
        asyncio.run(go())


def inspect(
    files: Files,
    team: Annotated[
        str | None, typer.Option("--team", "-t", help="Whose view: tells sales from purchase.")
    ] = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Show what maild reads in files and mails: figures, attachments, findings. Nothing is stored."""

    async def go() -> int:
        code = EX_OK
        whose = team_named(team, config=config) if team else None
        labels = labels_named(config=config) if team or config else NO_LABELS
        async for seen in inspect_files(files, team=whose, labels=labels):
            if not _is_readable(seen):
                code = EX_DATA
            if as_json:
                json_line(seen)
            else:
                show_inspected(seen)
        return code

    code = EX_OK
    with plain_faults():
        code = asyncio.run(go())
    raise typer.Exit(code)


def explain(
    what: Annotated[str, typer.Argument(metavar="FILE|DOCUMENT", show_default=False)],
    team: TeamOption = None,
    tag: Annotated[
        str | None, typer.Option(help="As if sent to the address with this tag.")
    ] = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Say which rule would decide what about a file, or did decide about a document."""

    async def go(file: Path | None) -> list[dict[str, Any]]:
        async with opened(config) as app:
            if file is None:
                return [await app.records.show(what)]
            if team is None:
                raise UserError(
                    f"{what}: whose document is it?", hint=f"maild explain {what} --team NAME"
                )
            return await app.actions.explain(read_files([file]), team=team, tag=tag)

    with plain_faults():
        for explained in asyncio.run(go(Path(what) if Path(what).is_file() else None)):
            if as_json:
                json_line(explained)
            else:
                show_explained(explained)


@documents.command("list")
def list_documents(
    team: TeamOption = None,
    kind: Annotated[str | None, typer.Option(help="invoice, credit_note, quote, ...")] = None,
    number: Annotated[str | None, typer.Option(help="Part of the number.")] = None,
    party_: Annotated[
        str | None, typer.Option("--party", help="Part of the other side's name or VAT number.")
    ] = None,
    state_: Annotated[
        str | None, typer.Option("--state", help="A delivery of it stands there: queued, held, ...")
    ] = None,
    since: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Accepted on or after this day.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many.")] = 100,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """List documents, newest first."""

    async def go() -> list[dict[str, Any]]:
        async with opened(config) as app:
            return await app.records.list(
                team=team,
                kind=kind,
                number=number,
                party=party_,
                state=state_,
                since=since.replace(tzinfo=UTC) if since else None,
                limit=limit,
            )

    with plain_faults():
        found = asyncio.run(go())
        if as_json:
            for one in found:
                json_line(one)
            return
        table(
            ("id", "accepted", "team", "kind", "number", "party", ">total", "deliveries"),
            (
                (
                    d["id"],
                    when(d["accepted_at"])[:16],
                    d["team"],
                    d["kind"].replace("_", " "),
                    d["number"],
                    d["counterparty"]["name"],
                    money(d["total"], d),
                    fates(d),
                )
                for d in found
            ),
        )
        if len(found) == limit:
            note(f"{limit} shown; there may be more: --limit, --since, --team")


@documents.command("show")
def show_document(
    document: Annotated[str, typer.Argument(metavar="ID", show_default=False)],
    watch: Annotated[bool, typer.Option("--watch", help="Follow it until nothing moves.")] = False,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Tell the whole story of one document: arrival, rules, files, deliveries, attempts."""

    async def go() -> None:
        async with opened(config) as app:
            last = None
            while True:
                shown = await app.records.show(document)
                if shown != last:
                    json_line(shown) if as_json else show_story(shown)
                last = shown
                if not watch or all(d["state"] in SETTLED for d in shown["deliveries"]):
                    return
                await asyncio.sleep(WATCH_EVERY)

    with plain_faults():
        asyncio.run(go())


@documents.command("resend")
def resend(
    document: Annotated[str, typer.Argument(metavar="ID", show_default=False)],
    to: Annotated[
        list[str] | None,
        typer.Option(help="Only to this recipient, by name; a machine inbox books it twice."),
    ] = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Send a document once more, now, to the people that its rules name, or where you say."""

    async def go() -> list[dict[str, Any]]:
        async with opened(config) as app:
            return await app.actions.resend(document, to=tuple(to or ()))

    with plain_faults():
        for one in asyncio.run(go()):
            json_line(one) if as_json else say(f"{one['id']}  {road(one)}")


def read_files(paths: list[Path]) -> list[tuple[str, bytes]]:
    """Read the named files whole: (base name, bytes). Raises UserError naming every unreadable one."""
    problems, found = [], []
    for path in paths:
        try:
            found.append((path.name, path.read_bytes()))
        except OSError as fault:
            problems.append(f"{path}: cannot be read ({(fault.strerror or 'unknown').lower()})")
    if problems:
        raise UserError(problems)
    return found


def _is_readable(seen: dict[str, Any]) -> bool:
    """Whether an inspected file says something: for a mail, that nothing in it failed, or that a bill did not."""
    if seen["kind"] != "mail":
        return bool(seen["kind"] != "unknown" or seen.get("fields"))
    known = any(one["kind"] != "other" for one in seen["documents"])
    return bool(known or not seen["problems"])
