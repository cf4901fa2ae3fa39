"""What maild says of itself, so that pages can say it in the reader's language.

It is an English sentence to logs, commands and programs. Where the words are, see `maild.render.said`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Self

ALL_OF: Final = "all_of"
PLACED: Final = "placed"


class Said(str):
    """A sentence that knows its code and its facts.

    `code` names the sentence, `facts` fill it in: texts, whole numbers, lists of them. A fact `count`
    decides between one and several; `why` is what somebody else said literally.
    """

    code: str
    facts: Mapping[str, Any]
    __slots__ = ("code", "facts")

    def __new__(cls, code: str, english: str, /, **facts: Any) -> Self:
        """A sentence: its code, its English with the facts in it, and the facts."""
        one = super().__new__(cls, english)
        one.code = code
        one.facts = facts
        return one

    def __getnewargs_ex__(self) -> tuple[tuple[str, str], dict[str, Any]]:
        """How copies are made."""
        return (self.code, str(self)), dict(self.facts)


def all_of(reasons: list[str]) -> str:
    """Several sentences as one."""
    return reasons[0] if len(reasons) == 1 else Said(ALL_OF, "; ".join(reasons), parts=reasons)


def placed(place: str, text: str) -> str:
    """A sentence behind the place that it is about."""
    return Said(PLACED, f"{place}: {text}", place=place, parts=[text])


def to_json(text: str) -> Any:
    """A text as JSON keeps it: with its code and facts where it has some."""
    match text:
        case Said(code=code, facts=facts):
            kept = {name: _kept(value) for name, value in facts.items()}
            return {"text": str(text), "code": code, "facts": kept}
        case _:
            return text


def from_json(kept: Any) -> str:
    """A text as it was kept; those of before there were codes are plain."""
    if not isinstance(kept, dict):
        return str(kept)
    facts = {name: _read(value) for name, value in kept["facts"].items()}
    return Said(kept["code"], kept["text"], **facts)


def _read(value: Any) -> Any:
    if isinstance(value, list):
        return [_read(one) for one in value]
    return from_json(value) if isinstance(value, dict) else value


def _kept(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_kept(one) for one in value]
    return to_json(value) if isinstance(value, str) else value
