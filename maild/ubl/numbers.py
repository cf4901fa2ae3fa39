"""Numbers that name the scheme they were made by, and must then be made so: GLN, KVK, CVR and others.

Only the form and the check digits: whether a company has that number, a register would know.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from stdnum import ean
from stdnum.au import abn
from stdnum.be import vat as be_vat
from stdnum.no import orgnr as no_orgnr
from stdnum.se import orgnr as se_orgnr

from maild.errors import Problem
from maild.model.bill import Bill
from maild.model.party import Identifier


@dataclass(frozen=True, slots=True)
class Form:
    """How the numbers of one scheme look; `proves` tells whether the check digits are right."""

    rule: str
    name: str
    pattern: str
    words: str
    proves: Callable[[str], bool] = bool

    def holds(self, value: str) -> bool:
        """Whether a number is of this form, without white space or separators."""
        return bool(re.fullmatch(self.pattern, value, re.ASCII)) and self.proves(value)


def _is_gln(value: str) -> bool:
    # The rule counts digits of any length, unlike a reader of bar codes.
    return len(value) > 1 and ean.calc_check_digit(value[:-1]) == value[-1]


_KVK: Final = r"[0-9]{8}"

# By scheme (ISO 6523 and EAS). Peppol BIS Billing 3, PEPPOL-COMMON-R040 to R057; the Dutch ones are
# warnings in 3.0.21 and fatal from November 2026.
FORMS: Final = {
    "0007": Form(
        "PEPPOL-COMMON-R049",
        "Swedish organisation number",
        r"[0-9]{10}",
        "ten digits, the last of which checks the others",
        se_orgnr.is_valid,
    ),
    "0088": Form(
        "PEPPOL-COMMON-R040",
        "GLN",
        r"[0-9]+",
        "digits, the last of which checks the others",
        _is_gln,
    ),
    "0096": Form("PEPPOL-COMMON-R052", "Danish P number", r"[0-9]{10}", "ten digits"),
    "0106": Form("PEPPOL-COMMON-R054", "Dutch KVK number", _KVK, "eight digits"),
    "0151": Form(
        "PEPPOL-COMMON-R050",
        "Australian business number",
        r"[0-9]{11}",
        "eleven digits, the first two of which check the others",
        abn.is_valid,
    ),
    "0184": Form(
        "PEPPOL-COMMON-R042",
        "Danish CVR number",
        r"(DK)?[0-9]{8}",
        "eight digits, with or without DK before them",
    ),
    "0190": Form("PEPPOL-COMMON-R055", "Dutch OIN", r"[0-9]{20}", "twenty digits"),
    "0192": Form(
        "PEPPOL-COMMON-R041",
        "Norwegian organisation number",
        r"[0-9]{9}",
        "nine digits, the last of which checks the others",
        no_orgnr.is_valid,
    ),
    "0198": Form(
        "PEPPOL-COMMON-R053", "Danish SE number", r"DK[0-9]{8}", "DK and eight digits after it"
    ),
    "0208": Form(
        "PEPPOL-COMMON-R043",
        "Belgian enterprise number",
        r"[0-9]{10}",
        "ten digits, the last two of which check the others",
        be_vat.is_valid,
    ),
    "0217": Form(
        "PEPPOL-COMMON-R057", "Dutch KVK establishment number", r"[0-9]{12}", "twelve digits"
    ),
    "9944": Form(
        "PEPPOL-COMMON-R056-1",
        "Dutch VAT number",
        r"NL[0-9]{9}B[0-9]{2}",
        "NL, nine digits, B and two digits",
    ),
}


def wrong_numbers(bill: Bill) -> Iterator[Problem]:
    """Name the numbers of the parties that are not what their scheme says they are."""
    for term, number in _numbers(bill):
        form = FORMS.get(number.scheme or "")
        if form and not form.holds(number.value):
            yield Problem(form.rule, term, f'"{number.value}" is no {form.name}: {form.words}')


def _numbers(bill: Bill) -> Iterator[tuple[str, Identifier]]:
    """Every number of a party that may have a scheme, with its business term."""
    for party, address, legal, other in (
        (bill.seller, "BT-34", "BT-30", "BT-29"),
        (bill.buyer, "BT-49", "BT-47", "BT-46"),
        (bill.payee, "BG-10", "BT-61", "BT-60"),
    ):
        if party is None:
            continue
        if party.endpoint:
            yield address, party.endpoint
        if party.legal_id:
            yield legal, party.legal_id
        yield from ((other, one) for one in party.identifiers)
