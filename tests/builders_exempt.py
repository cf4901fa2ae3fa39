"""The paper of a small supplier who charges no VAT: one column of amounts, a total, and why."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

_ROW = 15


@dataclass(frozen=True, slots=True)
class ExemptPaper:
    """A supplier's paper; `reason` is printed under the total, None prints none."""

    name: str = "Atelier Klein"
    vat: str | None = "BTW BE 0900.000.147"
    iban: str = "BE71096123456769"
    reason: str | None = (
        "Kleine onderneming onderworpen aan de vrijstellingsregeling van belasting."
    )
    total: str = "Totaal te betalen"

    def page(
        self,
        number: str = "2026-017",
        on: date = date(2026, 2, 24),
        *,
        lines: Sequence[str] = ("60.00", "40.00"),
        iban: str | None = None,
        below: Sequence[tuple[str, str]] = (),
        right: float = 545,
    ) -> bytes:
        """A page with these lines; `below` are further rows with an amount, `right` is where amounts end."""
        out = io.BytesIO()
        canvas = Canvas(out, pagesize=A4, invariant=True)
        canvas.setFont("Helvetica", 10)
        account = iban or self.iban
        head = [self.name, "Kaai 7, 9000 Gent", self.vat or ""]
        head += ["IBAN " + " ".join(account[at : at + 4] for at in range(0, len(account), 4)), ""]
        head += ["Factuur", f"Factuurnummer: {number}", f"Factuurdatum: {on:%d/%m/%Y}"]
        for at, text in enumerate(head):
            canvas.drawString(50, 800 - at * _ROW, text)
        rows = [(f"Werk {at}", Decimal(one)) for at, one in enumerate(lines, 1)]
        rows.append((self.total, sum((one for _, one in rows), Decimal(0))))
        rows += [(text, Decimal(value)) for text, value in below]
        for at, (text, value) in enumerate(rows):
            canvas.drawString(330, 500 - at * _ROW, text)
            shown = f"€ {value:,.2f}".replace(",", "_").replace(".", ",").replace("_", ".")
            canvas.drawRightString(right, 500 - at * _ROW, shown)
        if self.reason:
            canvas.drawString(50, 120, self.reason)
        canvas.save()
        return out.getvalue()
