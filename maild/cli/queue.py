"""What a person may do to deliveries."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

import typer

from maild.cli.opening import opened
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
from maild.cli.shown import road, why_waiting

queue = typer.Typer(no_args_is_help=True, help="What leaves, waits, is held or failed.")
DeliveryId = Annotated[str, typer.Argument(metavar="DELIVERY", show_default=False)]


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
        async with opened(config) as app:
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
                    why_waiting(d),
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
        async with opened(config) as app:
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


def _act(
    verb: str,
    delivery: str,
    *,
    config: str | None,
    as_json: bool,
    reason: str = "",
    anyway: bool = False,
) -> None:
    async def go() -> dict[str, Any]:
        async with opened(config) as app:
            return await app.actions.act(verb, delivery, reason=reason, anyway=anyway)

    with plain_faults():
        shown = asyncio.run(go())
        json_line(shown) if as_json else say(f"{shown['id']}  {road(shown)}")


@queue.command("retry")
def retry(
    delivery: DeliveryId,
    redecide: Annotated[
        bool, typer.Option("--redecide", help="As today's rules say, after one of them was mended.")
    ] = False,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Try a failed, bounced or waiting delivery again, now."""
    if not redecide:
        _act("retry", delivery, config=config, as_json=as_json)
        return

    async def go() -> list[dict[str, Any]]:
        async with opened(config) as app:
            return await app.actions.redecide(delivery)

    with plain_faults():
        for one in asyncio.run(go()):
            json_line(one) if as_json else say(f"{one['id']}  {road(one)}")


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
    anyway: Annotated[
        bool,
        typer.Option(
            "--anyway",
            help="As a file, though nobody confirmed the figures of its page; or out of shadow mode, alone.",
        ),
    ] = False,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Let a held delivery go; with --restored, all that `maild restore` held."""
    if (delivery is None) is not restored or (team is not None and not restored):
        raise typer.BadParameter("name one delivery, or --restored (with --team for one team)")
    if anyway and restored:
        raise typer.BadParameter("--anyway is for one delivery")
    if delivery is not None:
        _act("release", delivery, config=config, as_json=as_json, anyway=anyway)
        return

    async def go() -> int:
        async with opened(config) as app:
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
