"""Why something waits, failed or was refused, as pages tell it: in the reader's language.

The faces hold deliveries as values or as JSON; here both become what `maild.render.told` speaks of.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from maild.errors import Problem
from maild.model.delivery import Delivery, HoldCode, Outcome, State
from maild.model.returned import Action, Return, Returned, Sort
from maild.render import told as words
from maild.render.fields import language_of
from maild.render.problems import problem_told
from maild.render.reasons import reason_of
from maild.render.said import Told, rule_in, said_in
from maild.render.told import Fate

__all__ = [
    "NOTHING",
    "Told",
    "back_told",
    "delivery_told",
    "refusal_told",
    "reply_told",
    "rule_in",
    "said_in",
]

NOTHING: Final = Told("")


def delivery_told(
    one: Delivery | Mapping[str, Any], language: str, *, back: Sequence[Return] = ()
) -> Told:
    """Why a delivery stands as it does; `one` may be what `records.delivery_json` makes of it.

    `back` is what came back of one that is no JSON.
    """
    fate = words.fate_of(one, back=back) if isinstance(one, Delivery) else _of_json(one)
    return words.told(fate, language)


def reply_told(outcome: str, reply: str, language: str) -> Told:
    """What the answer to one try means; only a refusal needs words beside its own."""
    return words.by_server(reply, language) if outcome == Outcome.REFUSED.value else Told("", reply)


def back_told(one: Mapping[str, Any], language: str) -> Told:
    """What a report means that came back."""
    returned, of_inbox = _returned(one)
    said = reason_of(returned, language, of_inbox=of_inbox)
    return Told(said, one["diagnostic"] or "")


def refusal_told(
    problems: Sequence[Problem | tuple[str, str, str]], message: str, language: str
) -> tuple[Told, ...]:
    """What was wrong with a mail that was refused, one by one; `message` is the English of it.

    A problem is a value, or its code, where it is, and the English of it.
    """
    if not problems:
        return (Told("", message),)
    found = (Problem(*one) if isinstance(one, tuple) else one for one in problems)
    return tuple(problem_told(one, language_of(language)) for one in found)


def _of_json(one: Mapping[str, Any]) -> Fate:
    last = next((each for each in reversed(one["attempts"]) if each["reply"]), None)
    return Fate(
        State(one["state"]),
        HoldCode(one["hold_code"]) if one["hold_code"] else None,
        one["reason"] or "",
        Outcome(last["outcome"]) if last else None,
        last["reply"] if last else "",
        tuple(_returned(each) for each in one["returns"]),
    )


def _returned(one: Mapping[str, Any]) -> tuple[Returned, bool]:
    action = Action(one["action"])
    said = Returned(one["recipient"] or "", action, one["status"], one["diagnostic"])
    return said, one["kind"] == Sort.RECEIPT.value
