"""From a message that lies in a mailbox to a stored document, and only then back to the mailbox.

Every message is fetched once, handed in at the desk, and marked in the same transaction; what is
done to it over there follows the commit, and is done again after a crash. What does not get as far
as its mark is simply seen again at the next look.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Final

from maild.errors import DocumentError, MailboxClosed, NotDone
from maild.intake.desk import Desk, Submission
from maild.intake.mailbox_fetching import Fetching, Plan, close
from maild.intake.mailbox_ledger import Ledger, Note
from maild.intake.mailbox_rules import MailboxRule, Route, Routing, first_hit, read_head, routes
from maild.intake.refusals import Refused
from maild.log import incoming
from maild.log import mailboxes as log
from maild.model.ids import new_id
from maild.model.mailbox import Action, Head, Message, Order, Outcome, Place
from maild.ports import Mailbox
from maild.store.spool import Original, sha256_of

HEADS_AT_ONCE: Final = 200  # thousands of UIDs in one command are refused (paperless-ngx#7799)
# A message that cannot be handed in through a fault of ours waits longer each time (seconds).
_RESTS: Final = (5, 30, 120, 600, 3600)
_NO_TEAM: Final = "neither its addresses nor its sender name a team of this mailbox"


@dataclass(frozen=True, slots=True)
class Taking:
    """What a mailbox wants taken, and what is done to a message afterwards."""

    routing: Routing
    rules: tuple[MailboxRule, ...] = ()
    after: Mapping[Outcome, tuple[Action, str]] = field(default_factory=dict)
    max_size: int = 35_000_000


class Taker:
    """Takes what is new in a mailbox, for as long as one lease lasts."""

    def __init__(self, desk: Desk, mailbox: Mailbox, *, wanted: Taking, ledger: Ledger) -> None:
        self._desk = desk
        self._mailbox = mailbox
        self._wanted = wanted
        self._ledger = ledger
        self._fetching = Fetching(mailbox, desk.blobs.spool, wanted.max_size)
        self._resting: dict[Place, tuple[float, int]] = {}  # until when, and how often it failed
        self.undone = True  # something may be left to do in the mailbox: always so after a start

    async def take(self, folder: str, stop: asyncio.Event) -> None:
        """Look at one folder and take what is new. Raises MailboxClosed, FolderMissing."""
        look = await self._mailbox.look(folder)
        known = await self._ledger.known_in(folder, look.validity)
        new = [
            uid
            for uid in look.uids
            if uid not in known and not self._rests(Place(folder, look.validity, uid))
        ]
        log.mailbox_polled(
            mailbox=self._ledger.name, folder=folder, there=len(look.uids), new=len(new)
        )
        for start in range(0, len(new), HEADS_AT_ONCE):
            if stop.is_set():
                return
            uids = new[start : start + HEADS_AT_ONCE]
            heads = await self._mailbox.heads(folder, uids)
            if len(heads) < len(uids):
                gone = sorted(set(uids) - {one.place.uid for one in heads})
                log.mailbox_vanished(mailbox=self._ledger.name, folder=folder, uids=gone[:20])
            await self._take(heads, stop)

    async def repeat(self) -> bool:
        """Do what is left to do in the mailbox for messages that are stored; whether all is done."""
        self.undone = False
        await self._act(await self._ledger.unsettled(), again=True)
        return not self.undone

    async def _take(self, heads: Sequence[Head], stop: asyncio.Event) -> None:
        plans = await self._planned(heads)
        async with aclosing(self._fetching.groups(plans, stop)) as groups:
            async for group in groups:
                try:
                    done = await asyncio.gather(
                        *(self._hand_in(plan, raw) for plan, raw in group), return_exceptions=True
                    )
                finally:
                    close(group)
                for one in done:
                    if isinstance(one, BaseException):
                        raise one
                await self._act(one for one in done if isinstance(one, Message))

    async def _planned(self, heads: Sequence[Head]) -> list[Plan]:
        """What must be fetched; what is decided by the head alone is done with here."""
        copies = await self._ledger.copies({one.same_as for one in heads if one.same_as})
        plans, done = [], []
        for head in heads:
            earlier = copies.get(head.same_as or "")
            if earlier is not None:
                done.append(await self._ledger.as_before(earlier, head))
                continue
            plan, outcome = self._plan(head)
            if outcome is None:
                plans.append(plan)
            else:
                draft = self._draft(plan, outcome=outcome)
                done.append(await self._ledger.add(draft, head=head))
        await self._act(done)
        return plans

    def _plan(self, head: Head) -> tuple[Plan, Outcome | None]:
        said = read_head(head)
        number, rule = first_hit(self._wanted.rules, head, said, now=self._desk.now())
        found = routes(self._desk.book(), self._wanted.routing, said, rule=rule)
        where = {"mailbox": self._ledger.name, "folder": head.place.folder, "uid": head.place.uid}
        outcome = None
        if rule.take == "ignore":
            log.mailbox_ignored(**where, rule=number)
            outcome = Outcome.IGNORED
        elif not found:
            log.mailbox_unrouted(**where, reason=_NO_TEAM)
            outcome = Outcome.UNROUTED
        return Plan(head, said, rule, found), outcome

    async def _hand_in(self, plan: Plan, raw: Original) -> Message | None:
        """Hand one message in for each team it is for; None when it has to be seen again."""
        draft = self._draft(plan, outcome=Outcome.ACCEPTED, sha256=sha256_of(raw))
        try:
            earlier = await self._ledger.same_bytes(draft)
            if earlier is not None:
                return await self._ledger.as_before(earlier, plan.head)
            message = await self._at_the_desk(plan, raw, draft)
        except MailboxClosed:
            raise
        except Exception as error:  # noqa: BLE001 - one of the three places: the door
            incoming.door_failed(door="mailbox", incident=new_id("i"), error=error)
            message = None
        if message is None:
            self._rest(plan.head.place)
            return None
        self._resting.pop(message.place, None)
        return self._ledger.noted(message, head=plan.head)

    async def _at_the_desk(self, plan: Plan, raw: Original, draft: Message) -> Message | None:
        note = Note(self._ledger.lease, draft)
        last = plan.routes[-1]
        for route in plan.routes:
            # For several teams the mark comes with the last: before, the message is seen again.
            mark = note if route is last else None
            try:
                if len(raw) > self._wanted.max_size:
                    await self._too_large(plan, route, mark)
                else:
                    await self._desk.accept(self._submission(plan, route, raw), mark=mark)
            except DocumentError:
                # Kept for the team with its reason; where that failed, there is no mark.
                continue
        if note.message is None or not await self._ledger.is_written(note.message.place):
            return None
        return note.message

    async def _too_large(self, plan: Plan, route: Route, mark: Note | None) -> None:
        most = self._wanted.max_size
        fault = DocumentError(
            f"the mail has {plan.head.size:,} bytes; at most {most:,} are read", smtp="552 5.3.4"
        )
        refused = Refused(
            team=route.team,
            door="mailbox",
            peer=self._ledger.name,
            sender=plan.said.sender,
            recipient=route.address,
            subject=plan.said.subject or None,
            size=plan.head.size,
            raw=None,
        )
        await self._desk.refusals.keep(refused, fault, mark=mark)

    def _submission(self, plan: Plan, route: Route, raw: Original) -> Submission:
        take = plan.rule.take
        return Submission(
            team=route.team,
            door="mailbox",
            raw=raw,
            received_at=self._desk.now(),
            sender=plan.said.sender,
            recipient=route.address,
            tag=route.tag,
            peer=self._ledger.name,
            take="attachments" if take == "ignore" else take,
        )

    def _draft(self, plan: Plan, *, outcome: Outcome, sha256: str | None = None) -> Message:
        return Message(
            place=plan.head.place,
            outcome=outcome,
            at=self._desk.now(),
            settled=False,
            sha256=sha256,
            message_id=plan.said.message_id,
            same_as=plan.head.same_as,
            reason=_NO_TEAM if outcome is Outcome.UNROUTED else None,
        )

    async def _act(self, messages: Iterable[Message], *, again: bool = False) -> None:
        """Move or mark what is stored, and note what needs no more of it."""
        batches: dict[tuple[str, str, Action, str], list[Order]] = {}
        for one in messages:
            action, target = self._wanted.after.get(one.outcome, (Action.KEEP, ""))
            order = Order(one.place, action, target, one.message_id, again)
            key = (one.place.folder, one.place.validity, action, target)
            batches.setdefault(key, []).append(order)
        done: list[Place] = []
        try:
            for orders in batches.values():
                done += await self._carried_out(orders)
        finally:
            await self._ledger.settle(done)

    async def _carried_out(self, orders: Sequence[Order]) -> list[Place]:
        first = orders[0]
        if first.action is Action.KEEP:
            return [one.place for one in orders]
        try:
            return [one.place for one in await self._mailbox.carry_out(orders)]
        except NotDone as fault:
            log.mailbox_not_done(
                mailbox=self._ledger.name,
                folder=first.place.folder,
                action=first.action.value,
                reason=fault.reason,
            )
            self._ledger.health.note(fault.reason)
            self.undone = True
            return []

    def _rests(self, place: Place) -> bool:
        until, _ = self._resting.get(place, (0.0, 0))
        return time.monotonic() < until

    def _rest(self, place: Place) -> None:
        _, count = self._resting.get(place, (0.0, 0))
        pause = _RESTS[min(count, len(_RESTS) - 1)]
        self._resting[place] = (time.monotonic() + pause, count + 1)
