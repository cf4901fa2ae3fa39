"""Signing in: ask for a mail, then open its link here or type its code. Nothing happens on a GET."""

from __future__ import annotations

import re
from typing import Final

from starlette.responses import Response

from maild.partners.sessions import Opened
from maild.partners.sign_in import Answer
from maild.web.pages import page
from maild.web.routes import HOME, SECOND, SIGN_IN, Page, Who
from maild.web.visit import Visit, drop_session, go, keep_browser, keep_language, keep_session
from maild.web.words import LANGUAGES

_LONGEST_ADDRESS: Final = 254  # RFC 5321 section 4.5.3.1.3
_ADDRESS: Final = re.compile(r"[^\s@<>]{1,64}@[^\s@<>]{1,189}")
_OURS: Final = re.compile(r"/[A-Za-z0-9._~%/-]*")  # a path of this site, and of no other


async def form(visit: Visit) -> Response:
    """The door."""
    if visit.visitor is not None:
        return go(HOME)
    return private(_door(visit, email="", wrong=False))


async def ask(visit: Visit) -> Response:
    """Send a mail, or do as if: the answer is the same for an unknown address."""
    email = visit.field("email", longest=_LONGEST_ADDRESS)
    if not _ADDRESS.fullmatch(email):
        return private(_door(visit, email=email, wrong=True))
    answer = go(SIGN_IN)
    nonce = keep_browser(visit.app, answer)
    asked = await visit.app.access.sign_ins.ask(
        email, browser=nonce, place=visit.place, language=visit.language
    )
    answer.headers["Location"] = f"{SIGN_IN}/{asked}{_next(visit)}"
    return private(answer)


async def wait(visit: Visit) -> Response:
    """Where the code is typed, in the window that asked."""
    return private(page(visit, "code.html", wrong=False, asked=visit.path("id")))


async def enter_code(visit: Visit) -> Response:
    """Sign in by the code."""
    found = await visit.app.access.sign_ins.enter_code(
        visit.path("id"),
        visit.field("code", longest=40),
        browser=visit.browser,
        guest=visit.guest,
    )
    if found is Answer.WRONG:
        return private(page(visit, "code.html", status=422, wrong=True, asked=visit.path("id")))
    return _after(visit, found)


async def look(visit: Visit) -> Response:
    """What a link in a mail opens: one button, in the browser that asked for it."""
    why_not = await visit.app.access.sign_ins.look(
        visit.path("id"), visit.path("token"), browser=visit.browser
    )
    if why_not is not None:
        return private(page(visit, "no_entry.html", status=403, why=why_not.value))
    return private(page(visit, "enter.html"))


async def enter(visit: Visit) -> Response:
    """Sign in by the link."""
    found = await visit.app.access.sign_ins.enter(
        visit.path("id"),
        visit.path("token"),
        browser=visit.browser,
        guest=visit.guest,
    )
    return _after(visit, found)


async def leave(visit: Visit) -> Response:
    """Sign out, here and on our side."""
    await visit.app.access.sessions.end(visit.known.session.id, visitor=visit.known)
    return drop_session(visit.app, go(SIGN_IN))


async def speak(visit: Visit) -> Response:
    """Show the page in another language; the door, where that was none of ours."""
    back = visit.field("back")
    answer = go(back if _is_ours(back) else SIGN_IN)
    language = visit.field("language", longest=2)
    return keep_language(visit.app, answer, language) if language in LANGUAGES else answer


def wished(visit: Visit) -> str:
    """The page that was asked for before; only one of ours."""
    asked = visit.request.query_params.get("next", "")
    return asked if _is_ours(asked) and not asked.startswith((SIGN_IN, SECOND)) else HOME


def _is_ours(address: str) -> bool:
    return bool(_OURS.fullmatch(address)) and not address.startswith("//")


def private(response: Response) -> Response:
    """No address of these pages goes anywhere: they hold what lets people in."""
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def _after(visit: Visit, found: Opened | Answer) -> Response:
    if isinstance(found, Answer):
        return private(page(visit, "no_entry.html", status=403, why=found.value))
    return private(keep_session(visit.app, go(wished(visit)), found))


def _door(visit: Visit, *, email: str, wrong: bool) -> Response:
    return page(
        visit,
        "sign_in.html",
        status=422 if wrong else 200,
        email=email,
        wrong=wrong,
        passkeys=visit.app.access.passkeys.possible,
        query=_next(visit),
    )


def _next(visit: Visit) -> str:
    after = wished(visit)
    return "" if after == HOME else f"?next={after}"


PAGES: Final = (
    Page("GET", SIGN_IN, Who.ANYONE, form),
    Page("POST", SIGN_IN, Who.ANYONE, ask),
    Page("POST", "/language", Who.ANYONE, speak),
    Page("GET", "/sign-in/{id}", Who.ANYONE, wait),
    Page("POST", "/sign-in/{id}", Who.ANYONE, enter_code),
    Page("GET", "/sign-in/{id}/{token}", Who.ANYONE, look),
    Page("POST", "/sign-in/{id}/{token}", Who.ANYONE, enter),
    Page("POST", "/sign-out", Who.PERSON, leave, half=True),
)
