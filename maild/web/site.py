"""The site: every page in one table, asked through one gate, and what is shown when something is wrong."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Final
from urllib.parse import quote

from starlette.applications import Starlette
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from maild.app import App
from maild.errors import DocumentError, MaildError, NotFound, UserError
from maild.log import portal as log
from maild.model.ids import new_id
from maild.partners.sessions import Visitor
from maild.reasons import refusal_told
from maild.web import (
    account,
    api,
    automatic,
    configuration,
    connections,
    document,
    documents,
    downloads,
    explaining,
    exports,
    factors,
    figures,
    health,
    home,
    links,
    live,
    machinery,
    metrics,
    openapi,
    operator,
    pickup,
    settings,
    sign_in,
    today,
    waiting,
)
from maild.web.asking import Asking
from maild.web.guard import Guard, Refusal, Refuse
from maild.web.pages import page, static
from maild.web.routes import SECOND, SIGN_IN, Page, Who, allowed
from maild.web.visit import Visit, cookie_name, go, language_of

PAGES: Final[Sequence[Page]] = (
    *home.PAGES,
    *sign_in.PAGES,
    *account.PAGES,
    *factors.PAGES,
    *links.PAGES,
    *documents.PAGES,
    *document.PAGES,
    *figures.PAGES,
    *downloads.PAGES,
    *waiting.PAGES,
    *automatic.PAGES,
    *today.PAGES,
    *live.PAGES,
    *settings.PAGES,
    *connections.PAGES,
    *exports.PAGES,
    *pickup.PAGES,
    *operator.PAGES,
    *machinery.PAGES,
    *explaining.PAGES,
    *configuration.PAGES,
)
_MOST_FIELDS: Final = 500


def build(app: App) -> Starlette:
    """The site over an app."""
    routes: list[BaseRoute] = [
        Route(one.path, _endpoint(app, one), methods=[one.method], name=f"{one.method} {one.path}")
        for one in PAGES
    ]
    routes += [
        Route("/static/{mark}/{name}", static, methods=["GET"]),
        Route("/healthz", health.alive(app), methods=["GET"]),
        Route("/readyz", health.ready(app), methods=["GET"]),
        Route("/metrics", metrics.measured(app), methods=["GET"]),
        Route(f"{api.ROOT}/openapi.json", openapi.show, methods=["GET"]),
        *api.routes(app),
    ]
    guard = Middleware(
        Guard, url=app.settings.web.address, refuse=_refuse(app), uploads=_uploads(app)
    )
    site = Starlette(
        routes=routes,
        middleware=[guard],
        exception_handlers={HTTPException: _missing(app)},
    )
    site.state.asking = Asking()
    return site


def _uploads(app: App) -> dict[str, int]:
    """How much may be sent to the addresses that take files."""
    usual = app.settings.smtpd.max_size
    taking = {one.path: one.largest or usual for one in PAGES if one.files}
    return {f"{api.ROOT}/documents": usual} | taking


Endpoint = Callable[[Request], Awaitable[Response]]


def _endpoint(app: App, one: Page) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        try:
            visit = await _visit(app, request)
            return await _answer(visit, one)
        except HTTPException:
            raise
        except Exception as fault:  # noqa: BLE001 - one of the three places: ours is shown as an incident
            incident = new_id("i")
            log.page_failed(path=one.path, incident=incident, error=fault)
            return page(
                _stranger(app, request),
                "problem.html",
                status=500,
                what="failed",
                incident=incident,
            )

    return endpoint


async def _answer(visit: Visit, one: Page) -> Response:
    if visit.visitor is not None and visit.visitor.half and not _is_before(one):
        return _half_way(visit)
    if not allowed(one.who, visit):
        return _turned_away(visit)
    try:
        return await one.handler(await _with_form(visit, one))
    except (UserError, DocumentError) as fault:
        return _said(visit, fault)
    finally:
        await visit.request.close()


async def _with_form(visit: Visit, one: Page) -> Visit:
    """The visit with what was sent. Nobody's files are read before it is known that he may send some."""
    if visit.request.method != "POST":
        return visit
    form = await visit.request.form(max_files=one.files, max_fields=_MOST_FIELDS)
    return replace(visit, form=form)


async def _visit(app: App, request: Request) -> Visit:
    visitor: Visitor | None = None
    token = request.cookies.get(cookie_name(app, "session"))
    if token:
        visitor = await app.access.sessions.visitor(token)
    return Visit(app, request, visitor, language_of(app, request, visitor), FormData())


def _is_before(one: Page) -> bool:
    return one.half or one.who is Who.ANYONE


def _half_way(visit: Visit) -> Response:
    """The second factor first, and the page afterwards; a form is sent again by hand."""
    after = f"?next={quote(visit.request.url.path)}" if visit.request.method == "GET" else ""
    return go(f"{SECOND}{after}")


def _turned_away(visit: Visit) -> Response:
    """Not signed in: to the door, and back here afterwards. Else there is no such page for him."""
    if visit.visitor is None and visit.request.method == "GET":
        return go(f"{SIGN_IN}?next={quote(visit.request.url.path)}")
    log.visit_refused(path=visit.request.url.path, reason="no right to this page")
    return page(visit, "problem.html", status=404, what="missing", incident="")


def _said(visit: Visit, fault: UserError | DocumentError) -> Response:
    if isinstance(fault, NotFound):
        if visit.visitor is not None:
            log.visit_refused(path=visit.request.url.path, reason="nothing of that name is his")
        return page(visit, "problem.html", status=404, what="missing", incident="")
    hint = fault.hint if isinstance(fault, UserError) else ""
    problems = (
        refusal_told(fault.problems, "", visit.language)
        if isinstance(fault, DocumentError)
        else fault.problems
    )
    return page(visit, "said.html", status=422, problems=problems, hint=hint)


def _missing(app: App) -> Callable[[Request, Exception], Awaitable[Response]]:
    async def missing(request: Request, fault: Exception) -> Response:
        status = fault.status_code if isinstance(fault, HTTPException) else 500
        if request.url.path.startswith(api.ROOT):
            return api.problem(status)
        what = "missing" if status == 404 else "failed"
        return page(_stranger(app, request), "problem.html", status=status, what=what, incident="")

    return missing


def _refuse(app: App) -> Refuse:
    """What a person is told whom the guard does not let through, in his language."""

    async def refuse(request: Request, refusal: Refusal) -> Response:
        try:
            visit = await _visit(app, request)
        except MaildError:  # the store may be away; what is refused is told all the same
            visit = _stranger(app, request)
        if refusal.what == "elsewhere":  # nothing that a page needs is found under this host
            words = visit.words("problem.elsewhere", address=app.settings.web.address)
            return PlainTextResponse(f"{words}\n", refusal.status)
        return page(visit, "problem.html", status=refusal.status, what=refusal.what, incident="")

    return refuse


def _stranger(app: App, request: Request) -> Visit:
    """A request of which nothing is known, for pages that must not fail."""
    return Visit(app, request, None, language_of(app, request, None), FormData())


__all__ = ["PAGES", "Who", "build"]
