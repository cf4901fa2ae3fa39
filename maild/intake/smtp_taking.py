"""What becomes of a mail after the dot: handed in at the desk, and the reply in words.

The one place of the door that catches every fault: whatever goes wrong here, the sender keeps his
mail. Who may hand in was settled before.
"""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from maild.errors import DocumentError
from maild.intake.desk import Submission
from maild.intake.refusals import Refusals, Refused
from maild.intake.replies import incident, refusal, reply
from maild.intake.smtp_body import Body
from maild.intake.smtp_gate import Addressed, Caller
from maild.log import incoming
from maild.model.ids import new_id
from maild.store.spool import Original, Spooled

# At most this many bytes of bodies wait for the desk at one time: four of the largest.
MAX_IN_HAND: Final = 150_000_000

HandIn = Callable[[Submission], Awaitable[Sequence[str]]]


class Taking:
    """Hands mails in, and knows how much is in hand."""

    def __init__(self, hand_in: HandIn, *, refusals: Refusals, now: Callable[[], datetime]) -> None:
        """`hand_in` makes a submission durable and tells in sentences what became of it."""
        self._hand_in = hand_in
        self._refusals = refusals
        self._now = now
        self._bytes = 0

    async def take(self, client: Caller, body: Body) -> list[str]:
        """The replies after the dot: one, or one a recipient. Never raises."""
        self._bytes += body.size
        try:
            if self._bytes > max(MAX_IN_HAND, body.size):
                answer = "Too much is coming in at once; please send it again later"
                return _for_all(client, reply("452 4.3.1", answer))
            return await self._replies(client, body)
        except Exception as error:  # noqa: BLE001 - one of the three places: the door
            return _for_all(client, _failed(client, error))
        finally:
            body.drop()
            self._bytes -= body.size

    async def _replies(self, client: Caller, body: Body) -> list[str]:
        original = await body.finished()
        if body.fault is not None:
            raise body.fault
        said: dict[tuple[str, str | None], str] = {}
        try:
            for one in _roads(client):
                if original is None:
                    answer = await self._too_large(client, one, body.size)
                else:
                    answer = await self._answer(client, one, original)
                said[one.team, one.tag] = answer
        finally:
            if isinstance(original, Spooled):
                await asyncio.to_thread(original.close)
        if not client.answers_each:
            return list(said.values())
        return [said[one.team, one.tag] for one in client.mail.addressed]

    async def _answer(self, client: Caller, to: Addressed, original: Original) -> str:
        submission = Submission(
            team=to.team,
            door=client.door,
            raw=original,
            received_at=self._now(),
            sender=client.mail.mail_from,
            recipient=to.address,
            tag=to.tag,
            peer=client.peer,
        )
        try:
            return reply("250 2.0.0", await self._hand_in(submission))
        except DocumentError as fault:
            return refusal(fault)
        except Exception as error:  # noqa: BLE001 - the same: one team's fault is not another's
            return _failed(client, error)

    async def _too_large(self, client: Caller, to: Addressed, size: int) -> str:
        limit = client.limits.max_size
        fault = DocumentError(
            f"the mail has {size:,} bytes; at most {limit:,} are taken; send fewer or smaller files",
            smtp="552 5.3.4",
        )
        await self._refusals.keep(
            Refused(
                team=to.team,
                door=client.door,
                peer=client.peer,
                sender=client.mail.mail_from,
                recipient=to.address,
                subject=None,
                size=size,
                raw=None,
            ),
            fault,
        )
        return refusal(fault)


def _roads(client: Caller) -> list[Addressed]:
    """Whom the mail is handed in for: one team and tag, or several where each is answered."""
    known = client.mail.addressed
    if client.answers_each:
        return list({(one.team, one.tag): one for one in reversed(known)}.values())[::-1]
    tag = next((one.tag for one in known if one.tag), None)
    return [replace(known[0], tag=tag)]


def _for_all(client: Caller, answer: str) -> list[str]:
    return [answer] * (len(client.mail.addressed) if client.answers_each else 1)


def _failed(client: Caller, error: Exception) -> str:
    """The reply to a fault of ours, whose text stays here."""
    id_ = new_id("i")
    incoming.door_failed(door=client.door, incident=id_, error=error)
    if isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return reply("452 4.3.1", "There is no room now; please send it again later")
    return incident(id_)
