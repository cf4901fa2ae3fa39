"""The paper of one invented supplier: the same page each time, with other figures on it."""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from maild.model.money import round_half_up


@dataclass(frozen=True, slots=True)
class Paper:
    """A supplier's paper; `vat` is a Belgian enterprise number without its letters."""

    name: str = "Atelier Noord BV"
    vat: str = "0900000147"
    iban: str = "BE71096123456769"

    def page(
        self,
        number: str = "2026-017",
        on: date = date(2026, 2, 24),
        *,
        net: str = "100.00",
        iban: str | None = None,
        title: str = "Factuur",
        term: bool = False,
        reference: bool = False,
        gross: str | None = None,
        depth: float = 0,
    ) -> bytes:
        """A page with one line of 21 %, as PDF; `gross` prints another total than the right one.

        `term` names the days to pay, which proves the dates; `reference` asks to write the number when one pays;
        `depth` moves the head down, in points.
        """
        base = Decimal(net)
        vat = round_half_up(base * 21 / 100)
        out = io.BytesIO()
        canvas = Canvas(out, pagesize=A4, invariant=True)
        canvas.setFont("Helvetica", 10)
        account = iban or self.iban
        dotted = f"{self.vat[:4]}.{self.vat[4:7]}.{self.vat[7:]}"
        left = [self.name, "Kaai 7, 9000 Gent", f"BTW BE {dotted}"]
        left += ["IBAN " + " ".join(account[at : at + 4] for at in range(0, len(account), 4))]
        for at, text in enumerate(left):
            canvas.drawString(50, 800 - at * 14, text)
        head = [
            title,
            f"Factuurnummer: {number}",
            f"Factuurdatum: {on:%d/%m/%Y}",
            f"Vervaldatum: {on + timedelta(days=30):%d/%m/%Y}",
        ]
        head += ["Betaling binnen 30 dagen."] if term else []
        for at, text in enumerate(head):
            canvas.drawString(50, 680 - depth - at * 15, text)
        sums = [
            ("Totaal excl. btw", base),
            ("BTW 21%", vat),
            ("Totaal incl. btw", Decimal(gross) if gross else base + vat),
        ]
        if reference:
            canvas.drawString(50, 340, f"Mededeling: {number}")
        for at, (text, value) in enumerate(sums):
            canvas.drawString(330, 400 - at * 15, text)
            shown = f"€ {value:,.2f}".replace(",", "_").replace(".", ",").replace("_", ".")
            canvas.drawRightString(545, 400 - at * 15, shown)
        canvas.save()
        return out.getvalue()
