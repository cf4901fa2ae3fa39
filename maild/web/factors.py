"""The second factor: given after the mailed link, set up the first time, and changed on one's account.

Passkeys need a script, since only it can ask the browser for one; codes of an app need none.
"""

from __future__ import annotations

from typing import Final

import segno
from markupsafe import Markup
from starlette.responses import Response

from maild.partners.code_apps import Refusal
from maild.partners.sessions import Opened
from maild.web.account import ACCOUNT
from maild.web.pages import page
from maild.web.routes import HOME, SECOND, Page, Who
from maild.web.sign_in import private, wished
from maild.web.visit import Visit, go, keep_browser, keep_session

APP: Final = f"{ACCOUNT}/app"
PASSKEYS: Final = f"{ACCOUNT}/passkeys"
_LONGEST_ANSWER: Final = 20_000  # what a browser says of a passkey, as JSON


async def show(visit: Visit) -> Response:
    """Give a second factor, or set the first one up."""
    return await _shown(visit, refused="")


async def enter_code(visit: Visit) -> Response:
    """Give a code of the app."""
    found = await visit.app.access.code_apps.enter(
        visit.field("code", longest=20), visitor=visit.known, guest=visit.guest
    )
    if isinstance(found, Refusal):
        return await _shown(visit, refused=found.value)
    return private(keep_session(visit.app, go(wished(visit)), found))


async def ask_passkey(visit: Visit) -> Response:
    """What the browser is to sign."""
    passkeys = visit.app.access.passkeys
    answer = Response(media_type="application/json")
    # The nonce that a mailed link is bound to stays the one it is.
    nonce = visit.browser or keep_browser(visit.app, answer)
    answer.body = (await passkeys.ask(nonce, visitor=visit.visitor)).encode()
    answer.headers["Content-Length"] = str(len(answer.body))
    return answer


async def enter_passkey(visit: Visit) -> Response:
    """Sign in by a passkey: what it is, and that its owner was there, are two factors."""
    found = await visit.app.access.passkeys.enter(
        visit.field("answer", longest=_LONGEST_ANSWER),
        browser=visit.browser,
        visitor=visit.visitor,
        guest=visit.guest,
    )
    if found is None:
        return private(page(visit, "no_entry.html", status=403, why="passkey"))
    return private(keep_session(visit.app, go(wished(visit)), found))


async def begin_passkey(visit: Visit) -> Response:
    """What the browser is to make."""
    options = await visit.app.access.passkeys.begin(visit.known)
    return Response(options, media_type="application/json")


async def add_passkey(visit: Visit) -> Response:
    """Keep what the browser made."""
    opened = await visit.app.access.passkeys.add(
        visit.field("answer", longest=_LONGEST_ANSWER),
        name=visit.field("name", longest=100),
        visitor=visit.known,
        guest=visit.guest,
    )
    return _added(visit, opened)


async def remove_passkey(visit: Visit) -> Response:
    """Drop a passkey."""
    await visit.app.access.factors.remove_passkey(visit.path("id"), visitor=visit.known)
    return go(ACCOUNT)


async def begin_app(visit: Visit) -> Response:
    """Make a secret for an app."""
    await visit.app.access.code_apps.begin(visit.known)
    return go(f"{APP}{_query(visit)}")


async def show_app(visit: Visit) -> Response:
    """The secret as a QR code and to type, until its first code came."""
    return await _app(visit, refused="")


async def confirm_app(visit: Visit) -> Response:
    """Take the first code."""
    found = await visit.app.access.code_apps.confirm(
        visit.field("code", longest=20), visitor=visit.known, guest=visit.guest
    )
    if isinstance(found, Refusal):
        return await _app(visit, refused=found.value)
    return _added(visit, found)


async def remove_app(visit: Visit) -> Response:
    """Drop the app."""
    await visit.app.access.factors.remove_app(visitor=visit.known)
    return go(ACCOUNT)


async def _shown(visit: Visit, *, refused: str) -> Response:
    held = await visit.app.access.factors.of(visit.known)
    if not held.any and not visit.known.half:
        return go(ACCOUNT)
    return private(
        page(
            visit,
            "second_factor.html" if held.any else "first_factor.html",
            status=422 if refused else 200,
            held=held,
            passkeys=visit.app.access.passkeys.possible,
            refused=refused,
            query=_query(visit),
        )
    )


async def _app(visit: Visit, *, refused: str) -> Response:
    shared = await visit.app.access.code_apps.begun(visit.known)
    if shared is None:
        return go(SECOND if visit.known.half else ACCOUNT)
    words = [shared.secret[n : n + 4] for n in range(0, len(shared.secret), 4)]
    status = 422 if refused else 200
    shown = page(
        visit,
        "code_app.html",
        status=status,
        picture=_picture(shared.address),
        secret=" ".join(words),
        refused=refused,
        query=_query(visit),
    )
    return private(shown)


def _added(visit: Visit, opened: Opened | None) -> Response:
    if opened is None:
        return go(ACCOUNT)
    return private(keep_session(visit.app, go(wished(visit)), opened))


def _query(visit: Visit) -> str:
    page_after = wished(visit)
    return "" if page_after == HOME else f"?next={page_after}"


def _picture(address: str) -> Markup:
    # Dark on light in either theme: scanners of phones do not all read the other way.
    drawn = segno.make(address, error="m").svg_inline(scale=4, border=4, dark="#000", light="#fff")
    return Markup(drawn)  # noqa: S704 - drawn by us, from squares


PAGES: Final = (
    Page("GET", SECOND, Who.PERSON, show, half=True),
    Page("POST", SECOND, Who.PERSON, enter_code, half=True),
    Page("POST", "/passkey/options", Who.ANYONE, ask_passkey),
    Page("POST", "/passkey", Who.ANYONE, enter_passkey),
    Page("POST", f"{PASSKEYS}/options", Who.PERSON, begin_passkey, half=True),
    Page("POST", PASSKEYS, Who.PERSON, add_passkey, half=True),
    Page("POST", f"{PASSKEYS}/{{id}}/remove", Who.PERSON, remove_passkey),
    Page("GET", APP, Who.PERSON, show_app, half=True),
    Page("POST", APP, Who.PERSON, begin_app, half=True),
    Page("POST", f"{APP}/confirm", Who.PERSON, confirm_app, half=True),
    Page("POST", f"{APP}/remove", Who.PERSON, remove_app),
)
