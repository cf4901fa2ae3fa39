"""Take the pictures of the pages that docs/ shows: the demo by a clock that stands still, in Debian's Chromium.

    .venv/bin/python tools/screenshots.py

writes docs/pictures/*.png anew. With --every it takes each page whole, in each language, light, dark,
on a phone and in print, into another folder, to be looked at.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import io
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from PIL import Image
from playwright.async_api import Browser, Page, async_playwright

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from maild.app import App  # noqa: E402 - the checkout goes first
from maild.daemon import Daemon  # noqa: E402
from maild.demo.clock import StandingClock  # noqa: E402
from maild.demo.configuration import write  # noqa: E402
from maild.demo.console import PEOPLE  # noqa: E402
from maild.demo.filling import fill  # noqa: E402
from maild.demo.mails import SAMPLES, hand_in  # noqa: E402
from maild.demo.outside import Outside  # noqa: E402
from maild.log import setup  # noqa: E402
from maild.simulators.mailsink import MailSink  # noqa: E402

CHROMIUM: Final = Path("/usr/bin/chromium")
PICTURES: Final = ROOT / "docs" / "pictures"
AT: Final = datetime(2026, 11, 24, 15, 20, tzinfo=UTC)
LATER: Final = timedelta(minutes=20)  # when the pictures are taken, after the last mail came
WEB_PORT: Final = 18_880
WIDE, NARROW, HIGH = 1180, 390, 780
COLOURS: Final = 128  # enough for text and bars, and a third of the bytes
LARGEST: Final = 100_000  # bytes of one picture
LANGUAGES: Final = ("en", "nl", "fr")


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture: whose page, how it is looked at. `whole`: down to its end."""

    name: str
    who: str
    path: str
    language: str = "en"
    dark: bool = False
    width: int = WIDE
    whole: bool = False
    printed: bool = False


PAGES: Final = (
    Shot("partner-teams", "partner", "/teams"),
    Shot("partner-documents", "partner", "/teams/acme/documents"),
    Shot("partner-document", "partner", "/documents/{document}"),
    Shot("partner-automatic", "partner", "/teams/acme/automatic"),
    Shot("partner-waiting", "partner", "/teams/acme/waiting"),
    Shot("partner-links", "partner", "/links"),
    Shot("partner-account", "partner", "/account"),
    Shot("owner-today", "owner", "/teams/acme/today"),
    Shot("owner-documents", "owner", "/teams/acme/documents"),
    Shot("owner-exports", "owner", "/teams/acme/exports"),
    Shot("owner-connections", "owner", "/teams/acme/connections"),
    Shot("owner-live", "owner", "/teams/acme/live"),
    Shot("owner-settings", "owner", "/teams/acme/settings"),
    Shot("operator-today", "operator", "/operator"),
    Shot("operator-in", "operator", "/operator/in"),
    Shot("operator-out", "operator", "/operator/out"),
    Shot("operator-rules", "operator", "/operator/rules"),
    Shot("operator-connections", "operator", "/operator/connections"),
    Shot("operator-dns", "operator", "/operator/dns"),
    Shot("operator-schedule", "operator", "/operator/schedule"),
    Shot("operator-settings", "operator", "/operator/settings"),
    Shot("operator-document", "operator", "/operator/documents/{document}"),
    Shot("operator-trail", "operator", "/operator/trail"),
)
_PAGE: Final = {one.name: one for one in PAGES}
SHOWN: Final = (
    *(
        _PAGE[name]
        for name in (
            *("partner-teams", "partner-documents", "partner-document", "owner-today"),
            *("owner-exports", "owner-settings", "operator-today", "operator-connections"),
            "operator-schedule",
        )
    ),
    replace(_PAGE["operator-today"], name="operator-today-dark", dark=True),
    replace(_PAGE["partner-documents"], name="partner-documents-phone", width=NARROW),
)


@contextlib.asynccontextmanager
async def demo(folder: Path) -> AsyncIterator[App]:
    """The demo, filled and running in this process, at a moment that does not pass."""
    clock, sink = StandingClock(AT), MailSink(folder=folder / "outbox", keep=False)
    async with Outside(sink, clock.now).open() as outside:
        config = write(folder, outside.around(web=WEB_PORT))
        await fill(config, outside, until=AT)
        outside.now = clock.now
        async with App.opened(config, as_daemon=True, now=clock.now) as app:
            setup.configure(level="critical")
            daemon = Daemon(app)
            running = asyncio.create_task(daemon.run(started=0.0))
            await _until(app, lambda status: status["state"] == "ready")
            door = (await app.actions.status())["smtpd"]["listen"][0]
            for sample in SAMPLES:
                await asyncio.to_thread(hand_in, door, sample)
            await _until(app, lambda status: not status["queue"]["queued"])
            clock.at += LATER
            try:
                yield app
            finally:
                daemon.stop.set()
                await running


async def _until(app: App, good: Callable[[dict[str, Any]], bool]) -> None:
    """Wait until maild's status is so, half a minute at most."""
    async with asyncio.timeout(30):
        seen = app.db.changes
        while not good(await app.actions.status()):
            await app.db.wait_for_change(1.0, since=seen)
            seen = app.db.changes


async def take(app: App, browser: Browser, shots: Sequence[Shot], *, into: Path) -> None:
    """Take pictures, signed in once for each way to look."""
    [document, *_] = await app.records.list(team="acme", number="F2026-0412")
    looks = sorted({(s.who, s.language, s.dark, s.width) for s in shots})
    for look in looks:
        who, language, dark, width = look
        context = await browser.new_context(
            base_url=app.settings.web.address,
            color_scheme="dark" if dark else "light",
            viewport={"width": width, "height": HIGH},
            locale=language,
            timezone_id="Europe/Brussels",
            reduced_motion="reduce",
        )
        page = await context.new_page()
        await page.goto(await app.access.sign_ins.console_link(PEOPLE[who][2]))
        await page.click("main button")
        await context.request.post(
            "/account/language", form={"language": language}, headers={"sec-fetch-site": "none"}
        )
        for shot in shots:
            if (shot.who, shot.language, shot.dark, shot.width) == look:
                content = await _shot(page, shot, document=document["id"])
                (into / f"{shot.name}.png").write_bytes(content)
        await context.close()


async def _shot(page: Page, shot: Shot, *, document: str) -> bytes:
    await page.emulate_media(media="print" if shot.printed else "screen")
    answer = await page.goto(shot.path.format(document=document), wait_until="networkidle")
    if answer is None or answer.status != 200:
        raise SystemExit(f"{shot.path} answers {answer and answer.status}")
    return _small(await page.screenshot(full_page=shot.whole), shot.name, whole=shot.whole)


def _small(content: bytes, name: str, *, whole: bool) -> bytes:
    """The same picture with few colours. Ends the program when it is still too large for docs/."""
    made = io.BytesIO()
    picture = Image.open(io.BytesIO(content)).convert("RGB")
    picture.quantize(COLOURS, dither=Image.Dither.NONE).save(made, "PNG", optimize=True)
    if not whole and made.tell() > LARGEST:
        raise SystemExit(f"{name}.png has {made.tell()} bytes, and {LARGEST} are the most")
    return made.getvalue()


def _every() -> list[Shot]:
    """Each page as anybody may see it."""
    whole = [replace(one, whole=True) for one in PAGES]
    return [
        *(
            replace(one, name=f"{one.name}-{language}", language=language)
            for one in whole
            for language in LANGUAGES
        ),
        *(replace(one, name=f"{one.name}-dark", dark=True) for one in whole),
        *(replace(one, name=f"{one.name}-phone", width=NARROW) for one in whole),
        *(replace(one, name=f"{one.name}-print", printed=True) for one in whole),
    ]


async def _run(shots: Sequence[Shot], *, into: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with demo(Path(folder)) as app, async_playwright() as playwright:
            browser = await playwright.chromium.launch(
                executable_path=CHROMIUM,
                args=["--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"],
            )
            await take(app, browser, shots, into=into)
            await browser.close()


def main() -> None:
    """Take those of docs/, or every one."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--every", type=Path, metavar="FOLDER", help="take every page into here")
    asked.add_argument("--only", default="", help="pages whose name has this in it")
    given = asked.parse_args()
    shots = _every() if given.every else SHOWN
    wanted = [one for one in shots if given.only in one.name]
    into = given.every or PICTURES
    into.mkdir(parents=True, exist_ok=True)
    asyncio.run(_run(wanted, into=into))


if __name__ == "__main__":
    main()
