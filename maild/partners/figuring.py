"""The figures of a page that waits: its candidates, and a person's word for them, asked with his scope.

A team's own people and the accountant of its purchases may say what a page says.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from maild.actions import Actions
from maild.errors import NotFound, UserError
from maild.intake import review
from maild.intake.said import Fault, WrongFigures
from maild.model.access import Right, Scope
from maild.model.document import Document
from maild.partners.handling import Always
from maild.store import documents, readings, suppliers, trail
from maild.store.database import Database, Tx
from maild.store.readings import Settled


@dataclass(frozen=True, slots=True)
class Figured:
    """A page that waits, with its figures as `maild inspect` tells them.

    `strange` are accounts on it that its known supplier never had, `used` those that he had;
    `stranger` is a sender that nobody let in.
    """

    document: Document
    fields: Mapping[str, Any]
    strange: tuple[str, ...]
    used: tuple[str, ...]
    stranger: str | None


class Unsaid(UserError):
    """What a person said cannot be; each fault has a code that pages have words for."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        self.faults = faults
        super().__init__([str(one) for one in faults])


@dataclass(frozen=True, slots=True)
class Figuring:
    """What people say about the figures of pages. What is not theirs to say is NotFound."""

    db: Database
    actions: Actions

    async def look(self, scope: Scope, id_: str) -> Figured:
        """A page that waits. Raises NotFound."""
        found = await self.db.read(partial(_look, id_=id_))
        if found is None or not _may(scope, found.document):
            raise NotFound(f'there is no document "{id_}" that waits for its figures')
        return found

    async def waits(self, scope: Scope, document: Document) -> bool:
        """Whether a document waits for its figures, and for this person."""
        return _may(scope, document) and await self.actions.confirming.waits(document.id)

    async def confirm(
        self,
        scope: Scope,
        id_: str,
        said: Mapping[str, str],
        *,
        as_file: bool = False,
        always: Always = "once",
        place: str = "",
    ) -> None:
        """Take a person's word for it, or pass it on without figures.

        Raises NotFound, Unsaid with what cannot be, and UserError when nothing waits any more.
        """
        seen = await self.look(scope, id_)
        if seen.document.team not in scope.owns:
            always = "once"  # whom a team lets in for good is for its own people
        try:
            await self.actions.review(
                id_,
                verdict="confirmed",
                always=always,
                said=None if as_file else said,
                as_file=as_file,
                by=scope.email,
            )
        except WrongFigures as wrong:
            raise Unsaid(wrong.faults) from wrong
        detail = "as a file, without figures" if as_file else _changed(seen.fields, said)
        await self._note(scope, seen.document, "document.confirmed", detail=detail, place=place)

    async def reject(self, scope: Scope, id_: str, *, place: str = "") -> None:
        """Keep it and send it nowhere. Raises NotFound, UserError."""
        seen = await self.look(scope, id_)
        await self.actions.review(id_, verdict="rejected")
        await self._note(scope, seen.document, "document.rejected", place=place)

    async def _note(
        self, scope: Scope, document: Document, action: str, *, place: str, detail: str = ""
    ) -> None:
        step = trail.Step(
            scope.email, action, document.id, document.team, place=place, detail=detail
        )
        await self.db.write(partial(trail.add, step=step, now=self.actions.now()))


def _may(scope: Scope, document: Document) -> bool:
    return scope.may(Right.PURCHASE, document.team)


def _look(tx: Tx, *, id_: str) -> Figured | None:
    reading = readings.of_document(tx, id_)
    if reading is None or reading.state is not Settled.WAITING:
        return None
    document = documents.get(tx, id_)
    known = suppliers.find(tx, document.team, reading.supplier) if reading.supplier else None
    printed = tuple(reading.figures["iban"]["value"] or ())
    strange = tuple(one for one in printed if known and one not in known.accounts)
    return Figured(
        document,
        reading.figures,
        strange,
        tuple(sorted(known.accounts)) if known else (),
        review.sender_of(tx, id_),
    )


def _changed(fields: Mapping[str, Any], said: Mapping[str, str]) -> str:
    """Which figures a person said otherwise, by their keys."""
    changed = [
        key
        for key, value in said.items()
        if value != (as_text(fields[key]["value"]) if key in fields else "")
    ]
    return f"said otherwise: {', '.join(changed)}" if changed else "as it was read"


def as_text(value: Any) -> str:
    """A figure as the text of a form."""
    if isinstance(value, list):
        return ", ".join(one for one in value if isinstance(one, str))
    return "" if value is None else str(value)
