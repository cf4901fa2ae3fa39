"""The outbox of the demo as pages: the mails that left, one of them with its letter, its files.

A letter is shown in a frame that runs nothing and fetches nothing; files are saved and never opened.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from maild.demo.outbox import SentMails

Render = Callable[..., HTMLResponse]
# The letter's own styles and pictures inside it, and nothing else; the frame's page is the only parent.
LETTER_POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'; sandbox"
)


@dataclass(frozen=True, slots=True)
class MailPages:
    """The pages over what the sink keeps; `render` makes a page of a template and its values."""

    sent: SentMails
    render: Render

    @property
    def routes(self) -> list[Route]:
        """Where they are."""
        return [
            Route("/outbox", self._list),
            Route("/outbox/{name}", self._mail),
            Route("/outbox/{name}/letter", self._letter),
            Route("/outbox/{name}/{at:int}", self._file),
        ]

    async def _list(self, request: Request) -> Response:
        before = request.query_params.get("before", "")
        mails, more = await asyncio.to_thread(self.sent.newest, before=before)
        return self.render("outbox.html", mails=mails, more=more, before=before)

    async def _mail(self, request: Request) -> Response:
        mail = await asyncio.to_thread(self.sent.open, request.path_params["name"])
        if mail is None:
            return missing()
        page = self.render("mail.html", mail=mail)
        page.headers["Content-Security-Policy"] = (
            "default-src 'none'; style-src 'self'; img-src 'self'; frame-src 'self'; "
            "form-action 'none'; frame-ancestors 'none'; base-uri 'none'"
        )
        return page

    async def _letter(self, request: Request) -> Response:
        letter = await asyncio.to_thread(self.sent.letter, request.path_params["name"])
        if letter is None:
            return missing()
        return HTMLResponse(letter, headers={"Content-Security-Policy": LETTER_POLICY})

    async def _file(self, request: Request) -> Response:
        at = request.path_params["at"]
        found = await asyncio.to_thread(self.sent.file, request.path_params["name"], at)
        if found is None:
            return missing()
        name, content = found
        plain = "".join(one if one.isalnum() or one in ".-_" else "_" for one in name)
        plain = plain.encode("ascii", "replace").decode().replace("?", "_")
        saved = {"Content-Disposition": f'attachment; filename="{plain}"'}
        return Response(content, media_type="application/octet-stream", headers=saved)


def missing() -> Response:
    """There is no such page."""
    return HTMLResponse("<!doctype html><title>Not here</title><p>There is no such page.", 404)
