"""Prove a document's deliveries: on the screen, for programs, and as pages for a person."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from maild.cli.opening import opened
from maild.cli.output import (
    EX_OK,
    EX_PROBLEM,
    ConfigOption,
    JsonOption,
    json_line,
    plain_faults,
    say,
)
from maild.cli.shown import show_problems, show_proof
from maild.errors import UserError

Language = Literal["nl", "fr", "en", "de"]


def proof(
    document: Annotated[str, typer.Argument(metavar="ID", show_default=False)],
    pdf: Annotated[
        Path | None, typer.Option("--pdf", metavar="FILE", help="Write it as pages for a person.")
    ] = None,
    language: Annotated[
        Language | None, typer.Option(help="Of these pages; the team's own when not given.")
    ] = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Prove where a document went: Message-IDs, hashes of what was attached, replies, reports."""

    async def go() -> dict[str, Any]:
        async with opened(config) as app:
            proven = await app.proofs.of(document)
            if pdf is not None:
                _write(pdf, await app.proofs.page(proven, language=language))
            return proven

    with plain_faults():
        proven = asyncio.run(go())
        if as_json:
            json_line(proven)
        elif pdf is None:
            show_proof(proven)
        else:
            say(f"{pdf} written")
            show_problems(proven)
    raise typer.Exit(EX_PROBLEM if proven["problems"] else EX_OK)


def _write(path: Path, content: bytes) -> None:
    """Write a file that a person asked for. Raises UserError naming it."""
    try:
        path.write_bytes(content)
    except OSError as fault:
        said = (fault.strerror or "unknown").lower()
        raise UserError(f"{path}: cannot be written ({said})") from fault
