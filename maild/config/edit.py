"""Changes values in the text of a TOML file and leaves every other byte as it is: comments, order, spaces.

What may be changed, and whether it makes sense, is the business of others.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, MutableMapping, Sequence
from copy import deepcopy
from itertools import pairwise
from typing import Any, Final

import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import AoT, Item

from maild.errors import UserError
from maild.model.said import Said

Place = tuple[str | int, ...]
Value = str | tuple[str, ...] | Mapping[str, Any] | None
_BY_HAND: Final = Said(
    "by_hand",
    "this file is written in a way that cannot be changed safely here; change it by hand",
)


def changed(text: str, values: Mapping[Place, Value]) -> str:
    """The text with these values: None takes a key out, a table at the end of a list adds to it.

    A place such as ("team", "acme", "rules", 0, "when") leads to a key; tables on its way that are
    not there are made. Raises UserError where the text cannot be changed and mean just that.
    """
    try:
        document = tomlkit.parse(text)
        wanted = tomllib.loads(text)
        for place, value in values.items():
            _put(document, place, value)
            _put(wanted, place, value, plain=True)
        made = document.as_string()
        # The library knows many ways to write a table; what it made is read again to be sure.
        right = tomllib.loads(made) == wanted
    except (TOMLKitError, tomllib.TOMLDecodeError, KeyError, IndexError, TypeError) as fault:
        raise UserError(_BY_HAND) from fault
    if not right:
        raise UserError(_BY_HAND)
    return made


def _put(top: Any, place: Place, value: Value, *, plain: bool = False) -> None:
    inner, last = _inner(top, place, making=value is not None, plain=plain), place[-1]
    if inner is None:
        return
    if isinstance(last, int):
        if value is None:
            del inner[last]
        elif last == len(inner):
            inner.append(_item(value, inner, plain=plain))
        else:
            inner[last] = _item(value, inner, plain=plain)
    elif value is None:
        if last in inner:
            del inner[last]
    elif last not in inner or _same(inner[last]) != _item(value, inner, plain=True):
        inner[last] = _item(value, inner, plain=plain)


def _inner(top: Any, place: Place, *, making: bool, plain: bool) -> Any:
    """What the last step of a place stands in; None where that is not there and nothing is made."""
    inner = top
    for step, following in pairwise(place):
        if isinstance(inner, MutableMapping) and step not in inner:
            if not making:
                return None
            rows = isinstance(following, int)
            if plain:
                inner[str(step)] = [] if rows else {}
            else:
                inner[str(step)] = tomlkit.aot() if rows else tomlkit.table()
        inner = inner[step]
    return inner


def _item(value: Value, around: Any, *, plain: bool) -> Any:
    if plain:
        return list(value) if isinstance(value, tuple) else deepcopy(value)
    if isinstance(value, str):
        return tomlkit.string(value, multiline="\n" in value)
    if isinstance(value, tuple):
        return tomlkit.item(list(value))
    return _table(value, around)


def _table(value: Any, around: Any) -> Item:
    """A table: with a head of its own in a list of such, else in one line."""
    table = tomlkit.table() if isinstance(around, AoT) else tomlkit.inline_table()
    for name, one in (value or {}).items():
        table[name] = list(one) if isinstance(one, Sequence) and not isinstance(one, str) else one
    return table


def _same(item: Any) -> Any:
    return item.unwrap() if isinstance(item, Item) else item
