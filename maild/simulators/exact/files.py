"""Attached files, fetched by the address that their row gives, with `&Download=1`."""

from __future__ import annotations

from typing import Final
from urllib.parse import parse_qs

from maild.simulators.exact.refusal import Refusal
from maild.simulators.exact.world import World
from maild.simulators.http_wire import Answer, Asked

FILE: Final = "/docs/SysAttachment.aspx"


def file_of(world: World, asked: Asked) -> Answer:
    """The octets of a file. Raises Refusal 404."""
    said = {name: values[0] for name, values in parse_qs(asked.query).items()}
    if said.get("Download") != "1":
        page = b"<html><body>A page with a button.</body></html>"
        return Answer(200, page, {"Content-Type": "text/html"})
    book = world.books.get(int(said.get("_Division_") or 0))
    row = book.rows("documents/DocumentAttachments").get(said.get("ID", "")) if book else None
    if row is None:
        raise Refusal(404, "Not found.")
    headers = {"Content-Type": "application/octet-stream"}
    headers["Content-Disposition"] = f'attachment; filename="{row["FileName"]}"'
    return Answer(200, row["Attachment"], headers)
