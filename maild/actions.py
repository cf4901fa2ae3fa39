"""What a person may ask of maild beside looking: hand in, explain, act, decide, go live, how is it.

Every face (command line, pages) does these things through here, so they mean the same everywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from maild import __version__, standing
from maild.config.settings import Account
from maild.errors import UserError, did_you_mean
from maild.intake import again, review
from maild.intake.confirming import Confirming
from maild.intake.desk import Desk, Explained, Submission
from maild.intake.filing import Filed
from maild.intake.letting_go import refuse_in_shadow
from maild.intake.notices import said_of_shadow
from maild.intake.planned import held_in_shadow, planned_deliveries
from maild.intake.remembered import remembered
from maild.log import incoming, outgoing, running
from maild.model.delivery import HoldCode
from maild.model.party import company_key
from maild.model.said import Said
from maild.model.supplier import ACCOUNT_KEY
from maild.model.team import Team
from maild.outbox import queue
from maild.reading.wrap import wrap
from maild.records import Records, document_json
from maild.rules.book import TAGS, RuleBook
from maild.store import deliveries, documents, marks, senders, suppliers
from maild.store.database import Database, Tx
from maild.store.lock import holder


@dataclass(frozen=True, slots=True)
class Actions:
    """The use cases, over the parts that the app built."""

    db: Database
    desk: Desk
    records: Records
    book: Callable[[], RuleBook]
    now: Callable[[], datetime]
    data_dir: Path
    deadline: timedelta  # [outbox] deadline, for what is let go anew
    accounts: Mapping[str, Account]
    mailboxes: tuple[str, ...]

    async def send(
        self, files: Sequence[tuple[str, bytes]], *, team: str, tag: str | None
    ) -> dict[str, Any]:
        """Hand files in as one mail. Raises DocumentError, and UserError for a tag that is none."""
        acceptance = await self.desk.accept(self._submission(files, team=team, tag=tag))
        return {
            "documents": [await self._filed(one) for one in acceptance.fresh],
            "duplicates": [await self._filed(one) for one in acceptance.duplicates],
            "warnings": [text for one in acceptance.filed for text in one.warnings],
        }

    async def explain(
        self, files: Sequence[tuple[str, bytes]], *, team: str, tag: str | None
    ) -> list[dict[str, Any]]:
        """What `send` would do now, a value for each document; nothing is stored."""
        submission = self._submission(files, team=team, tag=tag)
        mine = self.book().team(team)
        return [self._explained(one, mine) for one in await self.desk.explain(submission)]

    @property
    def tags(self) -> tuple[str, ...]:
        """What a document may be said to be."""
        return tuple(TAGS)

    async def act(
        self, verb: str, delivery: str, *, reason: str = "", anyway: bool = False
    ) -> dict[str, Any]:
        """Retry, hold, release or cancel a delivery. Raises UserError when its state forbids it.

        `anyway` releases what waits for the figures of its page, as a file, or for the end of shadow mode.
        """
        now = self.now()
        if verb == "release" and not anyway:
            await self.db.read(
                partial(refuse_in_shadow, delivery=delivery, teams=self.book().teams)
            )
        match verb:
            case "retry":
                await queue.retry(self.db, delivery, now=now, deadline=self.deadline)
            case "release":
                await queue.release(
                    self.db, delivery, now=now, deadline=self.deadline, anyway=anyway
                )
            case "hold":
                await queue.hold(self.db, delivery, now=now, reason=reason)
            case "cancel":
                await queue.cancel(self.db, delivery, now=now, reason=reason)
            case _:
                raise ValueError(f"{verb} is nothing that is done to a delivery")
        return await self.records.delivery(delivery)

    async def release_restored(self, team: str | None) -> int:
        """Let go what a restore held; how many deliveries. Raises UnknownTeam."""
        slug = None if team is None else self.book().team(team).slug
        release = partial(
            deliveries.release_restored, team=slug, now=self.now(), deadline=self.deadline
        )
        return await self.db.write(release)

    async def resend(self, document: str, *, to: tuple[str, ...]) -> list[dict[str, Any]]:
        """Send a document once more: the new deliveries. Raises UserError when that cannot be."""
        stored = await self.db.read(partial(documents.get, id=document))
        team = self.book().team(stored.team)
        made = await self.db.write(
            partial(again.resend, document=document, team=team, to=to, now=self.now())
        )
        outgoing.document_resent(team=team.slug, document=document, deliveries=len(made))
        return [await self.records.delivery(one.id) for one in made]

    async def redecide(self, delivery: str) -> list[dict[str, Any]]:
        """Let today's rules decide in place of a delivery: the new ones. Raises UserError."""
        old = await self.db.read(partial(deliveries.get, id=delivery))
        team = self.book().team(old.team)
        made = await self.db.write(
            partial(again.redecide, delivery=delivery, team=team, now=self.now())
        )
        outgoing.document_resent(
            team=team.slug, document=old.document or "", deliveries=len(made), instead_of=delivery
        )
        return [await self.records.delivery(one.id) for one in made]

    async def review(
        self,
        document: str,
        *,
        verdict: str,
        to: tuple[str, ...] = (),
        always: review.Always = "once",
        said: Mapping[str, str] | None = None,
        as_file: bool = False,
        by: str = "person",
    ) -> dict[str, Any]:
        """Decide about a document that waits: "confirmed" or "rejected".

        Of a page `said` corrects figures, under the keys of `maild.model.figures`; `as_file` passes it
        on without any. `by` is who says so. Raises UserError, NotFound.
        """
        stored = await self.db.read(partial(documents.get, id=document))
        team = self.book().team(stored.team)
        if verdict == "confirmed" and await self.confirming.waits(document):
            if as_file:
                await self.confirming.pass_on(stored, team, always=always)
            else:
                await self.confirming.confirm(stored, team, said=said or {}, always=always, by=by)
            incoming.review_decided(team=team.slug, document=document, verdict=verdict)
            return await self.records.show(document)
        if said or as_file:
            raise UserError(
                f"{document} does not wait for figures of its page, so there are none to correct",
                hint=f"maild review show {document} says why it waits",
            )
        confirm = partial(
            review.confirm,
            document=document,
            team=team,
            to=to,
            always=always,
            now=self.now(),
            deadline=self.deadline,
        )
        reject = partial(review.reject, document=document, now=self.now())
        await self.db.write(confirm if verdict == "confirmed" else reject)
        incoming.review_decided(team=team.slug, document=document, verdict=verdict)
        return await self.records.show(document)

    @property
    def confirming(self) -> Confirming:
        """What takes a person's word for the figures of a page."""
        return Confirming(self.db, self.desk.blobs, self.desk.opener.sandbox, self.now)

    async def suppliers(self, *, team: str | None = None) -> list[dict[str, Any]]:
        """What is remembered of suppliers, of a team or of all."""
        return await remembered(self.db, team=team)

    async def forget_supplier(self, supplier: str, *, team: str) -> None:
        """Forget what was confirmed of a supplier: his next page waits. Raises UserError when nothing was."""
        slug = self.book().team(team).slug
        key = company_key(supplier) if not supplier.startswith(ACCOUNT_KEY) else supplier
        if not await self.db.write(partial(suppliers.forget, team=slug, key=key)):
            raise UserError(
                f'nothing is remembered of "{supplier}" at {slug}',
                hint="maild review suppliers shows of whom",
            )
        incoming.supplier_forgotten(team=slug, supplier=key)

    async def forget_sender(self, sender: str, *, team: str) -> None:
        """Let a sender in no more. Raises UserError when nobody let him in."""
        slug = self.book().team(team).slug
        if not await self.db.write(partial(senders.forget, team=slug, sender=sender)):
            raise UserError(
                f'nobody let "{sender}" in at {slug}', hint="maild senders list shows who was"
            )

    async def golive(self, slug: str, *, since: datetime | None) -> dict[str, Any]:
        """End a team's shadow mode; with `since`, send what waited from documents since then."""
        team = self.book().team(slug)
        released, held = await self.db.write(
            partial(_golive, team=team.slug, since=since, now=self.now(), deadline=self.deadline)
        )
        running.team_went_live(team=slug, released=released)
        return {"team": slug, "mode": "live", "released": released, "still_held": held}

    async def status(self) -> dict[str, Any]:
        """How the daemon is, what waits, and what needs a person."""
        shown = partial(standing.shown, book=self.book(), **self._asked())
        return {"version": __version__} | await self.db.read(shown)

    async def overall(self) -> dict[str, Any]:
        """The same without the teams: quick, however much there is."""
        return {"version": __version__} | await self.db.read(
            partial(standing.overall, **self._asked())
        )

    def _asked(self) -> dict[str, Any]:
        return {
            "pid": holder(self.data_dir),
            "now": self.now(),
            "mailboxes": self.mailboxes,
            "accounts": self.accounts,
        }

    def _submission(
        self, files: Sequence[tuple[str, bytes]], *, team: str, tag: str | None
    ) -> Submission:
        if tag is not None and tag not in TAGS:
            raise UserError(
                f'"{tag}" is no tag; there are {", ".join(TAGS)}{did_you_mean(tag, TAGS)}'
            )
        now = self.now()
        raw = wrap(files)
        return Submission(team=team, door="cli", raw=raw, received_at=now, tag=tag)

    async def _filed(self, filed: Filed) -> dict[str, Any]:
        return await self.records.show(filed.document.id)

    def _explained(self, explained: Explained, team: Team) -> dict[str, Any]:
        considered = explained.considered
        document = considered.document
        would = [
            held_in_shadow(one) if explained.shadow else one
            for planned in considered.decision.planned
            for one in planned_deliveries(document, planned, team=team, now=self.now())
        ]
        warnings = [*considered.warnings, *considered.decision.warnings]
        if explained.same_content:
            known = explained.same_content.id
            english = f"the same content is there already as {known}"
            warnings.append(Said("same_content", english, document=known))
        warnings += [
            Said(
                "would_wait",
                f"{one.id} has the same number with other content: it would wait for review",
                document=one.id,
            )
            for one in explained.same_number
            if explained.same_content is None
        ]
        if explained.shadow:
            warnings.append(said_of_shadow(team.slug))
        shown = document_json(document, trace=considered.decision.trace, of_it=would)
        # Nothing of this exists: an id would be looked for in vain.
        nothing = {"id": None, "document": None, "message_id": None}
        roads = [one | nothing for one in shown["deliveries"]]
        return shown | {
            "id": None,
            "deliveries": roads,
            "warnings": warnings,
            "shadow": explained.shadow,
        }


def _golive(
    tx: Tx, *, team: str, since: datetime | None, now: datetime, deadline: timedelta
) -> tuple[int, int]:
    marks.put(tx, f"golive:{team}", {"at": now.isoformat()}, now=now)
    documents.add_event(tx, at=now, event="team.went_live", team=team, actor="person")
    released = (
        deliveries.release_shadow(tx, team, now=now, since=since, deadline=deadline) if since else 0
    )
    held = deliveries.find(tx, team=team, hold_code=HoldCode.SHADOW, limit=10_000)
    return released, len(held)


def utc_now() -> datetime:
    """The time, aware, in UTC."""
    return datetime.now(UTC)
