"""The demo's own pages: who to be, steps to try, what left, what may go wrong, and a clock to move.

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
from typing import Any, Final

import uvicorn
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from maild.app import App
from maild.demo import world
from maild.demo.bills import another, fresh_number
from maild.demo.faults import PLACES, Switchboard
from maild.demo.mail_pages import MailPages, missing
from maild.demo.mails import SCAN, bounce, hand_in, mail_in
from maild.demo.moving import MOVES, Mover
from maild.demo.outbox import ZONE, SentMails
from maild.ubl import document as ubl
from maild.web.guard import Guard
from maild.web.pages import STATIC

PEOPLE: Final = {
    "partner": ("the accountant", "An, Kantoor Peeters", world.PARTNER),
    "owner": ("the owner", "Acme BV", world.OWNER),
    "operator": ("the operator", "runs maild", world.OPERATOR),
}
SENDS: Final = {
    "invoice": ("an invoice of Acme", 0, False),
    "northsea": ("an invoice of Northsea", 2, False),
    "purchase": ("a bill of a supplier of Acme", 0, True),
    "scan": ("a PDF without figures", 0, False),
}
_LOOKED_AT: Final = 200  # invoices, the newest, for the highest number among them
_NEWS: Final = 6  # documents whose fate the first page shows


@dataclass(slots=True)
class Console:
    """The pages over a demo. `smtp` is the door of the daemon, `pages` the address of the portal."""

    app: App
    mover: Mover
    faults: Switchboard
    sent: SentMails
    smtp: str
    pages: str
    _said: tuple[bool, str] | None = field(default=None, init=False)  # whether it went well
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
                Route("/bounce", self._bounce, methods=["POST"]),
                Route("/fault/{place}", self._break, methods=["POST"]),
                Route("/clock", self._move, methods=["POST"]),
                Route("/consent", self._consent),
                Route("/static/{name}", _looks),
                *MailPages(self.sent, self._page).routes,
            ],
            middleware=[Middleware(Guard, url=url, uploads={})],
        )

    async def link(self, who: str) -> str:
        """An address that signs somebody in, once and within ten minutes."""
        return await self.app.access.sign_ins.console_link(PEOPLE[who][2])

    async def _home(self, request: Request) -> Response:
        del request
        said, self._said = self._said, None
        clock = self.mover.clock
        return self._page(
            "home.html",
            said=said,
            sends=SENDS,
            places=PLACES,
            on=self.faults.on,
            standing=self.faults.standing,
            moves=MOVES,
            now=clock.now().astimezone(ZONE),
            lead=clock.lead.days,
            news=await self._news(),
            pages=self.pages,
        )

    async def _news(self) -> list[dict[str, Any]]:
        """The last documents with what became of them, and which of it waits for whom."""
        found = await self.app.records.list(limit=_NEWS)
        paused = (await self.app.actions.status())["paused"]
        resting = {one["connector"].partition(",")[0] for one in paused}
        for one in found:
            for delivery in one["deliveries"]:
                delivery["rests"] = delivery["connector"] in resting
                tries = delivery["attempts"]
                last = tries[-1]["reply"] if tries else ""
                delivery["words"] = delivery["reason"] or last or ""
        return found

    async def _become(self, request: Request) -> Response:
        who = request.path_params["who"]
        return RedirectResponse(await self.link(who), 303) if who in PEOPLE else missing()

    async def _send(self, request: Request) -> Response:
        what = request.path_params["what"]
        if what not in SENDS:
            return missing()
        number = await self._number(what)
        reply = await asyncio.to_thread(self._hand_in, what, number)
        return await self._done(f"maild answered: {reply}", well=reply.startswith("250"))

    async def _number(self, what: str) -> int:
        """A number that no document of the company has yet, also in a demo that was kept."""
        _, at, bought = SENDS[what]
        company = world.COMPANIES[at]
        if bought:
            return fresh_number(self.app.now())
        found = await self.app.records.list(team=company.slug, kind="invoice", limit=_LOOKED_AT)
        taken = [str(one["number"]).removeprefix(company.series) for one in found]
        return 1 + max((int(one) for one in taken if one.isdigit()), default=company.last)

    def _hand_in(self, what: str, number: int) -> str:
        if what == "scan":
            return hand_in(self.smtp, SCAN)
        _, at, bought = SENDS[what]
        company = world.COMPANIES[at]
        bill = another(number, self.app.now().date(), bought=bought, company=company)
        content = [(f"{bill.number.replace('/', '-')}.xml", ubl.write(bill))]
        to, sender = f"{company.slug}@post.example", f"facturen@{company.slug}.example"
        return mail_in(self.smtp, to, subject=bill.number, files=content, sender=sender)

    async def _bounce(self, request: Request) -> Response:
        del request
        path = await asyncio.to_thread(self.sent.last, "facturen@")
        if path is None:
            return await self._done("No mail of a company left yet.", well=False)
        reply = await asyncio.to_thread(bounce, self.smtp, path)
        said = f"The last mail came back, and maild answered: {reply}"
        return await self._done(said, well=reply.startswith("250"))

    async def _break(self, request: Request) -> Response:
        place, which = request.path_params["place"], (await request.form()).get("which")
        if place not in PLACES:
            return missing()
        fault = await self.faults.switch(place, which if isinstance(which, str) else "")
        name = PLACES[place].name
        if fault is None:
            return await self._done(f"{name}: all is well again.", well=True)
        return await self._done(f"{name} {fault.words}. {fault.seen}", well=False)

    async def _move(self, request: Request) -> Response:
        which = (await request.form()).get("by")
        if not isinstance(which, str) or which not in MOVES:
            return missing()
        return await self._done(await self.mover.move(which), well=True)

    async def _consent(self, request: Request) -> Response:
        del request
        return self._page("consent.html")

    async def _done(self, said: str, *, well: bool) -> Response:
        """Back to the first page, once what followed at once has happened."""
        await self.mover.settle()
        self._said = (well, said)
        return RedirectResponse("/", 303)

    def _page(self, name: str, **values: object) -> HTMLResponse:
        shown = {"people": PEOPLE, "left": self.sent.count()} | values
        return HTMLResponse(self._templates.get_template(name).render(shown))


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Ctrl-C is the demo's."""
        yield


@contextlib.asynccontextmanager
async def served(console: Console, taken: socket.socket) -> AsyncIterator[str]:
    """Answer on a bound socket while the block runs; gives the address."""
    with taken:
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
        return missing()
    content = files("maild.web").joinpath("static", name).read_bytes()
    return Response(content, media_type=STATIC[name])
