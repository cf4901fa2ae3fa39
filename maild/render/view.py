"""A bill as strings: everything that a page shows, in its language, in the order of the page.

Pure: all rounding and formatting is done here, so that the template only places text. The result holds
strings, lists and dicts and goes to the typesetter as JSON, where no string can be a command.
"""

from __future__ import annotations

from maild.model.bill import Bill, BillKind, Line, Reference
from maild.model.party import Address, Party
from maild.model.team import Branding
from maild.render.colour import readable, tint
from maild.render.figures import Figures, figures
from maild.render.payment import account_text, payment_panel
from maild.render.plain import one_line, paragraphs
from maild.render.sums import (
    adjustment_text,
    exemptions,
    payable_label,
    rate,
    tax_rows,
    total_rows,
)
from maild.render.words import Words, words

Row = tuple[str, str]
View = dict[str, object]

# The texts that a team may set as "LANGUAGE.KIND.NAME", beside the stock ones.
TEAM_TEXTS = ("intro", "payment", "terms", "closing")

_STOCK = Branding()
# Where windows of envelopes sit: left in Germany, Austria and the Netherlands, right elsewhere.
_LEFT_WINDOW = frozenset({"DE", "AT", "NL"})
# A line id that is a number or a short code is worth its column; others are replaced by the position.
_LONGEST_LINE_ID = 4
# Rows above this may break across pages, others stay whole.
_TALL_ROW = 900
_MOST_ROWS = 40


def view(bill: Bill, *, branding: Branding, language: str) -> View:
    """Everything the page shows, as strings."""
    said, shown = words(language), figures(language)
    title, number = said.title(bill), one_line(bill.number, limit=60)
    payable = bill.totals.payable or bill.totals.gross
    return {
        "lang": said.language,
        "region": shown.locale.territory,
        "type": str(bill.kind),
        "issued": bill.issued_on.isoformat(),
        "title": title,
        "number": number,
        "t": said.labels,
        "brand": _brand(branding),
        "window": "left" if (bill.seller.address.country or "") in _LEFT_WINDOW else "right",
        "seller": _seller(bill, said=said, shown=shown),
        "buyer": _buyer(bill.buyer, said=said, shown=shown, abroad=_abroad(bill)),
        "meta": _meta(bill, said=said, shown=shown),
        "lead": _lead(bill, said=said, shown=shown),
        "lines": _lines(bill, said=said, shown=shown),
        "taxes": tax_rows(bill, words=said, figures=shown),
        "exemptions": exemptions(bill, words=said),
        "totals": total_rows(bill, words=said, figures=shown),
        "payable": None
        if payable is None
        else {"label": payable_label(bill, words=said), "value": shown.money(payable)},
        "panel": payment_panel(bill, words=said, figures=shown),
        "cards": _cards(bill, said=said, shown=shown),
        "notes": [text for note in bill.notes if (text := paragraphs(note.text))],
        "terms": [text for text in (paragraphs(bill.payment_terms),) if text],
        "attachments": _attachments(bill),
        "signature": _signature(bill, said=said, shown=shown),
        "texts": _team_texts(bill, branding=branding, said=said),
        "values": _text_values(bill, said=said, shown=shown),
    }


def _brand(branding: Branding) -> dict[str, str]:
    primary = readable(branding.primary, otherwise=_STOCK.primary)
    return {
        "primary": primary,
        "accent": readable(branding.accent, otherwise=_STOCK.accent),
        "ink": "#1c2329",
        "tint": tint(primary, share=0.055),
        "rule": tint(primary, share=0.22),
    }


def _abroad(bill: Bill) -> bool:
    """Whether seller and buyer live in different countries, so that the country is part of the address."""
    seller, buyer = bill.seller.address.country, bill.buyer.address.country
    return bool(seller and buyer and seller != buyer)


def _seller(bill: Bill, *, said: Words, shown: Figures) -> dict[str, object]:
    party, contact = bill.seller, bill.seller.contact
    name = one_line(party.name or party.trading_name, limit=120)
    reach = [contact.phone, contact.email] if contact else []
    accounts = dict.fromkeys(one.account.id for one in bill.payment_means if one.account)
    return {
        "name": name,
        "mark": one_line(party.trading_name, limit=60) or name,
        "address": _address(party.address, shown=shown, abroad=_abroad(bill)),
        "ids": _party_ids(party, said=said),
        "reach": [text for one in reach if (text := one_line(one, limit=80))],
        "legal_lines": [text for text in (one_line(party.legal_form, limit=160),) if text],
        "accounts": [account_text(one) for one in list(accounts)[:2]],
    }


def _buyer(party: Party, *, said: Words, shown: Figures, abroad: bool) -> dict[str, object]:
    attention = one_line(party.contact.name, limit=80) if party.contact else ""
    name = one_line(party.name or party.trading_name, limit=160)
    return {
        "name": name,
        "attention": f"{said.labels['attention']} {attention}"
        if attention and attention.lower() != name.lower()
        else "",
        "address": _address(party.address, shown=shown, abroad=abroad),
        "ids": _party_ids(party, said=said),
    }


def _party_ids(party: Party, *, said: Words) -> list[str]:
    """The VAT number, and the company number where that is not the same digits."""
    vat = one_line(party.vat or party.tax_registration, limit=40)
    found = [f"{said.labels['vat_number']} {vat}"] if vat else []
    company = one_line(party.legal_id.value, limit=40) if party.legal_id else ""
    digits = "".join(char for char in company if char.isdigit())
    if company and (not digits or digits not in "".join(char for char in vat if char.isdigit())):
        found.append(f"{said.labels['company_number']} {company}")
    return found


def _address(address: Address, *, shown: Figures, abroad: bool) -> list[str]:
    town = " ".join(part for part in (address.postcode, address.city) if part)
    parts = (address.street, address.additional_street, address.third_line, town)
    country = shown.country(address.country) if abroad else None
    lines = (one_line(part, limit=100) for part in (*parts, address.subdivision, country))
    return [line for line in lines if line]


def _meta(bill: Bill, *, said: Words, shown: Figures) -> list[Row]:
    """Dates and references, those that are there."""
    dates = {
        "issued_on": bill.issued_on,
        "due_on": bill.due_on if bill.kind is BillKind.INVOICE else None,
        "valid_until": bill.valid_until,
        "tax_point_on": bill.tax_point_on,
        "delivered_on": bill.delivered.on if bill.delivered else None,
    }
    texts = {
        "period": shown.span(bill.period) if bill.period else None,
        "currency": bill.currency if bill.currency != "EUR" else None,
        "customer_number": bill.buyer.identifiers[0].value if bill.buyer.identifiers else None,
        "buyer_reference": bill.buyer_reference,
        "order_reference": bill.order_reference,
        "sales_order_reference": bill.sales_order_reference,
        "contract_reference": bill.contract_reference,
        "project_reference": bill.project_reference,
        "despatch_reference": bill.despatch_reference,
        "receipt_reference": bill.receipt_reference,
        "tender_reference": bill.tender_reference,
        "object_id": bill.object_id.value if bill.object_id else None,
        "accounting_cost": bill.accounting_cost,
        "contact": bill.seller.contact.name if bill.seller.contact else None,
    }
    rows = [(said.labels[key], shown.day(day)) for key, day in dates.items() if day]
    found = ((said.labels[key], one_line(text, limit=90)) for key, text in texts.items())
    return rows + [(label, text) for label, text in found if text]


def _lead(bill: Bill, *, said: Words, shown: Figures) -> list[str]:
    """The sentences below the title: which bill this one corrects, how long a quote holds."""
    sentences = []
    if bill.preceding:
        key = "corrects" if bill.kind is BillKind.CREDIT_NOTE else "follows"
        sentences.append(said.sentences[key].format(documents=_named(bill, said, shown)))
    if bill.kind is BillKind.QUOTE and bill.valid_until:
        sentences.append(said.sentences["valid"].format(date=shown.day(bill.valid_until)))
    if bill.type_code in ("389", "261", "527"):
        # Directive 2006/112/EC article 226 (10a) asks for these very words.
        sentences.append(said.sentences["self_billed"])
    return sentences


def _named(bill: Bill, said: Words, shown: Figures) -> str:
    """The preceding bills (BG-3) as an enumeration."""
    names = [_name(one, said, shown) for one in bill.preceding[:_MOST_ROWS]]
    if len(names) == 1:
        return names[0]
    return ", ".join(names[:-1]) + said.sentences["and"] + names[-1]


def _name(one: Reference, said: Words, shown: Figures) -> str:
    number = one_line(one.id, limit=60)
    if one.issued_on is None:
        return said.sentences["document"].format(number=number)
    return said.sentences["document_on"].format(number=number, date=shown.day(one.issued_on))


def _lines(bill: Bill, *, said: Words, shown: Figures) -> list[dict[str, object]]:
    plain_ids = all(len(line.id) <= _LONGEST_LINE_ID for line in bill.lines)
    return [
        _line(line, no=line.id if plain_ids else str(at), said=said, shown=shown)
        for at, line in enumerate(bill.lines, start=1)
    ]


def _line(line: Line, *, no: str, said: Words, shown: Figures) -> dict[str, object]:
    name = one_line(line.item.name, limit=300)
    details = _details(line, said=said, shown=shown)
    return {
        "no": one_line(no, limit=8),
        "name": name,
        "details": details,
        "tall": len(name) + sum(len(text) for text in details) > _TALL_ROW,
        "quantity": "" if line.quantity is None else shown.number(line.quantity),
        "unit": one_line(said.unit(line.unit, quantity=line.quantity), limit=16),
        "price": _price(line, said=said, shown=shown),
        "vat": rate(line.tax, words=said, figures=shown),
        "net": shown.amount(line.net),
    }


def _price(line: Line, *, said: Words, shown: Figures) -> str:
    """The price of one unit, or of the base quantity where that is not one (BT-149)."""
    if line.price is None:
        return ""
    text = shown.amount(line.price.net)
    base = line.price.base_quantity
    return text if base in (None, 1) else f"{text} {said.labels['per']} {shown.number(base)}"


def _details(line: Line, *, said: Words, shown: Figures) -> list[str]:
    """What stands small below the name of a line."""
    item, labels = line.item, said.labels
    codes = {
        "article": item.seller_id,
        "your_article": item.buyer_id,
        "order_line": line.order_line,
        "origin": shown.country(item.origin_country),
    }
    facts = [f"{labels[key]} {text}" for key, code in codes.items() if (text := one_line(code))]
    facts += [f"{one_line(key)}: {one_line(value)}" for key, value in item.attributes[:_MOST_ROWS]]
    adjustments = [
        f"{adjustment_text(one, words=said, figures=shown)} "
        f"({shown.amount(one.amount if one.is_charge else -one.amount)})"
        for one in line.allowances_charges
    ]
    texts = [paragraphs(item.description), paragraphs(line.note)]
    span = shown.span(line.period) if line.period else ""
    rows = [*texts, span, " · ".join(facts), *adjustments]
    return [row for row in dict.fromkeys(rows) if row and row != one_line(item.name, limit=300)]


def _cards(bill: Bill, *, said: Words, shown: Figures) -> list[dict[str, object]]:
    """Other parties: where it was delivered, who is paid, who answers for the VAT."""
    cards = []
    if bill.delivered and (bill.delivered.name or bill.delivered.address):
        place = bill.delivered.address or Address()
        lines = _address(place, shown=shown, abroad=True)
        name = one_line(bill.delivered.name, limit=120)
        cards.append(("delivery", [line for line in (name, *lines) if line]))
    for key, party in (("payee", bill.payee), ("tax_representative", bill.tax_representative)):
        if party is not None:
            lines = _address(party.address, shown=shown, abroad=False)
            ids = _party_ids(party, said=said)
            cards.append((key, [one_line(party.name, limit=120), *lines, *ids]))
    return [{"title": said.labels[key], "lines": lines} for key, lines in cards if lines]


def _attachments(bill: Bill) -> list[str]:
    """Supporting documents (BG-24) by the name a reader knows."""
    names = (one.description or one.name or one.id for one in bill.attachments[:_MOST_ROWS])
    return [text for name in names if (text := one_line(name, limit=120))]


def _signature(bill: Bill, *, said: Words, shown: Figures) -> dict[str, object] | None:
    """The place where a quote is agreed to; nothing on other bills."""
    if bill.kind is not BillKind.QUOTE:
        return None
    fields = [said.labels[key] for key in ("signer", "signed_on", "signature")]
    return {"sentence": said.sentences["agree"], "fields": fields}


def _team_texts(bill: Bill, *, branding: Branding, said: Words) -> dict[str, str]:
    """The team's own texts for this language and kind, as it wrote them."""
    keys = {name: f"{said.language}.{bill.kind}.{name}" for name in TEAM_TEXTS}
    found = {name: branding.text(key) for name, key in keys.items()}
    return {name: text for name, text in found.items() if text}


def _text_values(bill: Bill, *, said: Words, shown: Figures) -> dict[str, str]:
    """What a team's text may name in double braces."""
    payable = bill.totals.payable
    return {
        "number": one_line(bill.number),
        "title": said.title(bill),
        "issued_on": shown.day(bill.issued_on),
        "due_on": shown.day(bill.due_on) if bill.due_on else "",
        "valid_until": shown.day(bill.valid_until) if bill.valid_until else "",
        "payable": shown.money(payable) if payable else "",
        "seller": one_line(bill.seller.name),
        "buyer": one_line(bill.buyer.name),
        "reference": one_line(bill.buyer_reference or bill.order_reference),
    }
