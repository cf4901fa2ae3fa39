"""Dutch and French pages are Dutch and French: no English is left on them but names, code and quotes.

Every page is walked over a store in which everything has happened, and every form is sent so that it is
refused; `tests.web.english` finds what the English page says too.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
import pytest

from maild.app import App
from maild.errors import DocumentError
from maild.intake.desk import Submission
from maild.model.delivery import HoldCode, State
from maild.model.run import RunState
from maild.reading.wrap import wrap
from maild.rules.profiles import PROFILES
from maild.store import alarms, connectors, deliveries, documents, runs
from maild.store.database import Tx
from maild.watch.sources import KINDS
from tests.promised import PROMISED
from tests.web.conftest import ACCOUNTANT, OPERATOR, OWNER, WEB, Site, an_invoice
from tests.web.crawl import crawl
from tests.web.english import remnants, strings
from tests.web.test_accessibility import fill, speaks
from tests.web.test_sign_in import link_and_code
from tests.web.test_today import hand_in, of, refuse

LANGUAGES = ("nl", "fr", "en")
WHO = {"partner": ACCOUNTANT, "owner": OWNER, "operator": OPERATOR}
_SPLIT = PROMISED.index("[team.acme]")
ACME = PROMISED[_SPLIT:].replace(
    "[team.acme.recipients]",
    f'people = ["{OWNER}"]\n\n[[team.acme.exports]]\nname = "monthly"\nto = ["owner"]\n\n'
    '[[team.acme.rules]]\nname = "large ones"\nto = ["owner"]\ncounterparty = ["Gamma*"]\n'
    'total_from = 5000\ncurrency = ["USD"]\nlanguage = ["fr"]\nsender = ["x@y.example"]\n'
    'tags = ["quote"]\ndirection = "sales"\nmax_age_days = 1\n\n[team.acme.recipients]',
    1,
)
# A team that lies in the operator's file, is in shadow mode, and has what `maild check` speaks of.
MORE = f"""
[account.office]
provider = "microsoft"
team = "acme"
address = "in@acme.example"
client_id = "ours"

[mailbox.acme-in]
maildir = "nowhere"
team = "acme"

[team.new]
name = "Nieuw NV"
vat = "BE0403170701"
mode = "shadow"
addresses = ["new@in.example"]
people = ["{OWNER}"]
from = "Nieuw NV <facturen@new.example>"

[team.new.recipients]
office = {{ via = "relay", address = "bureau@new.example" }}

[[team.new.rules]]
name = "only what is dear, to the office"
kinds = ["invoice"]
total_from = 100
to = ["office"]

[[team.new.rules]]
name = "the rest is kept"
kinds = ["quote", "credit_note", "purchase_invoice", "purchase_credit_note"]
to = []
"""


@dataclass
class Stage(Site):
    """The site, and what is its data: texts that are the same in every language."""

    data: list[str] = field(default_factory=list)
    known: dict[str, str] = field(default_factory=dict)  # ids that paths name


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    config = tmp_path / "maild.toml"
    config.write_text(PROMISED[:_SPLIT] + WEB + MORE, "utf-8")
    own = tmp_path / "state" / "teams.d" / "acme.toml"
    own.parent.mkdir(parents=True)
    own.write_text(ACME, "utf-8")
    async with App.opened(config) as app:
        site = Stage(app)
        await happen(site)
        written = [tomllib.loads(one.read_text("utf-8")) for one in (config, own)]
        site.data = [*strings(written), *PROFILES, str(tmp_path), *await stored(site)]
        site.known = await named(site)
        yield site


async def happen(site: Site) -> None:
    """Everything that pages tell of."""
    await fill(site)
    await came_in(site)
    await left(site)
    await ran(site)
    await site.linked("acme", "jan@bureau.example")
    async with aclosing(await site.signed_in("jan@bureau.example")) as browser:
        page, form = "/teams/acme/automatic", {"kind": ["invoice"], "often": "day"}
        assert (await browser.post(page, data=form)).status_code == 303
        await hand_in(site, "F-AUTO")
        found = re.search(rf"{page}/[^/]+/end", (await browser.get(page)).text)
        assert found
        assert (await browser.post(found[0])).status_code == 303


async def came_in(site: Site) -> None:
    """A mail without a document, one that is none, a number that comes twice, a document for nobody."""
    now = site.app.actions.now()
    for raw in (wrap([]), b"Subject: x\r\n\r\nx", wrap([("F-9.xml", an_invoice("F-9") + b"<")])):
        with suppress(DocumentError):
            await site.app.desk.accept(Submission("acme", "smtp", raw, now, sender="a@b.example"))
    await hand_in(site, "F-TWICE")
    with suppress(DocumentError):
        await site.app.actions.send(
            [("x.xml", an_invoice("F-TWICE", notes=()))], team="acme", tag="credit"
        )
    await site.app.actions.send([("n.xml", an_invoice("N-1"))], team="acme", tag=None)
    await site.app.actions.send([("s.txt", b"words")], team="acme", tag="other")


async def left(site: Site) -> None:
    """A delivery for each way in which one can stand."""
    db, now = site.app.db, site.app.actions.now()
    for n, code in enumerate(HoldCode):
        [one, *_] = await of(site, await hand_in(site, f"H-{n}"))
        reason = f"the log says {code.value} in English"
        await db.write(partial(deliveries.hold, id=one.id, now=now, reason=reason, code=code))
    for n, (reply, state) in enumerate(
        (("550 5.1.1 no such user", State.FAILED), ("550 no", State.FAILED))
    ):
        [one, *_] = await of(site, await hand_in(site, f"R-{n}"))
        await refuse(site, one, reply=reply, state=state)
    async with aclosing(await site.signed_in(OWNER)) as browser:
        [first, second, *_] = await of(site, await hand_in(site, "C-1"))
        for one, verb in ((first, "hold"), (second, "cancel")):
            done = await browser.post(f"/teams/acme/deliveries/{one.id}/{verb}")
            assert done.status_code == 303
    rest = connectors.Rest(now + timedelta(minutes=9), "535 5.7.8 bad credentials", cause="login")
    await db.write(partial(connectors.pause, via="relay", now=now, rest=rest))
    alarmed = {f"{kind}:acme": f"the log says {kind}" for kind in KINDS}
    await db.write(partial(alarms.reconcile, found=alarmed, kinds=KINDS, now=now))


async def ran(site: Site) -> None:
    """Runs of the clock that were done, failed, were passed over, and wait."""
    agenda, app = site.app.agenda, site.app
    last = datetime.now(UTC).date().replace(day=1) - timedelta(days=1)
    period = f"{last:%Y-%m}"
    await agenda.run("acme/monthly", period)
    until = app.now() + timedelta(minutes=5)
    claim = partial(runs.claim, works=["export"], now=app.now(), owner="test", until=until)
    mine = await app.db.write(claim)
    assert mine
    await app.exports.run(mine)
    days = [(last - timedelta(days=n)).isoformat() for n in range(4)]
    for day in days:
        await agenda.run("tidy", day)
    await agenda.skip("tidy", days[0], reason=f"by {OPERATOR}")

    def write(tx: Tx) -> None:
        for day, result in ((days[1], "RuntimeError: the disk said no"), (days[2], "an old one")):
            run = runs.get(tx, "tidy", day)
            assert run
            runs.settle(tx, run, state=RunState.FAILED, result=result, now=app.now())

    await app.db.write(write)


async def named(site: Site) -> dict[str, str]:
    """A delivery that is neither held nor waits, and a document whose figures are not sure."""
    every = await site.app.db.read(partial(deliveries.find, limit=500))
    failed = next(one for one in every if one.state is State.FAILED)
    waits = await site.app.db.read(partial(documents.find, team="acme", limit=500))
    page = next(one.id for one in waits if one.number == "2026-2")
    return {"DELIVERY": failed.id, "PAGE": page}


async def stored(site: Site) -> list[str]:
    """The texts of documents and of everything that names them."""
    found = []
    for one in await site.app.db.read(partial(documents.find, limit=500)):
        shown = await site.app.records.show(one.id)
        found += [each["recipient"] or "" for each in shown["deliveries"]]
        for key in ("number", "counterparty", "files"):
            found += strings(shown[key])
    found += [one["schedule"] for one in await site.app.agenda.list()]
    found += [one.name for team in site.app.book.teams for one in team.recipients]
    return [*found, "Kantoor", "Advies", "test", "XXXX-XXXX"]


async def speak(browser: httpx2.AsyncClient, language: str, *, signed_in: bool = True) -> None:
    path = "/account/language" if signed_in else "/language"
    answer = await browser.post(path, data={"language": language})
    assert answer.status_code == 303


def english(said: dict[str, str], where: str, data: list[str]) -> Iterator[str]:
    """What is found on the pages of one address, a line each."""
    for language in LANGUAGES[:2]:
        for text, words in remnants(said[language], said["en"], language=language, data=data):
            yield f"{language} {where}: {text!r} ({words})"


@pytest.mark.parametrize("who", WHO)
async def test_no_page_has_english_left_in_it(stage: Stage, who: str) -> None:
    async with aclosing(await stage.signed_in(WHO[who])) as browser:
        found = await crawl(browser)
        addresses = {*found.pages.values(), *await every_document(stage, who)}
        assert len(addresses) > (7 if who == "partner" else 20)
        said: dict[str, dict[str, str]] = {one: {} for one in sorted(addresses)}
        for language in LANGUAGES:
            await speak(browser, language)
            for one, texts in said.items():
                answer = await browser.get(one)
                assert answer.status_code == 200, one
                texts[language] = answer.text
    found_in = [line for one, texts in said.items() for line in english(texts, one, stage.data)]
    assert not found_in, "\n".join(found_in)


async def every_document(stage: Stage, who: str) -> set[str]:
    """The page of each document of Acme that somebody sees, and the pages of the other team."""
    if who == "partner":
        return set()
    found = await stage.app.db.read(partial(documents.find, team="acme", limit=500))
    place = "/operator/documents" if who == "operator" else "/documents"
    more = {f"/teams/new/{one}" for one in ("today", "settings", "live", "exports", "connections")}
    return {f"{place}/{one.id}" for one in found} | (more if who == "owner" else set())


def test_english_is_found_and_names_code_and_quotes_are_not() -> None:
    page = (
        "<title>{0} · maild</title><p>{0}, Acme BV, F-1.pdf</p><p>{1} <code>hold it</code>"
        ' <q lang="en">said no</q></p><img alt="{2}">'
    )
    theirs = page.format("Held", "nothing was sent to it", "go away")
    mine = page.format("Vastgehouden", "er is nothing was sent", "go away")
    found = remnants(mine, theirs, language="nl", data=["Acme BV"])
    assert dict(found) == {"er is nothing was sent": "nothing sent", "go away": "go away"}
    fine = page.format("Vastgehouden", "er vertrok niets", "vasthouden")
    assert remnants(fine, theirs, language="nl", data=["Acme BV"]) == ()


REFUSED: list[tuple[str, str, dict[str, Any]]] = [
    ("owner", "/teams/acme/settings/general", {"digest": "at dawn", "people": OWNER}),
    ("owner", "/teams/acme/settings/general", {"digest": "25:00", "people": "nobody"}),
    ("owner", "/teams/acme/settings/general", {"language": "xx", "people": OWNER}),
    ("owner", "/teams/acme/settings/general", {"people": "else@acme.example"}),
    ("owner", "/teams/acme/settings/colours", {"branding.primary": "red"}),
    ("owner", "/teams/acme/settings/times", {"rules.0.when": "soonish"}),
    ("owner", "/teams/acme/settings/times", {"rules.1.when": "frydays 09:00"}),
    ("owner", "/teams/acme/settings/times", {"rules.1.when": "cron 99 7 * * mon"}),
    ("owner", "/teams/acme/settings/times", {"rules.1.when": "cron 1 7 1 * mon"}),
    ("owner", "/teams/acme/settings/recipients", {"recipients.owner.address": "no address"}),
    (
        "owner",
        "/teams/acme/settings/recipients",
        {"recipients.owner.address": "an@kantoor.example"},
    ),
    ("owner", "/teams/acme/settings/recipients", {"recipients.owner.address": "acme@post.example"}),
    ("owner", "/teams/acme/settings/recipients", {"recipients.owner.profile": "yuki"}),
    (
        "owner",
        "/teams/acme/settings/add",
        {"name": "X Y", "address": "a@b.example", "kinds": "quote"},
    ),
    ("owner", "/teams/acme/settings/add", {"name": "owner", "address": "a@b.example"}),
    (
        "owner",
        "/teams/acme/settings/texts",
        {"language": "nl", "kind": "invoice", "name": "text", "text": "{{ nothing }}"},
    ),
    (
        "owner",
        "/teams/acme/settings/texts",
        {"language": "nl", "kind": "invoice", "name": "text", "text": "{{ number | sort }}"},
    ),
    ("owner", "/teams/acme/exports", {"period": "2026-01"}),
    ("owner", "/teams/acme/exports", {"period": "1999-01", "to": "owner"}),
    ("owner", "/teams/acme/exports", {"period": "sometime", "to": "owner"}),
    ("owner", "/teams/acme/exports", {"period": "2026-10", "to": ["nobody", "books"]}),
    ("owner", "/teams/acme/exports/monthly/run", {"period": "sometime"}),
    ("owner", "/teams/acme/exports/monthly/run", {"period": "2998-01"}),
    ("owner", "/teams/acme/exports/monthly/run", {"period": "2026-01-01"}),
    ("owner", "/links/invite", {"team": "acme", "email": "nobody", "sales": "1"}),
    ("owner", "/links/invite", {"team": "acme", "email": ACCOUNTANT, "sales": "1"}),
    ("owner", "/links/invite", {"team": "acme", "email": OWNER, "sales": "1"}),
    ("owner", "/links/invite", {"team": "acme", "email": ACCOUNTANT}),
    ("owner", "/teams/new/live", {"send": "since", "day": "soon"}),
    ("partner", "/teams/acme/automatic", {"often": "month"}),
    ("partner", "/teams/acme/automatic", {"often": "day", "kind": "nothing"}),
    ("partner", "/links/ask", {"team": "BE0403170701"}),
    ("operator", "/operator/schedule/run", {"schedule": "tidy", "period": "x"}),
    ("operator", "/operator/schedule/run", {"schedule": "tidy", "period": "2026-01"}),
    ("operator", "/operator/schedule/run", {"schedule": "acme/digest", "period": "2026-01"}),
    ("operator", "/operator/schedule/skip", {"schedule": "nothing", "period": "2026-01"}),
    ("operator", "/operator/rules", {"team": "acme"}),
    ("operator", "/operator/rules", {"team": "acme", "file": "none.pdf"}),
    ("operator", "/operator/out/DELIVERY/release", {}),
    # What answers with a page though nothing is wrong with what was asked.
    ("operator", "/operator/settings", {}),
    ("operator", "/operator/rules", {"team": "acme", "file": "F-77.xml"}),
    ("operator", "/operator/rules", {"team": "new", "file": "F-77.xml"}),
    ("owner", "/teams/acme/connections/mailboxes/acme-in", {}),
    ("owner", "/teams/acme/connections/accounts/office/answer", {"pasted": "https://x.example"}),
    ("owner", "/teams/acme/deliveries/DELIVERY/release", {}),
    ("owner", "/teams/acme/deliveries/DELIVERY/burn", {}),
    ("owner", "/documents/PAGE/figures", {"verdict": "confirmed", "net_total": "much"}),
    ("owner", "GET /teams/acme/download?period=1999-01&shape=zip", {}),
    ("partner", "/teams/acme/automatic", {"often": "day", "kind": "invoice", "do": "try"}),
    ("partner", "/teams/acme/automatic", {"often": "day", "kind": "invoice"}),
    ("partner", "GET /teams/acme/nothing", {}),
    ("nobody", "GET /sign-in", {}),
    ("nobody", "GET /sign-in/nobody", {}),
    ("nobody", "GET /sign-in/l-nothing/of-nobody", {}),
    ("nobody", "GET /export/nothing", {}),
    ("nobody", "/sign-in", {"email": "nobody"}),
    ("nobody", "/sign-in", {"email": "x" * 70_000}),
    ("half", "GET /second-factor", {}),
    ("half", "GET /account/app", {}),
    ("half", "/account/app/confirm", {"code": "000000"}),
]


@pytest.mark.parametrize("who", [*WHO, "nobody", "half"])
async def test_no_answer_has_english_left_in_it(stage: Stage, who: str) -> None:
    found = []
    async with aclosing(await visitor(stage, who)) as browser:
        for whom, path, form in REFUSED:
            if whom != who:
                continue
            said = {}
            for language in LANGUAGES:
                await speak(browser, language, signed_in=who in WHO)
                await speaks(stage, OWNER, language)  # who is half way in cannot choose
                answer = await sent(stage, browser, path, form=form)
                assert answer.status_code in {200, 403, 404, 413, 422}, (path, form, answer.text)
                assert f'<html lang="{language}"' in answer.text, (path, form)
                said[language] = answer.text
            typed = [*strings(form), *re.findall(r"\w+", json.dumps(form))]
            found += list(english(said, f"{path} {form}", [*stage.data, *typed]))
    assert not found, "\n".join(found)


async def visitor(stage: Stage, who: str) -> httpx2.AsyncClient:
    """A browser of somebody; one that is half way in has shown the mailed code and no second factor."""
    if who in WHO:
        return await stage.signed_in(WHO[who])
    browser = stage.browser()
    if who == "half":
        place = (await browser.post("/sign-in", data={"email": OWNER})).headers["location"]
        _, code = await link_and_code(stage, OWNER)
        assert (await browser.post(place, data={"code": code})).status_code == 303
        assert (await browser.post("/account/app")).status_code == 303
    return browser


async def sent(
    stage: Stage, browser: httpx2.AsyncClient, path: str, *, form: dict[str, Any]
) -> httpx2.Response:
    """The answer to a form, or to a page; capitals in its path are something of the stage."""
    for word, id_ in stage.known.items():
        path = path.replace(word, id_)
    if path.startswith("GET "):
        return await browser.get(path.removeprefix("GET "))
    fields = form | await mark(browser, path)
    if name := fields.pop("file", ""):
        content = an_invoice("F-77") if name.endswith("xml") else b"%PDF-1.7 none"
        return await browser.post(path, data=fields, files={"file": (name, content)})
    return await browser.post(path, data=fields)


async def mark(browser: httpx2.AsyncClient, path: str) -> dict[str, str]:
    """The mark of the settings that a form was shown with."""
    if "/settings/" not in path:
        return {}
    page = (await browser.get(path.rpartition("/")[0])).text
    return {"seen": page.partition('name="seen" value="')[2].partition('"')[0]}
