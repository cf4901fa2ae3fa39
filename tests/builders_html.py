"""Purchases printed by Chromium from five layouts of our own: what another program than reportlab makes.

The facts come from `tests/builders_deal.py`; here they get words in four languages, forms of numbers and dates, and a
place on the page. Columns come in any order.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from html import escape
from typing import Any

from tests.builders_deal import PLACES, Deal, a_deal
from tests.builders_page import MONTHS, Made

WORDS: dict[str, dict[str, tuple[str, ...]]] = {
    "nl": {
        "invoice": ("Factuur", "FACTUUR"), "credit": ("Creditnota", "CREDITFACTUUR"),
        "number": ("Factuurnummer", "Factuurnr.", "Nummer"), "date": ("Factuurdatum", "Datum"),
        "due": ("Vervaldatum", "Uiterste betaaldatum", "Te betalen vóór"),
        "net": ("Totaal excl. BTW", "Subtotaal", "Bedrag excl. btw", "Netto"),
        "vat": ("BTW", "Btw"), "base": ("Over", "Grondslag", "Maatstaf"),
        "gross": ("Totaal incl. BTW", "Totaal", "Totaalbedrag", "Te betalen"),
        "paid": ("Reeds betaald", "Voorschot"), "left": ("Nog te betalen", "Openstaand bedrag"),
        "vat_id": ("BTW-nummer", "btw-nr", "BTW"), "buyer": ("Klant", "Factureren aan", "Aan"),
        "buyer_vat": ("Uw btw-nummer", "BTW klant"), "order": ("Bestelling", "Uw referentie"),
        "cols": ("Omschrijving", "Aantal", "Prijs", "BTW %", "Bedrag"),
        "reverse": ("Btw verlegd",), "pay": ("Gelieve te betalen op rekening", "Graag overmaken op"),
        "mention": ("met mededeling", "Mededeling:"),
        "goods": ("Montage", "Printpapier", "Transport", "Onderhoudscontract", "Licentie", "Koffie"),
    },
    "fr": {
        "invoice": ("Facture", "FACTURE"), "credit": ("Note de crédit", "Avoir"),
        "number": ("Numéro de facture", "N° facture", "Facture n°"), "date": ("Date de facturation", "Date"),
        "due": ("Date d'échéance", "Échéance", "À régler avant le"),
        "net": ("Total HT", "Total hors TVA", "Montant HT", "Sous-total HT"),
        "vat": ("TVA",), "base": ("Base HT", "Base"),
        "gross": ("Total TTC", "Montant TTC", "Total TVAC", "Net à payer"),
        "paid": ("Acompte versé", "Déjà réglé"), "left": ("Reste à payer", "Solde dû"),
        "vat_id": ("N° TVA", "TVA intracommunautaire", "TVA"), "buyer": ("Client", "Facturé à"),
        "buyer_vat": ("Votre n° TVA", "TVA client"), "order": ("Commande", "Votre référence"),
        "cols": ("Désignation", "Qté", "P.U. HT", "TVA", "Montant HT"),
        "reverse": ("Autoliquidation",), "pay": ("À verser sur le compte", "Règlement par virement :"),
        "mention": ("avec la communication", "Communication :"),
        "goods": ("Pose", "Papier", "Livraison", "Contrat d'entretien", "Licence", "Café"),
    },
    "de": {
        "invoice": ("Rechnung", "RECHNUNG"), "credit": ("Gutschrift", "Rechnungskorrektur"),
        "number": ("Rechnungsnummer", "Rechnungs-Nr.", "Rechnung Nr."), "date": ("Rechnungsdatum", "Datum"),
        "due": ("Fällig am", "Zahlbar bis", "Fälligkeitsdatum"),
        "net": ("Nettobetrag", "Zwischensumme netto", "Summe netto", "Netto"),
        "vat": ("MwSt.", "USt.", "Umsatzsteuer"), "base": ("auf", "Bemessungsgrundlage"),
        "gross": ("Gesamtbetrag", "Rechnungsbetrag", "Bruttobetrag", "Endbetrag"),
        "paid": ("Anzahlung", "Bereits bezahlt"), "left": ("Restbetrag", "Noch zu zahlen"),
        "vat_id": ("USt-IdNr.", "USt-ID", "Umsatzsteuer-ID"), "buyer": ("Kunde", "Rechnung an"),
        "buyer_vat": ("Ihre USt-IdNr.",), "order": ("Bestellnummer", "Ihr Zeichen"),
        "cols": ("Bezeichnung", "Menge", "Einzelpreis", "USt. %", "Betrag"),
        "reverse": ("Steuerschuldnerschaft des Leistungsempfängers",),
        "pay": ("Bitte überweisen Sie auf das Konto", "Bankverbindung:"), "mention": ("Verwendungszweck",),
        "goods": ("Montage", "Papier", "Lieferung", "Wartungsvertrag", "Lizenz", "Kaffee"),
    },
    "en": {
        "invoice": ("Invoice", "TAX INVOICE"), "credit": ("Credit note", "CREDIT NOTE"),
        "number": ("Invoice number", "Invoice no.", "Number"), "date": ("Invoice date", "Date of issue"),
        "due": ("Due date", "Payment due", "Payable by"),
        "net": ("Subtotal", "Total excl. VAT", "Net amount", "Net total"),
        "vat": ("VAT",), "base": ("on", "Taxable amount"),
        "gross": ("Total", "Total incl. VAT", "Invoice total", "Amount due"),
        "paid": ("Amount paid", "Deposit paid"), "left": ("Balance due", "Amount outstanding"),
        "vat_id": ("VAT no.", "VAT ID", "VAT number"), "buyer": ("Bill to", "Customer"),
        "buyer_vat": ("Your VAT number", "Customer VAT"), "order": ("PO number", "Your reference"),
        "cols": ("Description", "Qty", "Unit price", "VAT %", "Amount"),
        "reverse": ("VAT reverse charge",), "pay": ("Please pay to account", "Bank transfer to"),
        "mention": ("quoting", "Reference:"),
        "goods": ("Fitting", "Paper", "Delivery", "Maintenance contract", "Licence", "Coffee"),
    },
}  # fmt: skip
_STYLE = (
    "@page{size:A4;margin:14mm} body{font:%dpt %s;color:#222} table{border-collapse:collapse}"
    "td,th{padding:3px 7px;text-align:left;vertical-align:top} .n{text-align:right;white-space:nowrap}"
    ".w{width:100%%} .two{display:flex;justify-content:space-between;margin-bottom:9mm}"
    ".lines th{border-bottom:1px solid #555} .sums{margin-left:auto;margin-top:5mm}"
    ".foot{margin-top:12mm;font-size:80%%;border-top:1px solid #999} h1{font-size:190%%}"
    ".meta td:first-child{max-width:34mm} .side{display:grid;grid-template-columns:76mm minmax(0,1fr);gap:7mm} .strip{background:#eee}"
)


class Paper:
    """The words and forms that one supplier uses throughout a document."""

    def __init__(self, deal: Deal) -> None:
        self.deal, self.chance = deal, deal.chance
        self.chosen = {key: self.chance.choice(held) for key, held in self._words().items()}
        self.form, self.days = self.chance.randrange(3), self.chance.randrange(4)
        self.mark = self.chance.choice(("€ {}", "{} €", "EUR {}", "{} EUR"))
        self.colon = self.chance.choice((":", "", " :"))

    def _words(self) -> dict[str, tuple[str, ...]]:
        held = WORDS[self.deal.language]
        return {key: words for key, words in held.items() if key not in {"cols", "goods"}}

    def word(self, key: str) -> str:
        """Its word for something."""
        return self.chosen[key]

    def sum(self, value: Decimal, *, mark: bool = True) -> str:
        """An amount."""
        told = f"{value:,.2f}"
        if self.deal.language != "en":
            group = {"fr": "\u202f", "nl": ".", "de": "."}[self.deal.language]
            told = told.replace(",", "_").replace(".", ",").replace("_", group if self.form else "")
        return self.mark.format(told).replace(" ", "\u00a0") if mark else told

    def day(self, on: date) -> str:
        """A date."""
        month = MONTHS[self.deal.language].split()[on.month - 1]
        spelt = f"{on.day}{'.' if self.deal.language == 'de' else ''} {month} {on.year}"
        plain = "%d.%m.%Y" if self.deal.language == "de" else "%d/%m/%Y"
        return (spelt, on.strftime(plain), on.strftime("%d-%m-%Y"), on.isoformat())[self.days]

    def pair(self, key: str, value: str) -> tuple[str, str]:
        """A label and its value."""
        return f"{self.word(key)}{self.colon}", value


def an_html_invoice(seed: int) -> tuple[str, dict[str, Any]]:
    """A page of HTML, and its truth."""
    deal = a_deal(seed)
    paper = Paper(deal)
    layout = paper.chance.choice((_classic, _strip, _letter, _sidebar))
    font = paper.chance.choice(("sans-serif", "serif", "DejaVu Sans", "monospace"))
    style = _STYLE % (paper.chance.choice((8, 9, 10)), font)
    body = "".join(layout(paper))
    return f"<meta charset=utf-8><style>{style}</style><body>{body}", deal.truth()


async def printed(browser: Any, seeds: range) -> list[Made]:
    """The documents of some seeds, printed by a browser of Playwright's."""
    page, made = await browser.new_page(), []
    for seed in seeds:
        html, truth = an_html_invoice(seed)
        await page.set_content(html)
        made.append(Made(await page.pdf(prefer_css_page_size=True), truth))
    await page.close()
    return made


def _classic(paper: Paper) -> Iterator[str]:
    yield f"<div class=two><div><h1>{escape(paper.deal.supplier)}</h1></div>{_supplier(paper)}</div>"
    yield f"<div class=two>{_buyer(paper)}<div><h1>{_title(paper)}</h1>{_pairs(_meta(paper))}</div></div>"
    yield _lines(paper) + _sums(paper) + _payment(paper)


def _strip(paper: Paper) -> Iterator[str]:
    yield f"<h1>{_title(paper)}</h1><div class=two>{_buyer(paper)}</div><table class='w strip'><tr>"
    meta = _meta(paper)
    yield "".join(f"<th>{escape(key)}</th>" for key, _ in meta) + "</tr><tr>"
    yield "".join(f"<td>{escape(value)}</td>" for _, value in meta) + "</tr></table>"
    yield (
        _lines(paper) + _sums(paper) + _payment(paper) + f"<div class=foot>{_supplier(paper)}</div>"
    )


def _letter(paper: Paper) -> Iterator[str]:
    street, city = PLACES[paper.deal.country]
    yield f"<small>{escape(paper.deal.supplier)} · {street} · {city}</small><div class=two>{_buyer(paper)}"
    yield f"{_pairs(_meta(paper)[1:])}</div><h1>{_title(paper)} {escape(paper.deal.number)}</h1>"
    yield _lines(paper) + _sums(paper)
    yield f"<div class='foot two'>{_supplier(paper)}<div>{_payment(paper)}</div></div>"


def _sidebar(paper: Paper) -> Iterator[str]:
    yield f"<div class=side><div class=strip>{_supplier(paper)}<br>{_pairs(_meta(paper), 'meta')}</div><div>"
    yield f"<h1>{_title(paper)}</h1>{_buyer(paper)}{_lines(paper)}{_sums(paper)}{_payment(paper)}</div></div>"


def _title(paper: Paper) -> str:
    return paper.word("credit" if paper.deal.credit else "invoice")


def _supplier(paper: Paper) -> str:
    street, city = PLACES[paper.deal.country]
    vat = paper.deal.vat
    if paper.deal.country == "BE" and paper.form:
        vat = f"BE {vat[2:6]}.{vat[6:9]}.{vat[9:]}"
    told = (paper.deal.supplier, street, city, f"{paper.word('vat_id')}{paper.colon} {vat}")
    return f"<div>{'<br>'.join(map(escape, told))}</div>"


def _buyer(paper: Paper) -> str:
    head = (paper.word("buyer"),) if paper.days % 2 else ()
    told = (*head, paper.deal.buyer, "Stationsplein 7", "2000 Antwerpen")
    vat = f"{paper.word('buyer_vat')}{paper.colon} {paper.deal.buyer_vat}"
    return f"<div>{'<br>'.join(map(escape, (*told, vat)))}</div>"


def _meta(paper: Paper) -> list[tuple[str, str]]:
    deal = paper.deal
    return [
        paper.pair("number", deal.number),
        paper.pair("date", paper.day(deal.issued)),
        paper.pair("order", f"B{deal.lines[0].count}{len(deal.lines)}88"),
        paper.pair("due", paper.day(deal.due)),
    ]


def _pairs(pairs: list[tuple[str, str]], style: str = "") -> str:
    rows = (f"<tr><td>{escape(k)}</td><td class=n>{escape(v)}</td></tr>" for k, v in pairs)
    return f"<table class='{style}'>{''.join(rows)}</table>"


def _lines(paper: Paper) -> str:
    """The table, its columns in any order, one or two of them left out."""
    order = [0, 1, 2, 3, 4]
    if paper.form != 1:
        paper.chance.shuffle(order)
    order = [one for one in order if one != 3 or paper.days != 2]
    words = WORDS[paper.deal.language]
    rows = ["".join(f"<th{'' if at == 0 else ' class=n'}>{words['cols'][at]}</th>" for at in order)]
    for one in paper.deal.lines:
        rate = one.rate.replace(".", ",") + ("%" if paper.form else "")
        price = paper.sum(one.price, mark=False)
        cells = (
            words["goods"][one.goods],
            str(one.count),
            price,
            rate,
            paper.sum(one.amount, mark=False),
        )
        rows.append("".join(f"<td{'' if at == 0 else ' class=n'}>{cells[at]}</td>" for at in order))
    return f"<table class='w lines'><tr>{'</tr><tr>'.join(rows)}</tr></table>"


def _sums(paper: Paper) -> str:
    """The totals, their VAT as rows among them or as a table of its own."""
    deal, own = paper.deal, len(paper.deal.rates) > 1 and paper.form == 2
    rows = [(paper.word("net"), paper.sum(deal.net))]
    for rate, base, vat in deal.rates:
        told = f"{paper.word('vat')} {rate.replace('.', ',')} %"
        if len(deal.rates) > 1:
            told += f" {paper.word('base').lower()} {paper.sum(base, mark=False)}"
        rows += [] if own else [(told, paper.sum(vat))]
    rows += [(paper.word("vat"), paper.sum(deal.tax))] if own else []
    rows.append((paper.word("gross"), paper.sum(deal.gross)))
    if deal.paid:
        rows += [(paper.word("paid"), paper.sum(-deal.paid))]
        rows += [(paper.word("left"), paper.sum(deal.gross - deal.paid))]
    free = f"<p>{paper.word('reverse')}</p>" if deal.is_reverse else ""
    return (_rates(paper) if own else "") + _pairs(rows, "sums") + free


def _rates(paper: Paper) -> str:
    heads = ("%", paper.word("base").capitalize(), paper.word("vat"))
    rows = ["".join(f"<th class=n>{one}</th>" for one in heads)]
    for rate, *sums in paper.deal.rates:
        cells = (rate.replace(".", ",") + " %", *(paper.sum(one, mark=False) for one in sums))
        rows.append("".join(f"<td class=n>{one}</td>" for one in cells))
    return f"<table><tr>{'</tr><tr>'.join(rows)}</tr></table>"


def _payment(paper: Paper) -> str:
    iban = paper.deal.iban
    grouped = " ".join(iban[at : at + 4] for at in range(0, len(iban), 4))
    said = f"{paper.word('pay')} {grouped if paper.form else 'IBAN ' + iban}"
    if code := paper.deal.communication:
        said += f" {paper.word('mention')} +++{code[:3]}/{code[3:7]}/{code[7:]}+++"
    return f"<p>{escape(said)}</p>"
