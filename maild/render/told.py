"""How a delivery stands and why, in the reader's language: our own words, and beside them what was said.

The words are those of the mails (`templates/mail`): pages and mails say the same. What a server or
program said literally is never translated; it is quoted.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from maild.model.automatic import ENDED_BY
from maild.model.delivery import Delivery, HoldCode, Outcome, State
from maild.model.returned import Action, Return, Returned, Sort
from maild.render.fields import clean, language_of
from maild.render.reasons import reason_of
from maild.render.said import Told, plain, said_in
from maild.render.templates import fill, phrases

_LONGEST: Final = 500
_STATUS: Final = re.compile(r"\b[245]\.\d{1,3}\.\d{1,3}\b")
# Where a sentence quotes what was said; a page shows that beside it.
QUOTES: Final = re.compile(r"\s*\(\{\{ said \}\}\)|\{\{ said \}\}")
_IN_BRACKETS: Final = re.compile(r" \((.+)\)$", re.DOTALL)
# What somebody did on a page: "by an@acme.example".
_BY: Final = re.compile(r"(?:held |cancelled )?by (?=\S+@\S+$)")
# What `outbox.queue` and others write where nobody gave a reason.
_OURS: Final[Mapping[str, str]] = {
    "held by a person": "",
    "cancelled by a person": "",
    "decided anew by today's rules": "decided_anew",
    "decided anew, now that its figures are sure": "decided_sure",
    "rejected by a person": "rejected",
    "confirmed: it goes out as a correction": "as_correction",
}


@dataclass(frozen=True, slots=True)
class Fate:
    """What is known of a delivery. `reply` and `outcome` are those of its last try that had a reply.

    `returned` is what came back of it, oldest first, and whether the software behind an inbox said it.
    """

    state: State
    hold_code: HoldCode | None = None
    reason: str = ""
    outcome: Outcome | None = None
    reply: str = ""
    returned: Sequence[tuple[Returned, bool]] = ()


def fate_of(one: Delivery, *, back: Sequence[Return] = ()) -> Fate:
    """What is known of a delivery as it is kept, and of what came back."""
    last = next((each for each in reversed(one.attempts) if each.reply), None)
    return Fate(
        one.state,
        one.hold_code,
        one.reason or "",
        last.outcome if last else None,
        (last.reply or "") if last else "",
        [(_returned(each), each.sort is Sort.RECEIPT) for each in back],
    )


def told(fate: Fate, language: str) -> Told:
    """Why it stands as it does; empty where its state says everything."""
    said = phrases(language_of(language))
    match fate.state:
        case State.HELD:
            return _held(fate, said, language_of(language))
        case State.FAILED:
            return _failed(fate, language, said["told"])
        case State.BOUNCED:
            return _bounced(fate, language)
        case State.CANCELLED:
            return _cancelled(fate, said)
        case State.UNCERTAIN:
            return Told(said["told"]["uncertain"], _clean(fate.reply or fate.reason))
        case State.QUEUED if fate.reason:
            return Told(said["told"]["rests"], _clean(fate.reason))
        case _:
            return Told("")


def by_server(reply: str, language: str) -> Told:
    """What a server's refusal means, with its own words."""
    status = _STATUS.search(reply)
    returned = Returned("", Action.FAILED, status[0] if status else None, reply)
    return Told(reason_of(returned, language), _clean(reply))


def _held(fate: Fate, said: Mapping[str, Any], language: str) -> Told:
    words = said["held"][fate.hold_code.value if fate.hold_code else "other"]
    bare = QUOTES.sub("", words)
    if fate.hold_code is HoldCode.PERSON:
        return _by(fate.reason, bare, said["told"])
    if bare == words:
        return Told(bare)
    # A reason with a code is said in the language too; others are quoted.
    detail = said_in(fate.reason, language)
    if language == "en" or not detail.words:
        return Told(bare, _clean(fate.reason))
    return Told(fill(words, {"said": plain(detail.words)}), detail.quoted)


def _failed(fate: Fate, language: str, said: Mapping[str, str]) -> Told:
    answer = by_server(fate.reply or fate.reason, language)
    if fate.outcome is Outcome.DEFERRED:
        return Told(f"{said['given_up']} {answer.words}", answer.quoted)
    return answer


def _bounced(fate: Fate, language: str) -> Told:
    last = next((one for one in reversed(fate.returned) if one[0].action is Action.FAILED), None)
    if last is not None:
        returned, of_inbox = last
        words = reason_of(returned, language, of_inbox=of_inbox)
        return Told(words, _clean(returned.diagnostic or ""))
    # `intake.returns_effect` keeps what was said literally at the end, in brackets.
    literal = _IN_BRACKETS.search(fate.reason)
    return (
        by_server(literal[1], language) if literal else Told("", _clean(fate.reason or fate.reply))
    )


def _returned(one: Return) -> Returned:
    return Returned(one.recipient or "", one.action, one.status, one.diagnostic)


def _cancelled(fate: Fate, said: Mapping[str, Any]) -> Told:
    if fate.hold_code is HoldCode.SAME_BOOKS:
        return Told(said["held"]["same_books"])
    return _by(fate.reason, said["told"]["cancelled"], said["told"])


def _by(reason: str, words: str, said: Mapping[str, str]) -> Told:
    """What somebody did: by whom, where that is known, or the reason that he gave."""
    if reason in _OURS:
        key = _OURS[reason]
        return Told(said[key] if key else words)
    if reason.startswith(ENDED_BY):
        ended = said["automatic_ended"].rstrip(".")
        return Told(f"{ended} ({_clean(reason.removeprefix(ENDED_BY))}).")
    if by := _BY.match(reason):
        return Told(f"{words.rstrip('.')} ({_clean(reason[by.end() :])}).")
    return Told(words, _clean(reason))


def _clean(text: str) -> str:
    return clean(text, longest=_LONGEST)
