"""The demo's own pages: who to be, five steps to try, what left, and what may go wrong.

They are served beside the daemon, on a port of their own and by the demo's process: nothing of them
is part of the portal. Only a browser on this machine reaches them.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Final

import uvicorn
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from maild.app import App
from maild.demo import world
from maild.demo.bills import another
from maild.demo.mails import SCAN, hand_in, mail_in
from maild.demo.outbox import MOST, SentMails
from maild.simulators.mailsink import MailSink
from maild.ubl import document as ubl
from maild.web.guard import Guard
from maild.web.pages import STATIC

PEOPLE: Final = {
    "partner": ("the accountant", "An, Kantoor Peeters", world.PARTNER),
    "owner": ("the owner", "Acme BV", world.OWNER),
    "operator": ("the operator", "runs maild", world.OPERATOR),
}
SENDS: Final = {
    "invoice": "an invoice",
    "purchase": "a bill of a supplier",
    "scan": "a PDF without figures",
}
_FIRST_NUMBER: Final = 420  # of the invoices that are sent from here; the samples end before it
# What may go wrong at the relay: a step of the dialogue, and the line that answers it.
FAULTS: Final = {
    "down": ("the relay takes nobody", {"CONNECT": "421 4.3.2 down for maintenance"}),
    "full": ("every mailbox is full", {"RCPT": "452 4.2.2 mailbox full"}),
    "gone": ("no recipient exists", {"RCPT": "550 5.1.1 no such mailbox here"}),
}


@dataclass(slots=True)
class Console:
    """The pages over a demo. `smtp` is the door of the daemon, `pages` the address of the portal."""

    app: App
    sink: MailSink
    sent: SentMails
    smtp: str
    pages: str
    said: str = ""
    fault: str = ""
    sent_from_here: int = 0
    _templates: Environment = field(init=False)

    def __post_init__(self) -> None:
        loader = PackageLoader("maild.demo")
        self._templates = Environment(
            loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True
        )

    def site(self, url: str) -> Starlette:
        """The pages, answered at `url` only."""
        return Starlette(
            routes=[
                Route("/", self._home),
                Route("/as/{who}", self._become),
                Route("/send/{what}", self._send, methods=["POST"]),
                Route("/fault", self._break, methods=["POST"]),
                Route("/outbox", self._outbox),
                Route("/outbox/{name}", self._mail),
                Route("/outbox/{name}/{at:int}", self._file),
                Route("/static/{name}", _looks),
            ],
            middleware=[Middleware(Guard, url=url, uploads={})],
        )

    async def link(self, who: str) -> str:
        """An address that signs somebody in, once and within ten minutes."""
        return await self.app.access.sign_ins.console_link(PEOPLE[who][2])

    async def _home(self, request: Request) -> Response:
        del request
        said, self.said = self.said, ""
        return self._page(
            "home.html", said=said, sends=SENDS, faults=FAULTS, fault=self.fault, pages=self.pages
        )

    async def _become(self, request: Request) -> Response:
        who = request.path_params["who"]
        return RedirectResponse(await self.link(who), 303) if who in PEOPLE else _missing()

    async def _send(self, request: Request) -> Response:
        what = request.path_params["what"]
        if what not in SENDS:
            return _missing()
        self.said = await asyncio.to_thread(self._hand_in, what)
        return RedirectResponse("/", 303)

    def _hand_in(self, what: str) -> str:
        if what == "scan":
            return hand_in(self.smtp, SCAN)
        self.sent_from_here += 1
        number = _FIRST_NUMBER + self.sent_from_here
        bill = another(number, self.app.now().date(), bought=what == "purchase")
        files = [(f"{bill.number}.xml", ubl.write(bill))]
        return mail_in(self.smtp, SCAN.to, subject=bill.number, files=files)

    async def _break(self, request: Request) -> Response:
        which = (await request.form()).get("which")
        self.fault = which if isinstance(which, str) and which in FAULTS else ""
        self.sink.faults.reply = dict(FAULTS[self.fault][1]) if self.fault else {}
        self.sink.hang_up()
        return RedirectResponse("/", 303)

    async def _outbox(self, request: Request) -> Response:
        del request
        mails = await asyncio.to_thread(self.sent.newest)
        return self._page("outbox.html", mails=mails, most=MOST)

    async def _mail(self, request: Request) -> Response:
        mail = await asyncio.to_thread(self.sent.open, request.path_params["name"])
        return _missing() if mail is None else self._page("mail.html", mail=mail)

    async def _file(self, request: Request) -> Response:
        found = await asyncio.to_thread(
            self.sent.file, request.path_params["name"], request.path_params["at"]
        )
        if found is None:
            return _missing()
        name, content = found
        plain = "".join(one if one.isalnum() or one in ".-_" else "_" for one in name)
        saved = {"Content-Disposition": f'attachment; filename="{plain}"'}
        return Response(content, media_type="application/octet-stream", headers=saved)

    def _page(self, name: str, **values: object) -> HTMLResponse:
        shown = {"people": PEOPLE, "left": self.sent.count()} | values
        return HTMLResponse(self._templates.get_template(name).render(shown))


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Ctrl-C is the demo's."""
        yield


@contextlib.asynccontextmanager
async def served(console: Console) -> AsyncIterator[str]:
    """Answer on loopback while the block runs; gives the address."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen(64)
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        config = uvicorn.Config(
            console.site(url),
            log_config=None,
            access_log=False,
            lifespan="off",
            timeout_graceful_shutdown=1,
        )
        server = _Server(config)
        running = asyncio.create_task(server.serve(sockets=[taken]))
        try:
            yield url
        finally:
            server.should_exit = True
            await running


async def _looks(request: Request) -> Response:
    name = request.path_params["name"]
    if name not in STATIC:
        return _missing()
    content = files("maild.web").joinpath("static", name).read_bytes()
    return Response(content, media_type=STATIC[name])


def _missing() -> Response:
    return HTMLResponse("<!doctype html><title>Not here</title><p>There is no such page.", 404)
