"""What a person may do to deliveries and to documents that wait for a verdict."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

import typer

from maild.app import App
from maild.cli.output import (
    ConfigOption,
    JsonOption,
    TeamOption,
    json_line,
    note,
    plain_faults,
    say,
    state,
    table,
    when,
)
from maild.cli.shown import describe, road

queue = typer.Typer(no_args_is_help=True, help="What leaves, waits, is held or failed.")
review = typer.Typer(
    no_args_is_help=True, help="Documents whose number came before with other content."
)

DeliveryId = Annotated[str, typer.Argument(metavar="DELIVERY", show_default=False)]
DocumentId = Annotated[str, typer.Argument(metavar="DOCUMENT", show_default=False)]


@queue.command("list")
def list_deliveries(
    team: TeamOption = None,
    state_: Annotated[
        str | None,
        typer.Option("--state", help="queued, sending, handed_over, uncertain, held, failed, ..."),
    ] = None,
    all_: Annotated[bool, typer.Option("--all", help="Also what is handed over or ended.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many.")] = 100,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """List deliveries that are not finished, newest first; --all or --state for others.

    With --json every delivery is listed unless --state is given.
    """

    async def go() -> list[dict[str, Any]]:
        async with App.opened(config) as app:
            return await app.records.deliveries(
                team=team, state=state_, open_only=not (all_ or as_json or state_), limit=limit
            )

    with plain_faults():
        found = asyncio.run(go())
        if as_json:
            for one in found:
                json_line(one)
            return
        table(
            ("id", "team", "state", "recipient", "address", "not before", ">tries", "why"),
            (
                (
                    d["id"],
                    d["team"],
                    state(d["state"]),
                    d["recipient"] or "notice",
                    d["address"],
                    when(d["not_before"])[:16],
                    len(d["attempts"]),
                    d["reason"],
                )
                for d in found
            ),
        )
        if len(found) == limit:
            note(f"{limit} shown; there may be more: --limit, --team, --state")


@queue.command("show")
def show_delivery(
    delivery: DeliveryId, as_json: JsonOption = False, config: ConfigOption = None
) -> None:
    """Show one delivery with every attempt."""

    async def go() -> dict[str, Any]:
        async with App.opened(config) as app:
            return await app.records.delivery(delivery)

    with plain_faults():
        shown = asyncio.run(go())
        if as_json:
            json_line(shown)
            return
        say(f"{shown['id']}  {road(shown)}", style="bold")
        say(f"Message-ID {shown['message_id']}   document {shown['document'] or 'none'}")
        for attempt in shown["attempts"]:
            say(
                f"{when(attempt['started_at'])}  attempt {attempt['n']}  "
                f"{attempt['outcome'].replace('_', ' ')}  {attempt['reply'] or ''}"
            )
        for one in shown["returns"]:
            said = " ".join(filter(None, (one["status"], one["diagnostic"])))
            say(f"{when(one['at'])}  came back  {one['action']}  {one['reason']}  {said}".rstrip())


def _act(verb: str, delivery: str, *, config: str | None, as_json: bool, reason: str = "") -> None:
    async def go() -> dict[str, Any]:
        async with App.opened(config) as app:
            return await app.actions.act(verb, delivery, reason=reason)

    with plain_faults():
        shown = asyncio.run(go())
        json_line(shown) if as_json else say(f"{shown['id']}  {road(shown)}")


@queue.command("retry")
def retry(delivery: DeliveryId, as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """Try a failed, bounced or waiting delivery again, now."""
    _act("retry", delivery, config=config, as_json=as_json)


@queue.command("hold")
def hold(
    delivery: DeliveryId,
    reason: Annotated[str, typer.Option(help="Why; it is shown to whoever looks.")] = "",
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Keep a delivery back until it is released or cancelled."""
    _act("hold", delivery, config=config, as_json=as_json, reason=reason)


@queue.command("release")
def release(
    delivery: Annotated[str | None, typer.Argument(metavar="DELIVERY", show_default=False)] = None,
    restored: Annotated[
        bool, typer.Option("--restored", help="All that a restore held, instead of one delivery.")
    ] = False,
    team: TeamOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Let a held delivery go; with --restored, all that `maild restore` held."""
    if (delivery is None) is not restored or (team is not None and not restored):
        raise typer.BadParameter("name one delivery, or --restored (with --team for one team)")
    if delivery is not None:
        _act("release", delivery, config=config, as_json=as_json)
        return

    async def go() -> int:
        async with App.opened(config) as app:
            return await app.actions.release_restored(team)

    with plain_faults():
        freed = asyncio.run(go())
        json_line({"released": freed}) if as_json else say(
            f"{freed} released; they go at their time"
        )


@queue.command("cancel")
def cancel(
    delivery: DeliveryId,
    reason: Annotated[str, typer.Option(help="Why; it is shown to whoever looks.")] = "",
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """End a queued or held delivery; nothing leaves."""
    _act("cancel", delivery, config=config, as_json=as_json, reason=reason)


@review.command("list")
def list_reviews(
    team: TeamOption = None, as_json: JsonOption = False, config: ConfigOption = None
) -> None:
    """List the documents that wait for a verdict."""

    async def go() -> list[dict[str, Any]]:
        async with App.opened(config) as app:
            return await app.records.list(team=team, review="waiting")

    with plain_faults():
        found = asyncio.run(go())
        for one in found:
            if as_json:
                json_line(one)
            else:
                say(f"{one['team']}  {describe(one)}")
        if not found and not as_json:
            note("nothing waits for review")


@review.command("show")
def show_review(
    document: DocumentId, as_json: JsonOption = False, config: ConfigOption = None
) -> None:
    """Show a waiting document beside the one that has the same number."""

    async def go() -> tuple[dict[str, Any], dict[str, Any] | None]:
        async with App.opened(config) as app:
            shown = await app.records.show(document)
            first = shown["correction_of"]
            return shown, await app.records.show(first) if first else None

    with plain_faults():
        shown, first = asyncio.run(go())
        if as_json:
            json_line(shown | {"first": first})
            return
        if first:
            say(f"first   {describe(first)}  accepted {when(first['accepted_at'])}")
        say(f"now     {describe(shown)}  accepted {when(shown['accepted_at'])}")
        for delivery in shown["deliveries"]:
            say(f"  -> {road(delivery)}")
        note(
            f"maild review confirm {document} sends it to people as a correction; "
            f"maild review reject {document} keeps it and sends nothing"
        )


@review.command("confirm")
def confirm(
    document: DocumentId,
    to: Annotated[
        list[str] | None,
        typer.Option(help="Also to this machine inbox, by name: a second copy books twice."),
    ] = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Send it to people as a correction that says so, and to machine inboxes only where named."""
    _decide(document, verdict="confirmed", to=tuple(to or ()), config=config, as_json=as_json)


@review.command("reject")
def reject(document: DocumentId, as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """Keep it with its story and send nothing."""
    _decide(document, verdict="rejected", to=(), config=config, as_json=as_json)


def _decide(
    document: str, *, verdict: str, to: tuple[str, ...], config: str | None, as_json: bool
) -> None:
    async def go() -> dict[str, Any]:
        async with App.opened(config) as app:
            return await app.actions.review(document, verdict=verdict, to=to)

    with plain_faults():
        shown = asyncio.run(go())
        if as_json:
            json_line(shown)
            return
        say(f"{verdict}: {describe(shown)}")
        for delivery in shown["deliveries"]:
            say(f"  -> {road(delivery)}")
