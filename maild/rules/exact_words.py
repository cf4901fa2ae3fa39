"""Words by which accountants name VAT codes, journals and accounts in nl, fr, en and de.

They tell what a code is probably for; only its rate and type are facts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from maild.model.exact import Group, VatKey

CREDIT: Final = re.compile(r"cr[eé]dit|gutschrift|\bcn\b", re.IGNORECASE)
ROUNDING: Final = re.compile(r"afrond|round|arrondi|rundung", re.IGNORECASE)
INTRA: Final = (
    r"intracomm|intra-?comm|binnen de eu|within the eu|innergemeinschaft|dans l.ue|\bicl?\b"
)
SERVICES: Final = r"dienst|service|prestation|leistung"
_REVERSE: Final = r"medecontractant|cocontract|verleg|autoliquidation|reverse charge|reverse-charge"
_OUTSIDE: Final = r"buiten de eu|outside the eu|hors (de l.)?ue|drittland|niet-eu|non-eu"

# For what a code without VAT is, the first that fits; the words of the second must not stand there.
_ZERO: Final[tuple[tuple[VatKey, str, str], ...]] = (
    (VatKey("AE", group=Group.EU), rf"(?=.*({INTRA}))(?=.*({SERVICES}))", ""),
    (VatKey("K"), INTRA, SERVICES),
    (VatKey("G"), rf"uitvoer|export|ausfuhr|{_OUTSIDE}", r"dienst|service|prestation"),
    (VatKey("AE", group=Group.DOMESTIC), _REVERSE, rf"{INTRA}|{_OUTSIDE}"),
    (VatKey("E"), r"vrijgesteld|exempt|exon[eé]r|steuerfrei|befreit|art(ikel|\.)? ?44", ""),
    (VatKey("O"), r"geen btw|niet onderworpen|buiten toepassing|no vat|hors champ|sans tva", ""),
    (VatKey("Z"), r"\b0([.,]0+)? ?%|nultarief|zero|taux z[eé]ro|nulltarif", rf"{INTRA}|{_REVERSE}"),
)
# For what a code is that works out VAT which nobody charges (purchases).
_CHARGED: Final[tuple[tuple[VatKey, str, str], ...]] = (
    (VatKey("AE", group=Group.EU), rf"(?=.*({INTRA}))(?=.*({SERVICES}))", ""),
    (VatKey("K"), INTRA, SERVICES),
    (VatKey("AE", group=Group.OUTSIDE), rf"invoer|import|einfuhr|{_OUTSIDE}", ""),
    (VatKey("AE", group=Group.DOMESTIC), _REVERSE, INTRA),
)
MEANINGS: Final[Mapping[bool, tuple[tuple[VatKey, str, str], ...]]] = {False: _ZERO, True: _CHARGED}


def meaning(about: str, *, charged: bool) -> VatKey | None:
    """What a VAT code without VAT on paper is for, by its description; None where no word tells."""
    for key, words, unless in MEANINGS[charged]:
        if re.search(words, about, re.IGNORECASE) and not (
            unless and re.search(unless, about, re.IGNORECASE)
        ):
            return key
    return None
