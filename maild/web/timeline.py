"""The story of a document as steps that a person reads: what happened, when, and how it went."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from maild.reasons import NOTHING, Told, back_told, delivery_told, reply_told, rule_in


class Mood(StrEnum):
    """How a step went: its sign and its colour."""

    PLAIN = "plain"
    GOOD = "good"
    WAIT = "wait"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Step:
    """One step; `what` names its words, `who` is shown as it is, `why` is in the reader's language."""

    at: datetime
    what: str
    mood: Mood
    who: str = ""
    why: Told = NOTHING
    door: str = ""  # by which it came, for whom nobody is named


_OUTCOMES: Final[Mapping[str, Mood]] = {
    "handed_over": Mood.GOOD,
    "deferred": Mood.WAIT,
    "uncertain": Mood.WAIT,
    "lost": Mood.WAIT,
    "refused": Mood.WRONG,
    "held": Mood.WRONG,
}
_RETURNS: Final[Mapping[str, Mood]] = {
    "failed": Mood.WRONG,
    "delayed": Mood.WAIT,
    "delivered": Mood.GOOD,
    "relayed": Mood.GOOD,
    "expanded": Mood.GOOD,
    "displayed": Mood.GOOD,
    "accepted": Mood.GOOD,
    "complained": Mood.WAIT,
}
# Who took it, by the profile, where that was no mail server.
_TAKERS: Final[Mapping[str, str]] = {"exact-online": "taken_exact", "codabox": "taken_codabox"}
# What happened to a package after it had gone.
_PACKAGE: Final[Mapping[str, tuple[str, Mood]]] = {
    "package.taken": ("link_taken", Mood.GOOD),
    "link.revoked": ("link_revoked", Mood.PLAIN),
    "package.cleared": ("cleared", Mood.PLAIN),
}
_WAITING: Final = frozenset({"held", "queued"})


def story(shown: Mapping[str, Any], language: str) -> tuple[Step, ...]:
    """The steps of a document, oldest first, from what `records.show` tells of it."""
    found = [
        *_arrivals(shown),
        *_decisions(shown, language),
        *_deliveries(shown, language),
        *_package(shown),
    ]
    return tuple(sorted(found, key=lambda step: step.at))


def _arrivals(shown: Mapping[str, Any]) -> Iterator[Step]:
    for n, one in enumerate(shown["arrivals"]):
        what = "arrived_again" if n else "arrived"
        yield Step(
            _moment(one["received_at"]), what, Mood.PLAIN, one["sender"] or "", door=one["door"]
        )


def _decisions(shown: Mapping[str, Any], language: str) -> Iterator[Step]:
    at = _moment(shown["accepted_at"])
    rules = [one["rule"] for one in shown["trace"] if one["hit"]]
    if rules:
        yield Step(
            at, "decided", Mood.PLAIN, why=Told(", ".join(rule_in(one, language) for one in rules))
        )
    for one in shown["deliveries"]:
        if one["state"] in _WAITING and not one["attempts"]:
            what = "held" if one["state"] == "held" else "queued"
            yield Step(at, what, Mood.WAIT, one["address"], delivery_told(one, language))


def _deliveries(shown: Mapping[str, Any], language: str) -> Iterator[Step]:
    for one in shown["deliveries"]:
        for attempt in one["attempts"]:
            mood = _OUTCOMES.get(attempt["outcome"])
            if mood is not None and attempt["ended_at"]:
                at = _moment(attempt["ended_at"])
                what = attempt["outcome"]
                why = reply_told(what, attempt["reply"] or "", language)
                if mood is Mood.GOOD:
                    what = _TAKERS.get(one["profile"], what)
                yield Step(at, what, mood, one["address"], why)
        for back in one["returns"]:
            mood = _RETURNS.get(back["action"])
            if mood is not None:
                words = f"back_{back['action']}"
                why = back_told(back, language)
                yield Step(_moment(back["at"]), words, mood, one["address"], why)


def _package(shown: Mapping[str, Any]) -> Iterator[Step]:
    for one in shown["story"]:
        if known := _PACKAGE.get(one["event"]):
            address, colon, _ = one["detail"].partition(": ")
            yield Step(_moment(one["at"]), *known, who=address if colon else "")


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
