"""Values on the wire and in a row: what a POST may carry for each Edm type, and how it is given out.

Rows hold text, bool, int, Decimal (Double), aware datetime (DateTime) and lower-case guids.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from uuid import UUID

from maild.simulators.exact.refusal import malformed

ACCOUNT_CODE: Final = 18  # characters, aligned right
_RANGES: Final = {"Byte": (0, 255), "Int16": (-(2**15), 2**15 - 1), "Int32": (-(2**31), 2**31 - 1)}
_CLR: Final = {"Binary": "Byte[]", "Boolean": "Boolean", "Double": "Double", "Guid": "Guid"}
_ISO: Final = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,7})?)?Z?)?")


def taken(name: str, edm: str, value: object) -> Any:
    """The value of a property as a row keeps it; refuses another type as the service does."""
    if value is None:
        return None
    try:
        return _READERS[edm](value)
    except (ValueError, TypeError, InvalidOperation, binascii.Error) as fault:
        clr = _CLR.get(edm, edm)
        raise malformed(
            "Error encountered in converting the value from request payload for property "
            f"'{name}' to type '{clr}'."
        ) from fault


def given(edm: str, value: Any) -> Any:
    """The value as JSON holds it."""
    if isinstance(value, datetime):
        return f"/Date({milliseconds(value)})/"
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral() else float(value)
    if edm == "Binary":
        return None  # written only; the file is fetched by its Url
    return value


def milliseconds(at: datetime) -> int:
    """Since 1970, as dates travel."""
    return int(at.timestamp() * 1000)


def moment(text: str) -> datetime:
    """A date in ISO form, with or without a time. Raises ValueError."""
    if not _ISO.fullmatch(text):
        raise ValueError(text)
    return datetime.fromisoformat(text.removesuffix("Z")).replace(tzinfo=UTC)


def padded(path: str, row: Mapping[str, Any]) -> dict[str, Any]:
    """The row with its codes as wide as they are given out."""
    wide = dict(row)
    for name, width in (("VATCode", 3), ("SalesVATCode", 3), ("PurchaseVATCode", 3)):
        if isinstance(wide.get(name), str):
            wide[name] = wide[name].ljust(width)
    if path.lower().endswith("vatcodes") and isinstance(wide.get("Code"), str):
        wide["Code"] = wide["Code"].ljust(3)
    if path.lower().endswith(("accounts", "addresses")) and isinstance(wide.get("Country"), str):
        wide["Country"] = wide["Country"].ljust(3)
    return wide


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _truth(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _whole(low: int, high: int) -> Callable[[object], int]:
    def read(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int | str):
            raise TypeError
        number = int(value)
        if not low <= number <= high:
            raise ValueError
        return number

    return read


def _number(value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise TypeError
    number = Decimal(str(value))
    if not number.is_finite():
        raise ValueError
    return number


def _guid(value: object) -> str:
    text = _text(value)
    if len(text) != 36:
        raise ValueError
    return str(UUID(text))


def _binary(value: object) -> bytes:
    return base64.b64decode(_text(value), validate=True)


def _moment(value: object) -> datetime:
    return moment(_text(value))


_READERS: Final[dict[str, Callable[[object], Any]]] = {
    "String": _text,
    "Boolean": _truth,
    "Double": _number,
    "Guid": _guid,
    "Binary": _binary,
    "DateTime": _moment,
    "Int64": _whole(-(2**63), 2**63 - 1),
    **{edm: _whole(*span) for edm, span in _RANGES.items()},
}
