"""Proof of delivery: what of a document went to whom, who took it when, and what came back.

It says what the store and the kept bytes show and draws no conclusion beyond a delivery's state: a
server's "250" proves that it took the mail, not that anybody read it. Nothing is changed here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from maild.children import Limits
from maild.errors import NotFound, UnknownTeam, Unreadable
from maild.model.delivery import Outcome
from maild.model.sent_as import sent_as
from maild.model.team import Attach, Team
from maild.outbox.sent import Sent, read_sent
from maild.ports import Blobs
from maild.reading.sandbox import Sandbox
from maild.records import Records
from maild.render.fields import language_of
from maild.render.proof_view import Frame, order
from maild.rules.book import RuleBook

_JOB: Final = "maild.render.proof_page:pdf"
# The typesetter reserves about 1 GB of address space and uses a tenth of it (rendering.md section 2).
_SETTING: Final = Limits(cpu=20.0, wall=30.0, memory=3 << 30)
_OF_DOCUMENT: Final = (
    "id",
    "team",
    "kind",
    "number",
    "issued_on",
    "counterparty",
    "total",
    "currency",
    "accepted_at",
    "files",
)
_OF_ARRIVAL: Final = ("door", "sender", "recipient", "size", "sha256")
_OF_DELIVERY: Final = (
    "id",
    "purpose",
    "recipient",
    "address",
    "connector",
    "state",
    "reason",
    "message_id",
)


@dataclass(frozen=True, slots=True)
class Proofs:
    """Gathers the proof of each document, as a JSON-ready value that is the same at every call."""

    records: Records
    blobs: Blobs
    sandbox: Sandbox
    book: Callable[[], RuleBook]

    async def of(self, document: str) -> dict[str, Any]:
        """The proof of one document; `problems` name kept bytes that are gone or damaged.

        Raises NotFound for a document that does not exist.
        """
        shown = await self.records.show(document)
        problems: list[str] = []
        proven = [
            await self._delivery(one, files=shown["files"], problems=problems)
            for one in shown["deliveries"]
        ]
        return {
            "document": {name: shown[name] for name in _OF_DOCUMENT},
            "arrivals": _arrivals(shown),
            "deliveries": proven,
            "problems": problems,
        }

    async def page(self, proof: Mapping[str, Any], *, language: str | None = None) -> bytes:
        """What `of` gave as a PDF, in the language of its team when none is named.

        Raises Unreadable when it cannot be set.
        """
        frame = _frame(self.book(), proof["document"]["team"], language)
        made = await self.sandbox.run(_JOB, order(proof, frame=frame), limits=_SETTING)
        if not made.startswith(b"%PDF-"):
            raise Unreadable("the process that set the page gave no answer that makes sense")
        return made

    async def _delivery(
        self, shown: Mapping[str, Any], *, files: Sequence[Mapping[str, Any]], problems: list[str]
    ) -> dict[str, Any]:
        where = f"delivery {shown['id']} to {shown['address']}"
        message, attached = await self._message(shown, where=where, files=files, problems=problems)
        returns = []
        for one in shown["returns"]:
            content = await self._kept(one["sha256"], f"{where}: a report", problems=problems)
            returns.append({**one, "intact": content is not None})
        return {
            **{name: shown[name] for name in _OF_DELIVERY},
            **_taken(shown["attempts"]),
            "message": message,
            "by_link": Attach.LINK in shown["attach"],
            "attached": attached,
            "attempts": shown["attempts"],
            "returns": returns,
        }

    async def _message(
        self,
        shown: Mapping[str, Any],
        *,
        where: str,
        files: Sequence[Mapping[str, Any]],
        problems: list[str],
    ) -> tuple[dict[str, Any] | None, list[dict[str, Any]]]:
        """The mail as it went out, and its files; None before it was composed."""
        key = shown["message_sha256"]
        if key is None:
            return None, []
        content = await self._kept(key, f"{where}: the mail", problems=problems)
        if content is None:
            return {"sha256": key, "intact": False}, []
        sent = await asyncio.to_thread(read_sent, content)
        if sent.message_id != shown["message_id"]:
            problems.append(
                f"{where}: the kept mail says Message-ID {sent.message_id!r}, "
                f"its row {shown['message_id']!r}; look who changed the store"
            )
        head = {"sha256": key, "intact": True, "size": len(content)} | _head(sent)
        return head, [_file(asdict(one), files) for one in sent.files]

    async def _kept(self, key: str, what: str, *, problems: list[str]) -> bytes | None:
        """The bytes of that sha256, or None and a problem."""
        try:
            return await self.blobs.read(key)
        except NotFound:
            problems.append(
                f"{what} is not in the store any more ({key}); put it back from a backup"
            )
        except OSError as fault:
            problems.append(f"{what} cannot be read ({fault})")
        return None


def _frame(book: RuleBook, slug: str, language: str | None) -> Frame:
    """How the page looks and speaks; a team that left the configuration is named by its slug."""
    try:
        team = book.team(slug)
    except UnknownTeam:
        team = Team(slug, slug, vat=(), language="en", addresses=(), sender="", time_zone="UTC")
    return Frame(
        team.name,
        zone=team.time_zone,
        language=language_of(language or team.language),
        primary=team.branding.primary,
        accent=team.branding.accent,
    )


def _arrivals(shown: Mapping[str, Any]) -> list[dict[str, Any]]:
    """How it came in: each arrival in words, and its parts."""
    told = [one for one in shown["story"] if one["event"] == "arrival"]
    parts = sorted(shown["arrivals"], key=lambda one: str(one["received_at"]))
    return [
        one | {name: part[name] for name in _OF_ARRIVAL}
        for one, part in zip(told, parts, strict=True)
    ]


def _taken(attempts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """When the next server last took it, in its own words; empty where none did."""
    took = [one for one in attempts if one["outcome"] == Outcome.HANDED_OVER.value]
    last = took[-1] if took else {"ended_at": None, "reply": None}
    return {
        "handed_over_at": last["ended_at"],
        "reply": last["reply"],
        "sent_as": sent_as(last["reply"]),
    }


def _head(sent: Sent) -> dict[str, str]:
    return {"date": sent.date, "from": sent.sender, "to": sent.to, "subject": sent.subject}


def _file(sent: Mapping[str, Any], files: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """A file that went out, with what it is to its document; None for one made for this mail alone."""
    role = next((one["role"] for one in files if one["sha256"] == sent["sha256"]), None)
    return {**sent, "role": role}
