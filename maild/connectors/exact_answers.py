"""What Exact Online writes and wants to read: envelopes, literals, dates, the words of a refusal. Pure.

Source: exact_online.md A2 (URLs, OData dialect, JSON; errors).
"""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

CODE: Final = 18  # characters of a code of an account, right-aligned
_DATE: Final = re.compile(r"/Date\((-?[0-9]{1,15})(?:[+-][0-9]{4})?\)/")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_LONGEST_WORDS: Final = 350  # a notice shows 500 characters of a reply

Row = dict[str, Any]


def data(content: bytes) -> Any:
    """The JSON of an answer; figures are Decimal. Raises ValueError where it is none, or no object."""
    try:
        said = json.loads(content, parse_float=Decimal)
    except RecursionError as fault:
        raise ValueError("it is nested too deeply") from fault
    except ValueError as fault:
        # What Exact shows while it is worked on, with 200 as well (A2).
        is_page = b"<html" in content[:500].lower()
        said = "it is a web page, as during maintenance" if is_page else "it is no JSON"
        raise ValueError(said) from fault
    if not isinstance(said, dict):
        raise ValueError("it is no JSON object")  # noqa: TRY004 - a fault of theirs
    return said


def page(said: Row) -> tuple[list[Row], str | None]:
    """The rows of one page, and the address of the next. Raises ValueError when there are none.

    All three envelopes: `d.results`, `d` as a list, `d` as the one row.
    """
    inner, following = said.get("d"), None
    if isinstance(inner, dict) and isinstance(inner.get("results"), list):
        following = inner.get("__next")
        inner = inner["results"]
    rows = [inner] if isinstance(inner, dict) else inner
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ValueError("it holds no rows")
    if following is not None and not isinstance(following, str):
        raise ValueError("it does not say where it goes on")
    return [_trimmed(row) for row in rows], following


def words(content: bytes) -> str | None:
    """What an error says, on one line; None when it is no error as Exact writes them."""
    try:
        said = data(content).get("error")
    except ValueError:
        return None
    if not isinstance(said, dict):
        return None
    message = said.get("message")
    value = message.get("value") if isinstance(message, dict) else message
    lines = [_CONTROL.sub(" ", line).strip() for line in str(value or "").splitlines()]
    return "; ".join(line for line in lines if line)[:_LONGEST_WORDS] or "no reason was given"


def moment(said: object) -> datetime | None:
    """A date of an answer, such as "/Date(1392224884577)/"; None where there is none."""
    found = _DATE.fullmatch(said) if isinstance(said, str) else None
    if found is None:
        return None
    try:
        return _EPOCH + timedelta(milliseconds=int(found[1]))
    except OverflowError:
        return None


def text(value: str) -> str:
    """A text in a filter: quotes are doubled."""
    return "'" + value.replace("'", "''") + "'"


def guid(value: str) -> str:
    """A key in a filter or an address. Raises ValueError when it is none."""
    return f"guid'{UUID(value)}'"


def code(value: str) -> str:
    """The code of an account in a filter: padded to its width, else nothing is found."""
    return text(value.strip().rjust(CODE))


def day(value: date) -> str:
    """A date as Exact takes it."""
    return f"{value.isoformat()}T00:00:00"


def _trimmed(row: Row) -> Row:
    """Fixed-width texts without their padding."""
    return {name: value.strip() if isinstance(value, str) else value for name, value in row.items()}
