"""Values as people read them: cleaned text, amounts and dates in their language.

Everything foreign that a letter or a header shows passes through `clean`. No wording here; that is
`templates/mail/*.toml`.
"""

from __future__ import annotations

import unicodedata
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime
from babel.numbers import format_currency

from maild.model.bill import Bill
from maild.model.document import Direction, Document, Kind
from maild.model.money import Amount
from maild.model.party import Party
from maild.model.team import Team

# Belgian forms where a language has several: the teams served are Belgian and Dutch first.
_LOCALES: Final = {"nl": "nl_BE", "fr": "fr_BE", "en": "en_GB", "de": "de_BE"}

LANGUAGES: Final = tuple(_LOCALES)

# Every field that a text may name. All are always there, so what `problems` accepts never fails.
FIELDS: Final = frozenset(
    {
        "kind", "number", "direction", "language", "team", "seller", "buyer", "counterparty",
        "issued_on", "due_on", "valid_until", "total", "payable", "preceding",
    }
)  # fmt: skip

# A name of 400 characters helps nobody and can push the rest of a letter out of sight.
LONGEST: Final = 120

# Joiners shape words in Persian and Hindi and hold emoji together; unlike the other invisible
# characters they cannot turn the reading direction or hide text.
_JOINERS: Final = "\u200c\u200d"

# Beyond this many digits an amount is nonsense; writing it out could take gigabytes (1E+999999999).
_DIGITS: Final = 20


def language_of(code: str | None, *, otherwise: str = "en") -> str:
    """The language that letters have for a code such as "nl", "NL-be" or None."""
    short = (code or "").strip().lower().replace("_", "-").split("-")[0]
    return short if short in _LOCALES else otherwise


def clean(text: object, *, longest: int = LONGEST) -> str:
    """One line of printable text: no control or bidi characters, runs of space as one, cut with "…".

    This is what keeps a line break in a customer's name out of headers and a mirrored name out of
    a letter (mail.md 6.2, header injection).
    """
    line = unicodedata.normalize("NFC", str(text if text is not None else ""))
    if not line.isprintable():
        line = "".join(one if one.isprintable() or one in _JOINERS else " " for one in line)
    line = " ".join(line.split())
    return line if len(line) <= longest else line[: longest - 1].rstrip() + "…"


def money(amount: Amount | None, language: str) -> str:
    """The amount with its currency, with every decimal that the document has; empty for None."""
    if amount is None:
        return ""
    currency = clean(amount.currency, longest=8)
    if _outsized(amount.value):
        return f"{clean(amount.value)} {currency}"
    return format_currency(
        amount.value, currency, locale=_LOCALES[language], decimal_quantization=False
    )


@lru_cache(maxsize=2_000)
def day(on: date | None, language: str) -> str:
    """The date in full, "1 maart 2026"; empty for None."""
    return format_date(on, "long", locale=_LOCALES[language]) if on else ""


def moment(at: datetime | None, language: str, *, zone: str) -> str:
    """The instant on the clock of `zone`, short; empty for None."""
    if at is None:
        return ""
    local = at.astimezone(ZoneInfo(zone))
    return format_datetime(local, "short", locale=_LOCALES[language])


def fields_of(document: Document, *, team: Team, language: str, name: str) -> dict[str, str]:
    """The fields of `FIELDS` for one document, each a clean line of text, empty where unknown.

    `name` is what the kind of document is called in that language.
    """
    bill = document.bill
    other = clean(document.counterparty.name or document.counterparty.vat)
    own = clean(team.name)
    direction = document.direction or document.kind.direction
    parties = {Direction.SALES: (own, other), Direction.PURCHASE: (other, own)}
    # A contract or a receipt has neither.
    seller, buyer = parties[direction] if direction else ("", "")
    return {
        "kind": name,
        "number": clean(document.number, longest=60),
        "direction": direction or "",
        "language": language,
        "team": own,
        "seller": _named(bill.seller if bill else None) or seller,
        "buyer": _named(bill.buyer if bill else None) or buyer,
        "counterparty": other,
        "issued_on": day(document.issued_on, language),
        **_figures(document, bill, language),
    }


def _named(party: Party | None) -> str:
    return clean(party.name or party.trading_name) if party else ""


def _figures(document: Document, bill: Bill | None, language: str) -> dict[str, str]:
    # A credit note and a quote ask for no payment, whatever dates their figures carry.
    paid = bill if document.kind in (Kind.INVOICE, Kind.PURCHASE_INVOICE) else None
    payable = paid.totals.payable if paid else None
    due_on = paid.due_on if paid else None
    valid_until = bill.valid_until if bill else None
    return {
        "total": money(document.total, language),
        # What is still due is said only where it differs: after a prepayment or a rounding.
        "payable": money(payable, language) if payable != document.total else "",
        "due_on": day(due_on, language),
        "valid_until": day(valid_until, language),
        "preceding": clean(", ".join(one.id for one in bill.preceding[:3])) if bill else "",
    }


def _outsized(value: Decimal) -> bool:
    exponent = value.as_tuple().exponent
    return abs(value.adjusted()) > _DIGITS or not isinstance(exponent, int) or -exponent > _DIGITS
