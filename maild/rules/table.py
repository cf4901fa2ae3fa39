"""A table of the configuration, read key by key; it collects what is wrong instead of stopping.

It knows types and words of people, not what teams and rules mean.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from maild.errors import KeyProblem, Level, did_you_mean
from maild.model.said import Said


class Table:
    """One table at a key such as "team.acme"; every problem goes to a list shared by all tables.

    Each getter takes its key out; `close` then says of what is left that nobody knows it. A getter
    gives its default where the key is absent, and where it is wrong (a problem tells).
    """

    def __init__(self, key: str, values: object, problems: list[KeyProblem]) -> None:
        self.key = key
        self.problems = problems
        self._known: list[str] = []
        self._values: dict[str, Any] = {}
        if isinstance(values, Mapping):
            self._values = dict(values)
        else:
            self.problem("", f"a table is needed here, not {shown(values)}")

    def problem(self, name: str, message: str, *, level: Level = "error") -> None:
        """Something is to be said of the key `name` of this table; "" is the table itself."""
        key = f"{self.key}.{name}" if name else self.key
        self.problems.append(KeyProblem(key, message, level))

    def has(self, name: str) -> bool:
        """Whether the key was written."""
        return name in self._values

    def take(self, name: str) -> Any:
        """The value as it was written, or None."""
        self._known.append(name)
        return self._values.get(name)

    def text(self, name: str, default: str = "", *, needed: str = "") -> str:
        """One line of text; empty is absent. `needed` says what to write where it must be there."""
        value = self.take(name)
        if value is None or value == "":
            if needed:
                english = f"is {'missing' if value is None else 'empty'}; {needed}"
                self.problem(name, Said("left_empty", english))
            return default
        if not isinstance(value, str):
            self.problem(name, f"write text in quotes, not {shown(value)}")
            return default
        if not value.strip() or not value.isprintable():
            english = f"{shown(value)} is empty or not one line of plain text"
            self.problem(name, Said("no_line", english, text=shown(value)))
            return default
        return value.strip()

    def texts(self, name: str) -> tuple[str, ...]:
        """One text, or a list of them."""
        value = self.take(name)
        if value is None:
            return ()
        values = [value] if isinstance(value, str) else value
        if not isinstance(values, list) or not all(isinstance(one, str) for one in values):
            self.problem(name, f"write a text or a list of texts in quotes, not {shown(value)}")
            return ()
        if any(not one.strip() or not one.isprintable() for one in values):
            english = f"{shown(value)} has an empty text, or one that is no plain line"
            self.problem(name, Said("no_lines", english, text=shown(value)))
            return ()
        return tuple(dict.fromkeys(one.strip() for one in values))

    def choice(self, name: str, known: Collection[str], *, default: str) -> str:
        """One of some words; where the key is absent `default`, which need be none of them."""
        if not self.has(name):
            return str(self.take(name) or default)
        found = self.known(name, (self.text(name, default),), known)
        return found[0] if found else default

    def choices(self, name: str, known: Collection[str]) -> tuple[str, ...]:
        """Some of some words."""
        return self.known(name, self.texts(name), known)

    def known(self, name: str, values: Sequence[str], known: Collection[str]) -> tuple[str, ...]:
        """Those of `values` that are known; a problem for each that is not."""
        for value in values:
            if value not in known:
                hint = did_you_mean(value, known) or f"; write {', '.join(filter(None, known))}"
                english = f'"{value}" is not known here{hint}'
                self.problem(name, Said("unknown_word", english, text=value))
        return tuple(value for value in values if value in known)

    def truth(self, name: str) -> bool:
        """A yes or no; absent is no."""
        value = self.take(name)
        if value is None or isinstance(value, bool):
            return bool(value)
        self.problem(name, f"write true or false, not {shown(value)}")
        return False

    def days(self, name: str) -> int | None:
        """A number of days, 0 or more."""
        value = self.take(name)
        if value is None:
            return None
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 36500:
            return value
        self.problem(name, f"write a number of days such as 30, not {shown(value)}")
        return None

    def amount(self, name: str) -> Decimal | None:
        """A number such as 1000, 99.95 or "99.95"."""
        value = self.take(name)
        if value is None:
            return None
        if isinstance(value, int | float | str) and not isinstance(value, bool):
            try:
                # A float's shortest form is what the person wrote: 99.95, not 99.9500000000000028.
                number = Decimal(str(value))
            except InvalidOperation:
                number = Decimal("NaN")
            if number.is_finite():
                return number
        self.problem(name, f"write an amount such as 1000 or 99.95, not {shown(value)}")
        return None

    def table(self, name: str) -> Table:
        """A table in this one; an empty one where the key is absent."""
        value = self.take(name)
        return Table(f"{self.key}.{name}", {} if value is None else value, self.problems)

    def tables(self, name: str) -> tuple[Table, ...]:
        """An array of tables in this one."""
        value = self.take(name)
        if value is None:
            return ()
        if not isinstance(value, list):
            self.problem(name, f"write [[{self.key}.{name}]] above each one, not {shown(value)}")
            return ()
        return tuple(
            Table(f"{self.key}.{name}[{n}]", one, self.problems) for n, one in enumerate(value)
        )

    def names(self) -> tuple[str, ...]:
        """The keys that were written."""
        return tuple(self._values)

    def close(self) -> None:
        """Say of each key that no getter asked for that it is unknown."""
        for name in self._values:
            if name not in self._known:
                english = f"unknown key{did_you_mean(name, self._known)}"
                self.problem(name, Said("unknown_key", english))


def shown(value: object) -> str:
    """A value of the configuration much as a person wrote it, shortened."""
    if isinstance(value, Mapping):
        return "a table"
    if isinstance(value, bool):
        return str(value).lower()
    text = f'"{value}"' if isinstance(value, str) and value.isprintable() else repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
