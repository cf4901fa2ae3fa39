"""Purchase invoices of our own as PDF, each with its truth: other layouts, languages and number forms.

They measure the reading of pages on documents that are in no corpus. Companies are invented, their
numbers are from unissued ranges with right check digits; a seed gives the same documents again.
"""

from __future__ import annotations

import io
import random
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from maild.model.money import round_half_up

RIGHT = 545
WORDS: dict[str, dict[str, tuple[str, ...]]] = {
    "nl": {
        "invoice": ("FACTUUR", "Factuur"),
        "credit": ("CREDITNOTA", "Creditnota"),
        "number": ("Factuurnummer", "Factuurnr.", "Factuur nr.", "Nummer factuur"),
        "date": ("Factuurdatum", "Datum", "Datum factuur"),
        "due": ("Vervaldatum", "Vervaldag", "Te betalen voor"),
        "other": ("Klantnummer", "Uw referentie", "Ordernummer"),
        "net": ("Totaal excl. btw", "Subtotaal", "Totaal exclusief btw", "Netto"),
        "vat": ("BTW", "Btw-bedrag", "btw"),
        "gross": ("Totaal incl. btw", "Totaal te betalen", "Te betalen", "Totaal"),
        "prepaid": ("Voorschot", "Reeds betaald"),
        "left": ("Nog te betalen", "Saldo"),
        "base": ("Maatstaf van heffing", "Grondslag"),
        "vat_id": ("BTW", "btw-nr.", "Btw-nummer"),
        "your": ("Uw btw-nr.", "BTW klant"),
        "term": ("Betaling binnen {} dagen.", "Betaaltermijn: {} dagen"),
        "free": ("Btw verlegd", "Verlegging van heffing: btw te voldoen door de medecontractant"),
        "line": ("Werkuren", "Schroeven", "Onderhoud lift", "Verf 10 l"),
        "head": ("Omschrijving", "Aantal", "Prijs", "Bedrag"),
    },
    "fr": {
        "invoice": ("FACTURE", "Facture"),
        "credit": ("NOTE DE CRÉDIT", "Note de crédit"),
        "number": ("N° de facture", "Facture n°", "Numéro", "Numéro de facture"),
        "date": ("Date", "Date de facture", "Date d'émission"),
        "due": ("Échéance", "Date d'échéance", "À payer avant le"),
        "other": ("N° client", "Votre référence", "Commande"),
        "net": ("Total HTVA", "Total hors TVA", "Total HT", "Sous-total"),
        "vat": ("TVA", "Montant TVA", "Total TVA"),
        "gross": ("Total TVAC", "Total à payer", "Total TTC", "Net à payer"),
        "prepaid": ("Acompte", "Déjà payé"),
        "left": ("Solde à payer", "Reste à payer"),
        "base": ("Base imposable", "Base"),
        "vat_id": ("TVA", "N° TVA", "N° de TVA"),
        "your": ("Votre n° de TVA", "TVA client"),
        "term": ("Paiement à {} jours.", "Payable dans les {} jours"),
        "free": ("Autoliquidation", "Exonération de TVA, TVA due par le cocontractant"),
        "line": ("Heures de travail", "Vis inox", "Entretien", "Peinture"),
        "head": ("Désignation", "Quantité", "Prix unitaire", "Montant"),
    },
    "de": {
        "invoice": ("RECHNUNG", "Rechnung"),
        "credit": ("STORNORECHNUNG", "GUTSCHRIFT"),
        "number": ("Rechnungsnummer", "Rechnungs-Nr.", "Rechnung Nr.", "Belegnummer"),
        "date": ("Rechnungsdatum", "Datum", "Belegdatum"),
        "due": ("Fällig am", "Zahlbar bis", "Fälligkeit"),
        "other": ("Kundennummer", "Ihr Zeichen", "Auftrag"),
        "net": ("Summe netto", "Nettobetrag", "Zwischensumme", "Gesamt netto"),
        "vat": ("MwSt.", "USt.", "Umsatzsteuer"),
        "gross": ("Gesamtbetrag", "Rechnungsbetrag", "Bruttobetrag", "Gesamtsumme"),
        "prepaid": ("Anzahlung", "Bereits bezahlt"),
        "left": ("Restbetrag", "Noch zu zahlen"),
        "base": ("Bemessungsgrundlage", "Nettowert"),
        "vat_id": ("USt-IdNr.", "MwSt.-Nr.", "USt-ID"),
        "your": ("Ihre USt-IdNr.", "Ihre MwSt.-Nr."),
        "term": ("Zahlbar innerhalb von {} Tagen.", "Zahlungsziel {} Tage"),
        "free": ("Steuerschuldnerschaft des Leistungsempfängers", "Reverse Charge"),
        "line": ("Arbeitsstunden", "Schrauben", "Wartung", "Farbe"),
        "head": ("Bezeichnung", "Menge", "Einzelpreis", "Gesamt"),
    },
    "en": {
        "invoice": ("INVOICE", "Tax invoice"),
        "credit": ("CREDIT NOTE", "Credit note"),
        "number": ("Invoice number", "Invoice no.", "Invoice #", "Document number"),
        "date": ("Invoice date", "Date", "Date of issue"),
        "due": ("Due date", "Payment due", "Pay by"),
        "other": ("Customer no.", "Your reference", "PO number"),
        "net": ("Subtotal", "Net amount", "Total excl. VAT", "Total before tax"),
        "vat": ("VAT", "VAT amount", "Tax"),
        "gross": ("Total incl. VAT", "Amount due", "Grand total", "Total"),
        "prepaid": ("Deposit", "Amount paid"),
        "left": ("Balance due", "Amount to pay"),
        "base": ("Taxable amount", "Net value"),
        "vat_id": ("VAT no.", "VAT", "VAT number"),
        "your": ("Your VAT no.", "Customer VAT"),
        "term": ("Payment within {} days.", "Payment terms: {} days"),
        "free": ("Reverse charge", "VAT reverse charge applies"),
        "line": ("Labour", "Screws", "Maintenance", "Paint"),
        "head": ("Description", "Qty", "Unit price", "Amount"),
    },
}
NAMES = ("Atelier Noord BV", "Brouwerij De Drie NV", "Maçonnerie Leroy SRL", "Holzbau Krämer GmbH",
         "Harbour Tools Ltd", "Peeters & Zoon BV", "Éditions du Canal SA", "Nordlicht Technik AG")  # fmt: skip
BUYERS = ("Bakker Bosmans BV", "Société Exemple SRL", "Muster Handel GmbH")
STREETS = ("Dorpsstraat 12", "Rue du Moulin 5", "Hauptstraße 41", "Kaai 7")
CITIES = ("9000 Gent", "1000 Bruxelles", "4700 Eupen", "2000 Antwerpen")
MONTHS = {
    "nl": "januari februari maart april mei juni juli augustus september oktober november december",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "en": "January February March April May June July August September October November December",
}


@dataclass(frozen=True, slots=True)
class Made:
    """A page that was made, and its truth under the keys of the figures."""

    content: bytes
    truth: dict[str, Any]


def belgian(chance: random.Random) -> str:
    """A Belgian enterprise number with right check digits, of an unissued range."""
    first = 9_000_000 + chance.randrange(900_000)
    return f"0{first}"[:8].ljust(8, "0") + f"{97 - int(f'0{first}'[:8]) % 97:02}"


def account(chance: random.Random) -> str:
    """A Belgian IBAN with right check digits at a bank code that nobody has."""
    body = f"999{chance.randrange(10**7):07}"
    body += f"{int(body) % 97 or 97:02}"
    return f"BE{98 - int(body + '111400') % 97:02}{body}"


class Page:
    """A page on which texts are put down by their place; what it says goes into `truth`."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.language = self.chance.choice(sorted(WORDS))
        self.out = io.BytesIO()
        self.canvas = Canvas(self.out, pagesize=A4, invariant=True)
        self.size = self.chance.choice((8, 9, 10, 11))
        self.font = self.chance.choice(("Helvetica", "Times-Roman"))
        self.canvas.setFont(self.font, self.size)
        self.y = 800.0
        self.truth: dict[str, Any] = {}
        self.form = self.chance.randrange(4)
        self.days = self.chance.randrange(3)
        self.sign = -1 if self.chance.random() < 0.12 else 1

    def word(self, key: str) -> str:
        """One of the words for something, in the language of the page."""
        return self.chance.choice(WORDS[self.language][key])

    def amount(self, value: Decimal) -> str:
        """An amount as this page writes them."""
        told = f"{value:,.2f}"
        if self.language != "en":
            group = (".", " ", "\u00a0", "")[self.form]
            told = told.replace(",", "_").replace(".", ",").replace("_", group)
        return told

    def day(self, on: date) -> str:
        """A date as this page writes them."""
        if self.days == 0 or self.language == "en":
            return f"{on.day} {MONTHS[self.language].split()[on.month - 1]} {on.year}"
        return on.strftime("%d/%m/%Y" if self.days == 1 else "%d.%m.%Y")

    def put(self, text: str, *, x: float = 50, right: float | None = None) -> None:
        """A text that begins at x, or ends at `right`, on the present row."""
        if right is None:
            self.canvas.drawString(x, self.y, text)
        else:
            self.canvas.drawRightString(right, self.y, text)

    def down(self, rows: float = 1) -> None:
        """Go to a next row."""
        self.y -= rows * self.size * 1.45

    def row(self, label: str, value: str) -> None:
        """A label and its value at the right edge, or close by it, as this page has it."""
        if self.form % 2:
            self.put(label, x=330)
            self.put(value, right=RIGHT)
        else:
            self.put(f"{label}: {value}", x=330)
        self.down()


def an_invoice_page(seed: int) -> Made:
    """An invoice or credit note of a Belgian supplier; everything about it follows from the seed."""
    page = Page(seed)
    name, vat, iban = page.chance.choice(NAMES), belgian(page.chance), account(page.chance)
    page.truth |= {"supplier_name": name, "supplier_vat": f"BE{vat}", "iban": [iban]}
    page.truth |= {"supplier_enterprise_no": vat}
    dotted = f"{vat[:4]}.{vat[4:7]}.{vat[7:]}"
    own = f"{page.word('vat_id')} BE {dotted}"
    bank = "IBAN " + " ".join(iban[at : at + 4] for at in range(0, 16, 4))
    in_foot = page.chance.random() < 0.4
    place = f"{page.chance.choice(STREETS)}", page.chance.choice(CITIES)
    for text in (name, *place) if in_foot else (name, *place, own, bank):
        page.put(text)
        page.down()
    page.down()
    _buyer(page)
    _head(page)
    _body(page)
    if in_foot:
        page.y = 40
        page.put(f"{name} - {place[0]} - {place[1]} - {own} - {bank}")
    page.canvas.save()
    return Made(page.out.getvalue(), page.truth)


def _buyer(page: Page) -> None:
    other = belgian(page.chance)
    for text in (page.chance.choice(BUYERS), "Marktplein 3", "3000 Leuven"):
        page.put(text, x=330)
        page.down()
    page.put(f"{page.word('your')}: BE{other}", x=330)
    page.down(2)


def _head(page: Page) -> None:
    """What it is, its number and its dates: pairs, or a row of headings over a row of values."""
    kind = "credit" if page.sign < 0 else "invoice"
    page.put(page.word(kind))
    page.down(1.5)
    on = date(2026, 1, 1) + timedelta(days=page.chance.randrange(320))
    term = page.chance.choice((8, 14, 30, 60))
    style = page.chance.choice(("{}", "F-{}", "2026-{}", "VK26/{}", "26{}"))
    number = style.format(page.chance.randrange(100, 99999))
    pairs = [
        (page.word("number"), number),
        (page.word("date"), page.day(on)),
        (page.word("due"), page.day(on + timedelta(days=term))),
        (page.word("other"), str(page.chance.randrange(1000, 9999))),
    ]
    if page.chance.random() < 0.4:
        for at, (label, _) in enumerate(pairs):
            page.put(label, x=50 + at * 130)
        page.down()
        for at, (_, value) in enumerate(pairs):
            page.put(value, x=50 + at * 130)
        page.down()
    else:
        for label, value in pairs:
            page.row(label, value)
    page.truth |= {"invoice_number": number, "issue_date": on.isoformat()}
    page.truth |= {"due_date": (on + timedelta(days=term)).isoformat()}
    page.truth |= {"doc_type": "credit_note" if page.sign < 0 else "invoice"}
    if page.chance.random() < 0.3:
        page.put(page.word("term").format(term))
    page.down(2)


def _body(page: Page) -> None:
    """Lines, then the totals; their VAT is reckoned a rate, from the sums of the lines."""
    rates = page.chance.choice((["21"], ["21"], ["6"], ["21", "6"], ["21", "12", "6"], ["0"]))
    for at, text in enumerate(WORDS[page.language]["head"]):
        page.put(text, x=50) if at == 0 else page.put(text, right=220 + at * 108)
    page.down()
    bases = dict.fromkeys(rates, Decimal(0))
    for at in range(page.chance.randrange(len(rates), 12)):
        count, price = (
            page.chance.randrange(1, 20),
            Decimal(page.chance.randrange(100, 90000)) / 100,
        )
        total = page.sign * count * price
        rate = rates[at] if at < len(rates) else page.chance.choice(rates)
        bases[rate] += total
        page.put(f"{WORDS[page.language]['line'][at % 4]} ({rate}%)")
        page.put(str(count), right=328)
        page.put(page.amount(price), right=436)
        page.put(page.amount(total), right=RIGHT - 1)
        page.down()
    page.down()
    _totals(page, bases)


def _totals(page: Page, bases: dict[str, Decimal]) -> None:
    net = sum(bases.values(), Decimal(0))
    vats = {rate: round_half_up(base * Decimal(rate) / 100) for rate, base in bases.items()}
    vat = sum(vats.values(), Decimal(0))
    mark = page.chance.choice(("EUR ", "€ ", ""))
    page.row(page.word("net"), mark + page.amount(net))
    for rate, base in bases.items():
        if len(bases) > 1:
            page.put(f"{page.word('vat')} {rate}% {page.word('base')} {page.amount(base)}", x=230)
            page.put(page.amount(vats[rate]), right=RIGHT)
            page.down()
        else:
            page.row(f"{page.word('vat')} {rate}%", mark + page.amount(vats[rate]))
    page.row(page.word("gross"), mark + page.amount(net + vat))
    page.truth |= {"net_total": str(net), "vat_total": str(vat), "gross_total": str(net + vat)}
    page.truth |= {"amount_due": str(net + vat), "currency": "EUR" if mark else None}
    if page.chance.random() < 0.15 and page.sign > 0:
        paid = round_half_up((net + vat) / 4)
        page.row(page.word("prepaid"), mark + page.amount(-paid))
        page.row(page.word("left"), mark + page.amount(net + vat - paid))
        page.truth["amount_due"] = str(net + vat - paid)
    page.truth["vat_breakdown"] = [
        {"rate": rate, "base": str(base), "vat": str(vats[rate])} for rate, base in bases.items()
    ]
    if "0" in bases:
        page.down()
        page.put(page.word("free"))
