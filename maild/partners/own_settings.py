"""What a team's own people change of its configuration: who gets what, when, in which words.

Each change is checked as `maild check` does, written to the team's file, in force at once, and stands in
the trail. Who maild sends as, where mail comes in and what lets it out stays with the operator.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from maild.children import ChildDied, JobFailed
from maild.config.edit import Place, Value
from maild.errors import KeyProblem, NotFound, UserError
from maild.log import running
from maild.model.access import Scope
from maild.model.said import Said
from maild.model.team import Team
from maild.outbox.contents import Typesetter
from maild.partners.sample import sample_bill
from maild.partners.scope import is_among
from maild.partners.telling import tell
from maild.partners.today import Today
from maild.reading.logo import NoLogo, plain_logo
from maild.reading.preview import preview
from maild.reading.sandbox import Sandbox
from maild.render.fields import clean, language_of
from maild.render.letter import TEXTS
from maild.rules.profiles import PROFILES
from maild.rules.schema import LANGUAGES
from maild.store import trail
from maild.store.database import Database, Tx
from maild.team_files import Beside, TeamFile, TeamFiles
from maild.teams import Shelf

# What may be changed, as a place below the team's table with points between.
_MAY: Final = re.compile(
    r"language|digest|people|branding\.(primary|accent|logo)|branding\.texts\..+"
    r"|recipients\.[a-z0-9][a-z0-9_-]*(\.(address|profile|language|packages))?"
    r"|rules\.\d+(\.(when|to))?|exports\.\d+\.(when|to)"
)
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_LONGEST: Final = 2_000  # characters of a change in the trail


@dataclass(frozen=True, slots=True)
class Shown:
    """A team with its file, and the words that its fields choose from."""

    team: Team
    file: TeamFile
    has_logo: bool  # one that came by the pages, and that they show
    languages: tuple[str, ...] = LANGUAGES
    profiles: tuple[str, ...] = tuple(PROFILES)
    texts: tuple[str, ...] = TEXTS


@dataclass(frozen=True, slots=True)
class Extra:
    """One more recipient: its name, its table, and the rule that sends it something."""

    name: str
    recipient: Mapping[str, Any]
    kinds: tuple[str, ...]
    when: str


@dataclass(frozen=True, slots=True)
class OwnSettings:
    """The configuration of teams that are one's own. What is not one's own is NotFound."""

    db: Database
    today: Today
    files: TeamFiles
    shelf: Shelf
    url: str  # of the pages
    sandbox: Sandbox
    renderer: Typesetter

    async def look(self, scope: Scope, slug: str) -> Shown:
        """A team as it is in force and as it is written. Raises NotFound."""
        self.today.team(scope, slug)
        team = self.shelf.written.team(slug)
        picture = await self.files.picture(slug, team.branding.logo)
        return Shown(team, await self.files.find(slug), picture is not None)

    async def change(
        self,
        scope: Scope,
        slug: str,
        values: Mapping[Place, Value],
        *,
        seen: str,
        place: str = "",
    ) -> tuple[KeyProblem, ...]:
        """Write values below the team's table; what is wrong with them, when nothing was written.

        Keys of problems are places with points between, such as "rules.0.when". Raises NotFound for a
        place that is not theirs to change, UserError where the file cannot be written.
        """
        self.today.team(scope, slug)
        return await self._write(scope, slug, values, seen=seen, place=place)

    async def put_logo(
        self, scope: Scope, slug: str, content: bytes, *, seen: str, place: str = ""
    ) -> tuple[KeyProblem, ...]:
        """Let a picture that somebody sent be the team's logo.

        What is wrong with it is told as a problem of "branding.logo". Raises as `change`.
        """
        self.today.team(scope, slug)
        try:
            made = Beside(slug, await plain_logo(self.sandbox, content))
        except NoLogo as fault:
            return (KeyProblem("branding.logo", fault.problems[0]),)
        values: dict[Place, Value] = {("branding", "logo"): made.name}
        return await self._write(scope, slug, values, seen=seen, place=place, beside=made)

    async def logo(self, scope: Scope, slug: str) -> bytes:
        """The PNG of a team's logo. Raises NotFound, also for one that did not come by `put_logo`."""
        self.today.team(scope, slug)
        found = await self.files.picture(slug, self.shelf.written.team(slug).branding.logo)
        if found is None:
            raise NotFound(f"there is no logo of {slug} to show")
        return found

    async def sample(self, scope: Scope, slug: str) -> bytes:
        """The first page of an invoice as the team's own look now, as PNG. Raises NotFound, Unreadable."""
        self.today.team(scope, slug)
        team = self.shelf.written.team(slug)
        language = language_of(team.language)
        bill = sample_bill(team, language=language, today=self.today.now().date())
        try:
            made = await self.renderer.render(bill, branding=team.branding, language=language)
        except (ChildDied, JobFailed) as fault:
            raise NotFound("a page in the team's own look cannot be made") from fault
        return (await preview(self.sandbox, made.content, page=1)).png

    async def _write(
        self,
        scope: Scope,
        slug: str,
        values: Mapping[Place, Value],
        *,
        seen: str,
        place: str,
        beside: Beside | None = None,
    ) -> tuple[KeyProblem, ...]:
        places = {_key(one): one for one in values}
        for key in places:
            if not _MAY.fullmatch(key):
                raise NotFound(f"{key} is nothing that is changed here")
        people = values.get(("people",), (scope.email,))
        if people is None or not is_among(scope.email, tuple(people)):
            english = "Keep your own address, or you lock yourself out."
            return (KeyProblem("people", Said("locked_out", english)),)
        if not values:
            return ()
        written = await self.files.write(slug, values, seen=seen, beside=beside)
        if written.checked is None:
            return tuple(_below(one, slug) for one in written.problems)
        before = self.shelf.book.team(slug)
        changed, _ = self.shelf.reload(written.checked)
        running.book_reloaded(teams=len(self.shelf.book.teams), changed=changed)
        told = [f"{key} = {_said(values[one])}" for key, one in places.items()]
        note = partial(self._note, scope=scope, before=before, told=told, place=place)
        await self.db.write(note)
        return ()

    def _note(self, tx: Tx, *, scope: Scope, before: Team, told: Sequence[str], place: str) -> None:
        """Write a change into the trail, and tell the others of the team, who was taken out too."""
        now, slug = self.today.now(), before.slug
        team = self.shelf.book.team(slug)
        detail = "; ".join(told)[:_LONGEST]
        trail.add(
            tx,
            trail.Step(scope.email, "settings.changed", slug, slug, place=place, detail=detail),
            now=now,
        )
        to = {*before.people, *team.people} - {scope.email}
        facts = {"by": scope.email, "what": "; ".join(clean(one) for one in told)}
        url = f"{self.url}/teams/{slug}/settings"
        tell(tx, "settings_changed", team, to=to, facts=facts, url=url, now=now)


def adding(file: TeamFile, extra: Extra) -> dict[Place, Value]:
    """The values that add a recipient and the rule for it. Raises UserError for its name."""
    recipients, rules = _table(file.values, "recipients"), _rows(file.values, "rules")
    if not _NAME.fullmatch(extra.name):
        english = "That name cannot be used: write small letters, digits and -, such as partner-2."
        raise UserError(Said("bad_name", english))
    if extra.name in recipients:
        raise UserError(Said("known_name", "There is a recipient of that name already."))
    known = {one.get("name") for one in rules}
    name = next(one for n in range(1, 1000) if (one := _rule_name(extra.name, n)) not in known)
    rule: dict[str, Any] = {"name": name, "kinds": list(extra.kinds), "to": [extra.name]}
    if extra.when:
        rule["when"] = extra.when
    return {("recipients", extra.name): extra.recipient, ("rules", len(rules)): rule}


def removing(file: TeamFile, name: str) -> dict[Place, Value]:
    """The values that take a recipient out, and out of everything that names it. Raises NotFound."""
    if name not in _table(file.values, "recipients"):
        raise NotFound(f'there is no recipient "{name}"')
    values: dict[Place, Value] = {}
    for kind in ("rules", "exports"):
        # From the last on, so that the numbers before stay what they are.
        for n, one in reversed([*enumerate(_rows(file.values, kind))]):
            to = [one["to"]] if isinstance(one.get("to"), str) else one.get("to") or []
            left = tuple(each for each in to if each != name)
            if name in to and not left and kind == "rules":
                values[kind, n] = None
            elif name in to:
                values[kind, n, "to"] = left
    return values | {("recipients", name): None}


def text_place(file: TeamFile, key: str) -> Place:
    """Where a text such as "nl.invoice.terms" stands, or is to stand: as one key, or in tables."""
    texts = _table(_table(file.values, "branding"), "texts")
    first, *rest = key.split(".")
    if key not in texts and isinstance(texts.get(first), Mapping):
        inner: Any = texts
        for step in (first, *rest[:-1]):
            inner = inner.get(step) if isinstance(inner, Mapping) else None
        if isinstance(inner, Mapping) and rest and rest[-1] in inner:
            return ("branding", "texts", first, *rest)
    return ("branding", "texts", key)


def _rule_name(name: str, n: int) -> str:
    return f"also to {name}" if n == 1 else f"also to {name} ({n})"


def _table(values: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = values.get(name)
    return found if isinstance(found, Mapping) else {}


def _rows(values: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    found = values.get(name)
    return [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []


def _key(place: Place) -> str:
    return ".".join(map(str, place))


def _below(problem: KeyProblem, slug: str) -> KeyProblem:
    key = problem.key.removeprefix(f"team.{slug}").removeprefix(".")
    return KeyProblem(re.sub(r"\[(\d+)\]", r".\1", key), problem.message, problem.level)


def _said(value: Value) -> str:
    match value:
        case None:
            return "taken out"
        case str():
            return value
        case tuple():
            return ", ".join(value)
        case _:
            return ", ".join(f"{name} {one}" for name, one in value.items())
