"""The $filter of Exact Online's OData: a parser for the part that clients use.

It gives a function of a row, and notes comparisons of an account's code that lacks its blanks:
those find nothing in the real service.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from maild.simulators.exact.refusal import Refusal
from maild.simulators.exact.schema import Entity
from maild.simulators.exact.values import ACCOUNT_CODE, moment

Row = Mapping[str, Any]
Term = Callable[[Row], Any]

_TOKEN: Final = re.compile(
    r"\s*(?:(?P<guid>guid'[0-9A-Fa-f-]{36}')|(?P<when>datetime'[^']*')|(?P<text>'(?:[^']|'')*')"
    r"|(?P<number>-?\d+(?:\.\d+)?[LlMmDd]?)|(?P<word>[A-Za-z_][\w/]*)|(?P<sign>[(),]))",
    re.IGNORECASE,
)
_COMPARE: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "eq": lambda a, b: bool(a == b),
    "ne": lambda a, b: bool(a != b),
    "gt": lambda a, b: a is not None and b is not None and bool(a > b),
    "ge": lambda a, b: a is not None and b is not None and bool(a >= b),
    "lt": lambda a, b: a is not None and b is not None and bool(a < b),
    "le": lambda a, b: a is not None and b is not None and bool(a <= b),
}
_LITERALS: Final = {"true": True, "false": False, "null": None}
LONGEST: Final = 12_000  # characters; what the real service takes is unknown


@dataclass(slots=True)
class Filter:
    """A parsed filter. `unpadded` are the account codes in it that are too short to be found."""

    holds: Term
    unpadded: list[str]


def parse(text: str, entity: Entity) -> Filter:
    """Parse a filter over the rows of `entity`; 400 as the service answers what it cannot read."""
    if len(text) > LONGEST:
        raise _syntax()
    parser = _Parser(_tokens(text), entity)
    term = parser.either()
    if parser.rest():
        raise _syntax()
    return Filter(term, parser.unpadded)


def _syntax() -> Refusal:
    return Refusal(400, "Error in query syntax.")


def _tokens(text: str) -> list[tuple[str, str]]:
    found, at, stripped = [], 0, text.rstrip()
    while at < len(stripped):
        match = _TOKEN.match(stripped, at)
        if match is None or match.lastgroup is None:
            raise _syntax()
        found.append((match.lastgroup, match.group(match.lastgroup)))
        at = match.end()
    return found


class _Parser:
    """Recursive descent: or, and, not, comparison, call, literal."""

    def __init__(self, tokens: list[tuple[str, str]], entity: Entity) -> None:
        self._tokens, self._at, self._entity = tokens, 0, entity
        self.unpadded: list[str] = []

    def rest(self) -> bool:
        return self._at < len(self._tokens)

    def either(self) -> Term:
        left = self._both()
        while self._word("or"):
            left = _or(left, self._both())
        return left

    def _both(self) -> Term:
        left = self._one()
        while self._word("and"):
            left = _and(left, self._one())
        return left

    def _one(self) -> Term:
        if self._word("not"):
            inner = self._one()
            return lambda row: not inner(row)
        if self._sign("("):
            inner = self.either()
            self._need(")")
            return inner
        return self._comparison()

    def _comparison(self) -> Term:
        start = self._at
        left = self._term()
        ended = self._at
        kind, value = self._peek()
        operator = _COMPARE.get(value.lower()) if kind == "word" else None
        if operator is None:
            return lambda row: bool(left(row))
        self._at += 1
        middle = self._at
        right = self._term()
        self._watch(self._tokens[start:ended], self._tokens[middle : self._at])
        return lambda row: operator(_plain(left(row)), _plain(right(row)))

    def _term(self) -> Term:
        kind, value = self._next()
        if kind == "word" and self._peek() == ("sign", "("):
            return self._call(value.lower())
        if kind == "word":
            return self._property(value)
        return _constant(_literal(kind, value))

    def _property(self, name: str) -> Term:
        if name.lower() in _LITERALS:
            return _constant(_LITERALS[name.lower()])
        if self._entity.edm(name) is None:
            raise _syntax()
        return lambda row: row.get(name)

    def _call(self, name: str) -> Term:
        self._need("(")
        inner = [self._term()]
        while self._sign(","):
            inner.append(self._term())
        self._need(")")
        calls: Mapping[tuple[str, int], Callable[..., Any]] = {
            ("trim", 1): lambda a: (a or "").strip(),
            ("tolower", 1): lambda a: (a or "").lower(),
            ("toupper", 1): lambda a: (a or "").upper(),
            ("substringof", 2): lambda a, b: a.lower() in (b or "").lower(),
            ("startswith", 2): lambda a, b: (a or "").lower().startswith(b.lower()),
            ("endswith", 2): lambda a, b: (a or "").lower().endswith(b.lower()),
        }
        call = calls.get((name, len(inner)))
        if call is None:
            raise _syntax()
        return lambda row: call(*(one(row) for one in inner))

    def _watch(self, left: list[tuple[str, str]], right: list[tuple[str, str]]) -> None:
        if not self._entity.path.lower().endswith("crm/accounts"):
            return
        for one, other in ((left, right), (right, left)):
            if one == [("word", "Code")] and len(other) == 1 and other[0][0] == "text":
                code = str(_literal("text", other[0][1]))
                if len(code) < ACCOUNT_CODE:
                    self.unpadded.append(code)

    def _peek(self) -> tuple[str, str]:
        return self._tokens[self._at] if self.rest() else ("", "")

    def _next(self) -> tuple[str, str]:
        if not self.rest():
            raise _syntax()
        self._at += 1
        return self._tokens[self._at - 1]

    def _word(self, word: str) -> bool:
        kind, value = self._peek()
        hit = kind == "word" and value.lower() == word
        self._at += hit
        return hit

    def _sign(self, sign: str) -> bool:
        hit = self._peek() == ("sign", sign)
        self._at += hit
        return hit

    def _need(self, sign: str) -> None:
        if not self._sign(sign):
            raise _syntax()


def _literal(kind: str, text: str) -> Any:
    try:
        if kind == "guid":
            return text[5:-1].lower()
        if kind == "when":
            return moment(text[9:-1])
        if kind == "text":
            return text[1:-1].replace("''", "'")
        if kind == "number":
            return Decimal(text.rstrip("LlMmDd"))
    except ValueError as fault:
        raise _syntax() from fault
    raise _syntax()


def _plain(value: Any) -> Any:
    """Blanks at the end do not count where texts are compared, nor does their case."""
    return value.rstrip().casefold() if isinstance(value, str) else value


def _constant(value: Any) -> Term:
    return lambda _: value


def _or(left: Term, right: Term) -> Term:
    return lambda row: bool(left(row) or right(row))


def _and(left: Term, right: Term) -> Term:
    return lambda row: bool(left(row) and right(row))
