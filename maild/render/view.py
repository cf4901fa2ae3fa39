"""A bill as strings: everything that a page shows, in its language, in the order of the page.

Pure: all rounding and formatting is done here, so that the template only places text. The result holds
strings, lists and dicts and goes to the typesetter as JSON, where no string can be a command.
"""

from __future__ import annotations

from maild.model.bill import Bill, BillKind, Reference
from maild.model.team import Branding
from maild.render.colour import readable, tint
from maild.render.figures import Figures, figures
from maild.render.payment import payment_panel
from maild.render.people import buyer, other_parties, seller
from maild.render.plain import one_line, paragraphs
from maild.render.rows import line_rows
from maild.render.sums import exemptions, payable_label, tax_rows, total_rows
from maild.render.words import Words, words

Row = tuple[str, str]
View = dict[str, object]

# The texts that a team may set as "LANGUAGE.KIND.NAME", beside the stock ones.
TEAM_TEXTS = ("intro", "payment", "terms", "closing")

_STOCK = Branding()
# Where windows of envelopes sit: left in Germany, Austria and the Netherlands, right elsewhere.
_LEFT_WINDOW = frozenset({"DE", "AT", "NL"})
_MOST_NAMES = 40


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
        "short": one_line(number, limit=30),
        "t": said.labels,
        "brand": _brand(branding),
        "window": "left" if (bill.seller.address.country or "") in _LEFT_WINDOW else "right",
        "seller": seller(bill, said=said, shown=shown),
        "buyer": buyer(bill, said=said, shown=shown),
        "meta": _meta(bill, said=said, shown=shown),
        "lead": _lead(bill, said=said, shown=shown),
        "lines": line_rows(bill, said=said, shown=shown),
        "taxes": tax_rows(bill, words=said, figures=shown),
        "exemptions": exemptions(bill, words=said),
        "totals": total_rows(bill, words=said, figures=shown),
        "payable": None
        if payable is None
        else {"label": payable_label(bill, words=said), "value": shown.money(payable)},
        "panel": payment_panel(bill, words=said, figures=shown),
        "cards": other_parties(bill, said=said, shown=shown),
        "notes": [text for note in bill.notes if (text := paragraphs(note.text))],
        "terms": [text for text in (paragraphs(bill.payment_terms),) if text],
        "attachments": _attachments(bill),
        "signature": _signature(bill, said=said),
        "texts": _team_texts(bill, branding=branding, said=said),
        "values": _text_values(bill, said=said, shown=shown),
    }


def _brand(branding: Branding) -> dict[str, str]:
    """The team's colours, dark enough for small text, and lighter shades of them."""
    primary = readable(branding.primary, otherwise=_STOCK.primary)
    return {
        "primary": primary,
        "accent": readable(branding.accent, otherwise=_STOCK.accent),
        "ink": "#1c2329",
        "tint": tint(primary, share=0.055),
        "rule": tint(primary, share=0.22),
    }


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
    names = [_name(one, said, shown) for one in bill.preceding[:_MOST_NAMES]]
    if len(names) == 1:
        return names[0]
    return ", ".join(names[:-1]) + said.sentences["and"] + names[-1]


def _name(one: Reference, said: Words, shown: Figures) -> str:
    number = one_line(one.id, limit=60)
    if one.issued_on is None:
        return said.sentences["document"].format(number=number)
    return said.sentences["document_on"].format(number=number, date=shown.day(one.issued_on))


def _attachments(bill: Bill) -> list[str]:
    """Supporting documents (BG-24) by the name a reader knows."""
    names = (one.description or one.name or one.id for one in bill.attachments[:_MOST_NAMES])
    return [text for name in names if (text := one_line(name, limit=120))]


def _signature(bill: Bill, *, said: Words) -> dict[str, object] | None:
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
