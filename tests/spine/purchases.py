"""Purchases that are only pages: of suppliers who come again, of strangers of the corpus, and forged ones.

What must become of them is asserted in `test_purchases`.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from maild.intake.scores import is_same
from maild.model.money import round_half_up
from tests.builders_page import account, an_invoice_page, belgian
from tests.builders_paper import Paper
from tests.spine.post import sha256

# What must be right of everything that goes on: the keys of a truth file.
CLAIMED = {
    "number": "invoice_number",
    "issued_on": "issue_date",
    "total": "gross_total",
}


@dataclass(frozen=True, slots=True)
class Sent:
    """A page with its truth; `sort` is "first", "again", "forged" or "stranger"."""

    sort: str
    content: bytes = field(repr=False)
    truth: dict[str, Any]

    @property
    def sha256(self) -> str:
        """By what its document is known."""
        return sha256(self.content)


@dataclass(frozen=True, slots=True)
class Supplier:
    """A supplier who sends every month."""

    paper: Paper
    chance: random.Random = field(repr=False)
    depth: float

    def page(self, n: int, *, sort: str) -> Sent:
        """His nth page."""
        on = date(2025, 12, 5) + timedelta(days=29 * n)
        net = Decimal(self.chance.randrange(1_000, 900_000)) / 100
        number = f"2026/{self.chance.randrange(100, 1000):04}{n}"
        iban = account(self.chance) if sort == "forged" else self.paper.iban
        moved = self.depth + self.chance.choice((0, 15))
        content = self.paper.page(number, on, net=str(net), iban=iban, depth=moved)
        gross = net + round_half_up(net * 21 / 100)
        truth = {
            "invoice_number": number,
            "issue_date": on.isoformat(),
            "gross_total": str(gross),
            "supplier_vat": f"BE{self.paper.vat}",
        }
        return Sent(sort, content, truth)


def suppliers(count: int) -> list[Supplier]:
    """Invented ones, each with paper of his own."""
    made = []
    for n in range(count):
        chance = random.Random(7_000 + n)
        paper = Paper(f"Leverancier {n} BV", belgian(chance), account(chance))
        made.append(Supplier(paper, chance, float(chance.randrange(0, 100))))
    return made


def strangers(shared: Path, count: int) -> Iterator[Sent]:
    """Pages of the public corpus with their truth, then pages of our own making."""
    texts = sorted((shared / "corpus" / "purchase-pdf").glob("*.pdf"))
    known: set[str] = set()
    for n in range(count):
        if n < len(texts):
            truth = json.loads(texts[n].with_suffix(".json").read_text("utf-8"))
            one = Sent("stranger", texts[n].read_bytes(), truth)
        else:
            made = an_invoice_page(20_000 + n)
            one = Sent("stranger", made.content, made.truth)
        if one.sha256 not in known:
            known.add(one.sha256)
            yield one


def again(made: list[Supplier], count: int, *, forged: int) -> Iterator[Sent]:
    """The later pages of suppliers, some of them with an account that is not theirs."""
    for n in range(count):
        sort = "forged" if n < forged else "again"
        yield made[n % len(made)].page(2 + n // len(made), sort=sort)


def wrong(document: dict[str, Any], sent: Sent) -> list[str]:
    """What a document claims and its page does not say."""
    claims = {key: document[key] for key in CLAIMED}
    vat = document["counterparty"]["vat"]
    found = [
        f"{key}: {claim}, and the page says {sent.truth.get(CLAIMED[key])}"
        for key, claim in claims.items()
        if claim is not None
        and sent.truth.get(CLAIMED[key]) is not None
        and not is_same(CLAIMED[key], claim, truth=sent.truth[CLAIMED[key]])
    ]
    told = sent.truth.get("supplier_vat")
    if vat and told and not is_same("supplier_vat", vat, truth=told):
        found.append(f"supplier: {vat}, and the page says {told}")
    return found


def corrections(document: dict[str, Any], sent: Sent) -> list[str]:
    """What a person says who reads the page himself, as options of `review confirm`."""
    fields = document["reading"]["fields"]
    said = []
    for key in ("invoice_number", "issue_date", "supplier_vat"):
        read, truth = fields[key]["value"], sent.truth[key]
        if not is_same(key, read, truth=truth):
            said += ["--set", f"{key}={truth}"]
    return said
