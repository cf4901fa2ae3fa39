"""What a team's own people change of it: in general, who gets what and when, and the words of its letters.

Each part is a form of its own, with the mark of what was shown: what somebody else changed meanwhile is
never written over.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from starlette.responses import Response

from maild.config.edit import Place, Value
from maild.errors import KeyProblem, NotFound, UserError
from maild.model.document import Kind
from maild.model.said import Said
from maild.partners.own_settings import Extra, Shown, adding, removing, text_place
from maild.web.pages import page
from maild.web.routes import Page, Who
from maild.web.visit import Visit, go

_LONGEST_LIST: Final = 5_000
_LONGEST_TEXT: Final = 10_000
_KINDS: Final = tuple(one for one in Kind if one is not Kind.EXPORT)
Part = Callable[[Visit, Shown], dict[Place, Value]]


async def show(visit: Visit) -> Response:
    """The page."""
    return await _show(visit)


async def change(visit: Visit) -> Response:
    """Change one part of it."""
    part = _PARTS.get(visit.path("part"))
    if part is None:
        raise NotFound("there is no such part of the settings")
    shown = await visit.app.own_settings.look(visit.scope, visit.path("team"))

    async def write() -> Sequence[KeyProblem]:
        return await visit.app.own_settings.change(
            visit.scope,
            visit.path("team"),
            part(visit, shown),
            seen=visit.field("seen", longest=64),
            place=visit.place,
        )

    return await _written(visit, write, done=visit.path("part"))


async def put_logo(visit: Visit) -> Response:
    """Take a picture as the team's logo."""
    given = await visit.file("logo")

    async def write() -> Sequence[KeyProblem]:
        return await visit.app.own_settings.put_logo(
            visit.scope,
            visit.path("team"),
            given[1] if given else b"",
            seen=visit.field("seen", longest=64),
            place=visit.place,
        )

    return await _written(visit, write, done="logo#looks")


async def logo(visit: Visit) -> Response:
    """The team's logo, as it was made plain when it came."""
    content = await visit.app.own_settings.logo(visit.scope, visit.path("team"))
    return Response(content, media_type="image/png")


async def sample(visit: Visit) -> Response:
    """A page of an invoice as it looks now."""
    content = await visit.app.own_settings.sample(visit.scope, visit.path("team"))
    return Response(content, media_type="image/png")


async def _written(
    visit: Visit, write: Callable[[], Awaitable[Sequence[KeyProblem]]], *, done: str
) -> Response:
    """The page after a change, or with what is wrong with it."""
    try:
        problems = await write()
    except NotFound:
        raise
    except UserError as fault:
        problems = [KeyProblem("", one) for one in fault.said]
    if problems:
        return await _show(visit, problems=problems)
    return go(f"/teams/{visit.path('team')}/settings?done={done}")


async def _show(visit: Visit, *, problems: Sequence[KeyProblem] = ()) -> Response:
    shown = await visit.app.own_settings.look(visit.scope, visit.path("team"))
    name = visit.field("name", longest=60)
    told = {_field(one.key, name): one for one in problems}
    done = visit.request.query_params.get("done", "")
    return page(
        visit,
        "settings.html",
        status=422 if problems else 200,
        team=shown.team,
        shown=shown,
        kinds=_KINDS,
        rules=[_row(n, rule) for n, rule in _rules(shown)],
        told=told,
        # What fits no field of the page is told above it.
        said=[one for one in problems if not _has_field(_field(one.key, name), shown)],
        given=lambda field, now: _given(visit, field, now, on=bool(problems)),
        lines="\n".join,
        adding=visit.request.path_params.get("part") == "add",
        logo=Path(shown.team.branding.logo or "").name,
        done=done in _PARTS or done == "logo",
    )


def _general(visit: Visit, shown: Shown) -> dict[Place, Value]:
    team = shown.team
    people = tuple(_lines(visit, "people"))
    values: dict[Place, tuple[Value, Value]] = {
        ("language",): (visit.field("language"), team.language),
        ("digest",): (visit.field("digest") or "off", team.digest or "off"),
        ("people",): (people, team.people),
    }
    return {place: new for place, (new, old) in values.items() if new != old}


def _colours(visit: Visit, shown: Shown) -> dict[Place, Value]:
    branding = shown.team.branding
    values = {"primary": branding.primary, "accent": branding.accent}
    sent = {name: visit.field(f"branding.{name}") for name in values}
    return {("branding", name): new for name, new in sent.items() if new != values[name]}


def _no_logo(visit: Visit, shown: Shown) -> dict[Place, Value]:
    del visit
    return {("branding", "logo"): None} if shown.team.branding.logo else {}


def _recipients(visit: Visit, shown: Shown) -> dict[Place, Value]:
    values: dict[Place, Value] = {}
    for one in shown.team.recipients:
        now = {
            "address": one.address,
            "profile": one.profile.name,
            "language": one.language or "",
            "packages": "link" if one.by_link else "",  # by mail, as when nothing is written
        }
        for name, old in now.items():
            key = f"recipients.{one.name}.{name}"
            if key in visit.form and (new := visit.field(key)) != old:
                values["recipients", one.name, name] = new or None
    return values


def _times(visit: Visit, shown: Shown) -> dict[Place, Value]:
    values: dict[Place, Value] = {}
    for n, rule in _rules(shown):
        new = visit.field(f"rules.{n}.when") or "now"
        if new != rule.get("when", "now"):
            values["rules", n, "when"] = new
    return values


def _add(visit: Visit, shown: Shown) -> dict[Place, Value]:
    recipient = {
        key: visit.field(key)
        for key in ("address", "profile", "language")
        if visit.field(key) and (key, visit.field(key)) != ("profile", "mailbox")
    }
    chosen = [str(one) for one in visit.form.getlist("kinds")]
    kinds = tuple(one.value for one in _KINDS if one.value in chosen)
    if not kinds:
        english = "Say what the new recipient gets: choose at least one kind."
        raise UserError(Said("no_kinds", english))
    when = visit.field("when")
    extra = Extra(visit.field("name", longest=60), recipient, kinds, "" if when == "now" else when)
    return adding(shown.file, extra)


def _remove(visit: Visit, shown: Shown) -> dict[Place, Value]:
    return removing(shown.file, visit.field("name", longest=60))


def _texts(visit: Visit, shown: Shown) -> dict[Place, Value]:
    values: dict[Place, Value] = {}
    for key, old in shown.team.branding.texts:
        new = _text(visit, f"branding.texts.{key}")
        if new != old.strip():
            values[text_place(shown.file, key)] = new or None
    added = _text(visit, "text")
    if added:
        key = ".".join(visit.field(one, longest=40) for one in ("language", "kind", "name"))
        values[text_place(shown.file, key)] = added
    return values


_PARTS: Final[Mapping[str, Part]] = {
    "general": _general,
    "colours": _colours,
    "no-logo": _no_logo,
    "recipients": _recipients,
    "times": _times,
    "add": _add,
    "remove": _remove,
    "texts": _texts,
}


def _rules(shown: Shown) -> list[tuple[int, Mapping[str, Any]]]:
    found = shown.file.values.get("rules")
    return [*enumerate(found)] if isinstance(found, list) else []


def _row(n: int, rule: Mapping[str, Any]) -> dict[str, Any]:
    """A rule as a line of the page."""
    to = rule.get("to") or ()
    named = [to] if isinstance(to, str) else to
    return {"n": n, "name": rule.get("name", n + 1), "to": named, "when": rule.get("when", "now")}


def _lines(visit: Visit, name: str) -> list[str]:
    text = visit.field(name, longest=_LONGEST_LIST)
    return [one.strip() for one in text.replace(",", "\n").splitlines() if one.strip()]


def _text(visit: Visit, name: str) -> str:
    return visit.field(name, longest=_LONGEST_TEXT).replace("\r\n", "\n")


def _field(key: str, name: str) -> str:
    """The field that a problem is told at; one of the recipient that is added is at its form."""
    new = f"recipients.{name}."
    return f"new.{key.removeprefix(new)}" if name and key.startswith(new) else key


def _has_field(field: str, shown: Shown) -> bool:
    head, _, rest = field.partition(".")
    if head == "recipients":
        return rest.rpartition(".")[0] in {one.name for one in shown.team.recipients}
    if head == "rules":
        return field.endswith(".when") and rest.partition(".")[0] in {
            str(n) for n, _ in _rules(shown)
        }
    return field in {
        "language",
        "digest",
        "people",
        "branding.primary",
        "branding.accent",
        "branding.logo",
        "branding.texts",
        "new.address",
        "new.profile",
    }


def _given(visit: Visit, field: str, now: str, *, on: bool) -> str:
    """What stands in a field: what was typed, where it could not be written."""
    typed = visit.form.get(field)
    return typed if on and isinstance(typed, str) else now


PAGES: Final = (
    Page("GET", "/teams/{team}/settings", Who.OWNER, show),
    Page("GET", "/teams/{team}/settings/logo.png", Who.OWNER, logo),
    Page("GET", "/teams/{team}/settings/sample.png", Who.OWNER, sample),
    # A photo of some megabytes is read, so that it is refused in words.
    Page("POST", "/teams/{team}/settings/logo", Who.OWNER, put_logo, files=1, largest=8 << 20),
    Page("POST", "/teams/{team}/settings/{part}", Who.OWNER, change),
)
