"""Numbers that carry their own check: VAT and enterprise numbers, IBANs, structured communications.

Pure. A number whose check fails is seen all the same, and says so: made-up numbers and typing errors
are printed too, and a bookkeeper wants to see them (purchase_reading.md A2).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from stdnum import iban as any_iban
from stdnum import luhn
from stdnum.be import ogm_vcs
from stdnum.de import vat as de_vat
from stdnum.eu import vat as eu_vat
from stdnum.fr import tva
from stdnum.nl import btw

from maild.ubl.check_digits import is_belgian_number, is_iban

_S: Final = r"[ .\u00a0-]?"
# With their country before them, or the Belgian form of digits alone.
_BELGIAN: Final = re.compile(
    rf"(?<![\w.])(?:BE{_S}{_S})?[01](?:{_S}\d){{9}}(?![\w]|[.,]\d)", re.IGNORECASE
)
_DUTCH: Final = re.compile(rf"(?<!\w)NL{_S}\d(?:{_S}\d){{8}}{_S}B{_S}\d\d(?!\w)", re.IGNORECASE)
_GERMAN: Final = re.compile(rf"(?<!\w)DE{_S}\d(?:{_S}\d){{8}}(?!\w|{_S}\d)", re.IGNORECASE)
_FRENCH: Final = re.compile(
    rf"(?<!\w)FR{_S}[0-9A-Z]{{2}}(?:{_S}\d){{9}}(?!\w|{_S}\d)", re.IGNORECASE
)
_OTHER: Final = re.compile(
    r"(?<!\w)(?:ATU|LU|ES[A-Z]?|IT|DK|SE|FI|PL|PT|CZ|IE|GB|EL|HU|RO|SK|SI|HR|BG|LT|LV|EE|MT|CY)"
    r" ?\d(?:[ .]?[0-9A-Z]){6,11}(?!\w)"
)
_IBAN: Final = re.compile(r"(?<!\w)[A-Z]{2}\d\d(?:[ \u00a0.]?(?!IBAN)[A-Z0-9]){11,30}(?!\w)")
_OGM: Final = re.compile(
    r"(?<![\d])(?:[+*]{3}\s?)?(\d{3})\s?/\s?(\d{4})\s?/\s?(\d{5})(?:\s?[+*]{3})?(?!\d)"
)
_SIRET: Final = re.compile(r"(?<!\w)\d{3} ?\d{3} ?\d{3}(?: ?\d{5})?(?!\w)")
_KVK: Final = re.compile(r"(?<!\w)\d{8}(?!\w)")
# Countries print as many digits as these for an IBAN; what follows on the line is no part of it.
_IBAN_LENGTHS: Final = {
    "BE": 16, "NL": 18, "DE": 22, "FR": 27, "LU": 20, "AT": 20, "CH": 21, "GB": 22, "ES": 24,
    "IT": 27, "PT": 25, "IE": 22, "DK": 18, "SE": 24, "FI": 18, "PL": 28, "CZ": 24, "NO": 15,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Number:
    """An identifier in plain form, and whether its check digits are right."""

    plain: str
    valid: bool

    @property
    def country(self) -> str:
        """The two letters it begins with."""
        return self.plain[:2]


Found = Iterator[tuple[Number, int, int]]


def vat_numbers_in(text: str) -> Found:
    """VAT numbers; a Belgian one also without its letters, when its check digits are right."""
    for match in _BELGIAN.finditer(text):
        plain = _plain(match[0]).removeprefix("BE")
        valid = is_belgian_number(plain)
        if valid or match[0][:2].upper() == "BE" or re.match(r"[01]\d{3}\.\d{3}\.\d{3}", match[0]):
            yield Number(f"BE{plain}", valid), match.start(), match.end()
    for pattern, check in _BY_COUNTRY:
        for match in pattern.finditer(text):
            plain = _plain(match[0])
            yield Number(plain, check(plain)), match.start(), match.end()


def ibans_in(text: str) -> Found:
    """IBANs in any grouping, with their check digits right or not."""
    at = 0
    doubtful: tuple[Number, int, int] | None = None
    while match := _IBAN.search(text, at):
        found = _iban(match)
        # What fails may be another number, beside which an account stands: "BE0900000147 BE71 0961 ...".
        at = found[2] if found and found[0].valid else match.start() + 1
        if doubtful and (found is None or found[1] >= doubtful[2]):
            yield doubtful
            doubtful = None
        if found and found[0].valid:
            yield found
            doubtful = None
        elif found and doubtful is None:
            doubtful = found
    if doubtful:
        yield doubtful


def communications_in(text: str) -> Found:
    """Belgian structured communications: +++123/4567/89012+++ or ***...***, also without their signs."""
    for match in _OGM.finditer(text):
        plain = f"{match[1]}{match[2]}{match[3]}"
        yield Number(plain, ogm_vcs.is_valid(plain)), match.start(), match.end()


def register_numbers_in(text: str) -> Found:
    """SIRET, SIREN and KvK numbers: digits that mean something only after their label."""
    for match in _SIRET.finditer(text):
        plain = _plain(match[0])
        yield Number(plain, luhn.is_valid(plain)), match.start(), match.end()
    for match in _KVK.finditer(text):
        yield Number(match[0], valid=True), match.start(), match.end()


def _iban(match: re.Match[str]) -> tuple[Number, int, int] | None:
    """The IBAN with which a run of letters and digits begins, as far as its country has them."""
    plain = _plain(match[0])
    length = _IBAN_LENGTHS.get(plain[:2])
    if length is None and not any_iban.is_valid(plain, check_country=False):
        return None
    if length and len(plain) < length and not re.search("iban", match.string, re.IGNORECASE):
        return None
    plain = plain[: length or len(plain)]
    signs = list(re.finditer(r"[0-9A-Za-z]", match[0]))
    end = match.start() + signs[len(plain) - 1].end()
    return Number(plain, is_iban(plain)), match.start(), end


def _plain(text: str) -> str:
    return re.sub(r"[^0-9A-Za-z]", "", text).upper()


def _is_vat(plain: str) -> bool:
    return bool(eu_vat.is_valid(plain))


_BY_COUNTRY: Final[tuple[tuple[re.Pattern[str], Callable[[str], bool]], ...]] = (
    (_DUTCH, lambda one: bool(btw.is_valid(one))),
    (_GERMAN, lambda one: bool(de_vat.is_valid(one))),
    (_FRENCH, lambda one: bool(tva.is_valid(one))),
    (_OTHER, _is_vat),
)
