"""One request, as a page sees it: who asks, in which language, with which form; and the answers to it."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from maild.app import App
from maild.errors import NotFound
from maild.model.access import Scope
from maild.partners.sessions import Guest, Opened, Visitor
from maild.web.place import place_of
from maild.web.words import LANGUAGES, Words, best_language

NOBODY: Final = Scope(person="", email="")
_LANGUAGE_COOKIE: Final = "language"
_DEVICE_COOKIE: Final = "device"
_YEAR: Final = 365 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Visit:
    """A request with what is known of its sender. `form` is empty for a GET."""

    app: App
    request: Request
    visitor: Visitor | None
    words: Words
    form: FormData

    @property
    def scope(self) -> Scope:
        """What the visitor may do; nobody may do anything."""
        return self.visitor.scope if self.visitor else NOBODY

    @property
    def known(self) -> Visitor:
        """The visitor, on a page that only signed-in people reach."""
        if self.visitor is None:
            raise NotFound("nobody is signed in")
        return self.visitor

    async def again(self) -> Visit | None:
        """The same request as it stands by now; None when its session is over."""
        token = self.request.cookies.get(cookie_name(self.app, "session"), "")
        visitor = await self.app.access.sessions.visitor(token)
        return None if visitor is None else replace(self, visitor=visitor)

    @property
    def language(self) -> str:
        """The language of the page."""
        return self.words.language

    @property
    def place(self) -> str:
        """Roughly where the visitor is: his network."""
        return place_of(self.request, proxies=self.app.settings.web.proxies)

    @property
    def guest(self) -> Guest:
        """The browser, as a session remembers it."""
        return Guest(
            agent=self.request.headers.get("user-agent", ""),
            place=self.place,
            language=self.language,
            device=self.request.cookies.get(cookie_name(self.app, _DEVICE_COOKIE), ""),
        )

    @property
    def browser(self) -> str:
        """The nonce that this browser keeps while it asks to sign in; empty when it has none."""
        return self.request.cookies.get(cookie_name(self.app, "browser"), "")

    def field(self, name: str, *, longest: int = 1_000) -> str:
        """A text field of the form, without spaces around it; empty when it is not there."""
        value = self.form.get(name)
        return value.strip()[:longest] if isinstance(value, str) else ""

    async def file(self, name: str) -> tuple[str, bytes] | None:
        """A file of the form with its name; None when none was chosen."""
        one = self.form.get(name)
        if not isinstance(one, UploadFile):
            return None
        content = await one.read()
        return (one.filename or name, content) if content else None

    def path(self, name: str) -> str:
        """A part of the address."""
        return str(self.request.path_params[name])


def go(address: str) -> Response:
    """Show another page next; a reload there repeats nothing (RFC 9110 section 15.4.4)."""
    return RedirectResponse(address, status_code=303)


def language_of(app: App, request: Request, visitor: Visitor | None) -> Words:
    """The words for whoever asks: his own language, else the cookie's, else the browser's wish."""
    asked = request.cookies.get(cookie_name(app, _LANGUAGE_COOKIE), "")
    if visitor is not None:
        language = visitor.person.language
    elif asked in LANGUAGES:
        language = asked
    else:
        language = best_language(request.headers.get("accept-language", ""))
    return Words(language if language in LANGUAGES else "en", zone_of(app, visitor))


def zone_of(app: App, visitor: Visitor | None) -> ZoneInfo:
    """The zone in which times are shown: that of the first team he sees, else ours."""
    seen = visitor.scope.teams if visitor else frozenset()
    zones = (team.time_zone for team in app.book.teams if team.slug in seen or not seen)
    return ZoneInfo(next(zones, "Europe/Brussels"))


def cookie_name(app: App, name: str) -> str:
    """The name of a cookie; over https one that no other host can set (RFC 6265bis section 4.1.3)."""
    return f"__Host-maild-{name}" if _is_https(app) else f"maild-{name}"


def keep_session(app: App, response: Response, opened: Opened) -> Response:
    """Let the browser keep the reference of a session until it ends, and what it is known by later."""
    ends = opened.session.expires_at
    _set(
        app,
        response,
        "session",
        value=opened.token,
        seconds=int((ends - opened.session.opened_at).total_seconds()),
    )
    _set(app, response, _DEVICE_COOKIE, value=opened.device, seconds=_YEAR)
    return response


def drop_session(app: App, response: Response) -> Response:
    """Let the browser forget its session."""
    response.delete_cookie(cookie_name(app, "session"), **_flags(app))
    return response


def keep_browser(app: App, response: Response) -> str:
    """Give the browser a new nonce, which it must show to use the link it asks for."""
    nonce = secrets.token_urlsafe(32)
    _set(app, response, "browser", value=nonce, seconds=3600)
    return nonce


def keep_language(app: App, response: Response, language: str) -> Response:
    """Let the browser remember a language for people who are not signed in."""
    _set(app, response, _LANGUAGE_COOKIE, value=language, seconds=_YEAR)
    return response


def _set(app: App, response: Response, name: str, *, value: str, seconds: int) -> None:
    response.set_cookie(cookie_name(app, name), value, max_age=seconds, **_flags(app))


def _flags(app: App) -> Mapping[str, Any]:
    return {"path": "/", "secure": _is_https(app), "httponly": True, "samesite": "lax"}


def _is_https(app: App) -> bool:
    return urlsplit(app.settings.web.address).scheme == "https"
