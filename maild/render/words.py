"""The words of a page in one language: titles, labels, sentences, units, reasons of exemption.

They stand in a file per language beside the template; a team's own texts are not here.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from pathlib import Path

from maild.model.bill import Bill, Tax

LANGUAGES = ("nl", "fr", "en", "de")

# "VATEX-EU-132-1A" is article 132, 1, a) of the directive; the number alone is enough for a reader.
_ARTICLE = re.compile(r"VATEX-EU-(\d+)(?:-(\w+))?")


@lru_cache
def words(language: str) -> Words:
    """The words of a language; English for one we do not speak."""
    name = language if language in LANGUAGES else "en"
    folder = Path(__file__).parent / "templates" / "pdf"
    tables = tomllib.loads((folder / f"{name}.toml").read_text(encoding="utf-8"))
    return Words(language=name, **tables)


@dataclass(frozen=True, slots=True)
class Words:
    """The tables of one language file."""

    language: str
    titles: dict[str, str]
    labels: dict[str, str]
    sentences: dict[str, str]
    tax: dict[str, str]
    exemptions: dict[str, str]
    units: dict[str, list[str]]

    def title(self, bill: Bill) -> str:
        """What the document is called: by its type code (BT-3), else by its kind."""
        return self.titles.get(bill.type_code or "", self.titles[bill.kind])

    def unit(self, code: str | None, *, quantity: Decimal | None) -> str:
        """The unit's name, singular for one; the code itself when we have no word for it."""
        if not code:
            return ""
        one, many = self.units.get(code, [code, code])
        # French counts 0 and 1.5 as singular, the others only 1.
        single = quantity is not None and (
            abs(quantity) < 2 if self.language == "fr" else abs(quantity) == 1
        )
        return one if single else many

    def exemption(self, tax: Tax) -> str:
        """Why there is no VAT: the sender's words, else those of its code or category.

        Empty where VAT is charged. Source: EN 16931 BT-120, BT-121; VATEX code list.
        """
        if tax.exemption_reason:
            return tax.exemption_reason
        code = (tax.exemption_code or "").upper()
        if code in self.exemptions:
            return self.exemptions[code]
        if article := _ARTICLE.fullmatch(code):
            return self.sentences["exempt_article"].format(article=_article(*article.groups()))
        return code or self.exemptions.get(tax.category, "")


def _article(number: str, point: str | None) -> str:
    return number if point is None else f"{number}, {point}"
