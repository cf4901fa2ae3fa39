"""Whether a page shows a number or an amount, in any of the forms in which invoices print them.

Pure: the text of a page goes in. It reads no figures; it only looks for ones that are known.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

_LONGEST_NUMBER: Final = 60
# Between thousands: a dot, a comma, an apostrophe of either kind, and the blanks that printers use.
_GROUP: Final = r"[.,'’\u0020\u00a0\u2009\u202f]?"
_HUNDREDTHS: Final = Decimal("0.01")


def shows_number(text: str, number: str) -> bool:
    """Whether a document's number stands there, signs and case aside, with nothing glued to it."""
    plain = re.sub(r"[\W_]", "", number).casefold()
    if not plain or len(plain) > _LONGEST_NUMBER:
        return False
    loose = r"[^\w\n]{0,3}_?".join(map(re.escape, plain))
    return re.search(rf"(?<!\w){loose}(?!\w)", text.casefold()) is not None


def shows_amount(text: str, value: Decimal) -> bool:
    """Whether an amount stands there, its sign aside: 1.234,56 or 1,234.56 or 1 234,56 or 1234,56."""
    cents = abs(value).quantize(_HUNDREDTHS)
    whole, _, decimals = f"{cents:f}".partition(".")
    grouped = _grouped(whole)
    # A round amount is printed without decimals too: "100", "100,-".
    tail = rf"(?:[.,]{decimals}|[.,]?[-–—=]+)?" if decimals == "00" else rf"[.,]{decimals}"
    return re.search(rf"(?<![\d.,]){grouped}{tail}(?![\d]|[.,]\d)", text) is not None


def _grouped(whole: str) -> str:
    """The digits of a whole number as a pattern that allows a mark between thousands."""
    first = len(whole) % 3 or 3
    groups = [whole[:first], *(whole[at : at + 3] for at in range(first, len(whole), 3))]
    return _GROUP.join(groups)
