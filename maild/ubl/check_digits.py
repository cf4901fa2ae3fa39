"""Whether numbers keep their own check digits: accounts and company numbers.

The same few numbers stand in document after document, on the page and in the letter, and python-stdnum
takes a tenth of a millisecond for an IBAN: the last answers are kept. What a number means is known
elsewhere.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from stdnum import iban
from stdnum.be import vat

_KEPT: Final = 4096
# An IBAN has at most 34 characters, with blanks 42. What is longer is no number: python-stdnum would
# reckon with all its digits, and Python refuses to at 4300 of them.
_LONGEST: Final = 64


def is_iban(number: str) -> bool:
    """Whether the number is an IBAN whose country, length and check digits are right."""
    return len(number) <= _LONGEST and _is_iban(number)


def is_belgian_number(number: str) -> bool:
    """Whether the number is a Belgian VAT or enterprise number whose check digits are right."""
    return len(number) <= _LONGEST and _is_belgian(number)


@lru_cache(maxsize=_KEPT)
def _is_iban(number: str) -> bool:
    if not iban.is_valid(number, check_country=False):
        return False
    plain = iban.compact(number)
    if not plain.startswith("BE"):
        return bool(iban.is_valid(number))
    # By their own check digits, not by the banks of python-stdnum's list: new ones come every year.
    return (int(plain[4:14]) % 97 or 97) == int(plain[14:])


@lru_cache(maxsize=_KEPT)
def _is_belgian(number: str) -> bool:
    return bool(vat.is_valid(number))
