"""What waits for a person, his verdict on it, and the senders that he let in."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Annotated, Any, Literal

import typer

from maild.cli.candidates import pairs, show_candidates
from maild.cli.opening import opened
from maild.cli.output import (
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
from maild.cli.shown import describe, road

Always = Literal["once", "address", "domain"]

review = typer.Typer(
    no_args_is_help=True,
    help="Documents that wait for a person: by their sender, their content, or a number that came twice.",
)
senders = typer.Typer(
    no_args_is_help=True, help="Senders that a person let in, besides those of the configuration."
)

DocumentId = Annotated[str, typer.Argument(metavar="DOCUMENT", show_default=False)]


@review.command("list")
def list_reviews(
    team: TeamOption = None, as_json: JsonOption = False, config: ConfigOption = None
) -> None:
    """List the documents that wait for a person, and why."""

    async def go() -> list[dict[str, Any]]:
        async with opened(config) as app:
            return await app.records.waiting(team=team)

    with plain_faults():
        found = asyncio.run(go())
        for one in found:
            if as_json:
                json_line(one)
            else:
                say(f"{one['team']}  {describe(one)}")
                for reason in dict.fromkeys(
                    d["reason"] for d in one["deliveries"] if d["state"] == "held"
                ):
                    note(f"  {reason}")
        if not found and not as_json:
            note("nothing waits for review")


@review.command("show")
def show_review(
    document: DocumentId, as_json: JsonOption = False, config: ConfigOption = None
) -> None:
    """Show a waiting document, beside the one that has the same number if there is one."""

    async def go() -> tuple[dict[str, Any], dict[str, Any] | None]:
        async with opened(config) as app:
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
        if shown["reading"] and shown["reading"]["state"] == "waiting":
            show_candidates(document, shown["reading"]["fields"])
            return
        sends = "sends it to people as a correction" if first else "lets it go"
        note(
            f"maild review confirm {document} {sends}; "
            f"maild review reject {document} keeps it and sends nothing"
        )


@review.command("confirm")
def confirm(
    document: DocumentId,
    to: Annotated[
        list[str] | None,
        typer.Option(
            help="A correction: also to this machine inbox, by name; a second copy books twice."
        ),
    ] = None,
    always: Annotated[
        bool, typer.Option("--always", help="Its sender may send from now on without being asked.")
    ] = False,
    always_domain: Annotated[
        bool, typer.Option("--always-domain", help="So may everybody of the sender's domain.")
    ] = False,
    values: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="A page: what it says instead of what was read; an empty VALUE takes it away.",
        ),
    ] = None,
    as_file: Annotated[
        bool, typer.Option("--as-file", help="A page: pass it on without any figure of it.")
    ] = False,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Let it go. A page goes with its figures, which are remembered for its supplier.

    Where its number came before, it goes to people as a correction that says so.
    """
    whom: Always = "domain" if always_domain else "address" if always else "once"
    _decide(
        document,
        verdict="confirmed",
        to=tuple(to or ()),
        always=whom,
        values=values or (),
        as_file=as_file,
        config=config,
        as_json=as_json,
    )


@review.command("reject")
def reject(document: DocumentId, as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """Keep it with its story and send nothing."""
    _decide(document, verdict="rejected", config=config, as_json=as_json)


def _decide(
    document: str,
    *,
    verdict: str,
    to: tuple[str, ...] = (),
    always: Always = "once",
    values: Sequence[str] = (),
    as_file: bool = False,
    config: str | None,
    as_json: bool,
) -> None:
    async def go() -> dict[str, Any]:
        async with opened(config) as app:
            return await app.actions.review(
                document, verdict=verdict, to=to, always=always, said=pairs(values), as_file=as_file
            )

    with plain_faults():
        shown = asyncio.run(go())
        if as_json:
            json_line(shown)
            return
        say(f"{verdict}: {describe(shown)}")
        for delivery in shown["deliveries"]:
            say(f"  -> {road(delivery)}")


@review.command("suppliers")
def list_suppliers(
    team: TeamOption = None, as_json: JsonOption = False, config: ConfigOption = None
) -> None:
    """List the suppliers of which somebody confirmed how their pages look."""

    async def go() -> list[dict[str, Any]]:
        async with opened(config) as app:
            return await app.actions.suppliers(team=team)

    with plain_faults():
        found = asyncio.run(go())
        if as_json:
            for one in found:
                json_line(one)
            return
        rows = (
            (
                s["team"],
                s["supplier"],
                s["name"] or "",
                ", ".join(s["accounts"]),
                when(s["at"])[:16],
            )
            for s in found
        )
        table(("team", "supplier", "name", "accounts", "since"), rows)


@review.command("forget")
def forget_supplier(
    supplier: Annotated[str, typer.Argument(metavar="SUPPLIER", show_default=False)],
    team: Annotated[str, typer.Option("--team", "-t", help="Whose supplier it is.")],
    config: ConfigOption = None,
) -> None:
    """Forget what was confirmed of a supplier, by his VAT number: his next page waits."""

    async def go() -> None:
        async with opened(config) as app:
            await app.actions.forget_supplier(supplier, team=team)

    with plain_faults():
        asyncio.run(go())
        say(f"nothing is remembered of {supplier} any more")


@senders.command("list")
def list_senders(
    team: TeamOption = None, as_json: JsonOption = False, config: ConfigOption = None
) -> None:
    """List the senders that `maild review confirm --always` let in."""

    async def go() -> list[dict[str, Any]]:
        async with opened(config) as app:
            return await app.records.senders(team=team)

    with plain_faults():
        found = asyncio.run(go())
        if as_json:
            for one in found:
                json_line(one)
            return
        rows = ((s["team"], s["sender"], when(s["at"])[:16], s["document"]) for s in found)
        table(("team", "sender", "since", "document"), rows)


@senders.command("forget")
def forget_sender(
    sender: Annotated[str, typer.Argument(metavar="SENDER", show_default=False)],
    team: Annotated[str, typer.Option("--team", "-t", help="Whose sender it is.")],
    config: ConfigOption = None,
) -> None:
    """Ask again about what a sender sends: an address, or "*@" and a domain."""

    async def go() -> None:
        async with opened(config) as app:
            await app.actions.forget_sender(sender, team=team)

    with plain_faults():
        asyncio.run(go())
        say(f"{sender} is let in no more by itself")
