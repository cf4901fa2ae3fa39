"""What a page says, before it is a page: figures, words, payment, sums; all pure."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import segno
import segno.helpers
from hypothesis import given
from hypothesis import strategies as st

import maild.render.words
from maild.model.bill import (
    Account,
    AllowanceCharge,
    Bill,
    BillKind,
    Mandate,
    PaymentMeans,
    Period,
    Price,
    Tax,
    TaxSubtotal,
)
from maild.model.money import Amount
from maild.model.party import Address, Identifier
from maild.model.team import Branding
from maild.render.colour import SMALL_TEXT, _rgb, contrast, readable
from maild.render.figures import figures
from maild.render.payment import epc_payload, reference
from maild.render.plain import compatible, one_line, paragraphs
from maild.render.view import view
from maild.render.words import LANGUAGES, words
from tests.render.bills import IBAN, OGM, SELLER, a_bill, a_line, eur

FOLDER = Path(maild.render.words.__file__).parent / "templates" / "pdf"


def seen(bill: Bill, *, language: str = "nl", branding: Branding | None = None) -> dict[str, Any]:
    """The view of a bill."""
    return view(bill, branding=branding or Branding(), language=language)


# ---- words


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_the_same_words(language: str) -> None:
    def keys(name: str) -> set[tuple[str, str]]:
        tables = tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))
        return {(table, key) for table, entries in tables.items() for key in entries}

    assert keys(language) == keys("nl")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_keeps_its_blanks_in_every_language(language: str) -> None:
    def blanks(text: str) -> set[str]:
        return {part.split("}")[0] for part in text.split("{")[1:]}

    stock = words("nl").sentences
    assert {key: blanks(text) for key, text in words(language).sentences.items()} == {
        key: blanks(text) for key, text in stock.items()
    }


@pytest.mark.parametrize(
    ("tax", "text"),
    [
        (Tax("S", Decimal(21)), ""),
        (Tax("AE"), "Btw verlegd"),
        (Tax("E", exemption_reason="Eigen woorden"), "Eigen woorden"),
        (
            Tax("E", exemption_code="VATEX-EU-132-1A"),
            "Vrijgesteld van btw: artikel 132, 1A van Richtlijn 2006/112/EG",
        ),
        (Tax("E", exemption_code="vatex-eu-ae"), "Btw verlegd"),
        (Tax("E", exemption_code="VATEX-FR-FRANCHISE"), "VATEX-FR-FRANCHISE"),
    ],
)
def test_an_exemption_is_explained_in_words(tax: Tax, text: str) -> None:
    assert words("nl").exemption(tax) == text


@pytest.mark.parametrize(
    ("language", "quantity", "unit"),
    [("nl", "1", "dag"), ("nl", "2", "dagen"), ("fr", "1.5", "jour"), ("en", "1.5", "days")],
)
def test_units_agree_with_their_quantity(language: str, quantity: str, unit: str) -> None:
    assert words(language).unit("DAY", quantity=Decimal(quantity)) == unit


def test_a_unit_without_a_word_is_shown_as_its_code() -> None:
    assert words("nl").unit("XYZ", quantity=Decimal(3)) == "XYZ"


@pytest.mark.parametrize(
    ("code", "title"), [("380", "Factuur"), ("386", "Voorschotfactuur"), (None, "Factuur")]
)
def test_the_type_code_gives_the_title(code: str | None, title: str) -> None:
    assert seen(a_bill(type_code=code))["title"] == title


# ---- figures


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("nl", "€\u00a0−1.234.567,80"),
        ("fr", "−1\u202f234\u202f567,80\u00a0€"),
        ("en", "−€1,234,567.80"),
        ("de", "−1.234.567,80\u00a0€"),
    ],
)
def test_money_is_written_as_the_language_does(language: str, text: str) -> None:
    assert figures(language).money(eur("-1234567.8")) == text


@pytest.mark.parametrize(
    ("currency", "language", "text"),
    [
        ("USD", "nl", "USD\u00a012,00"),
        ("USD", "en", "USD\u00a012.00"),
        ("CHF", "fr", "12,00\u00a0CHF"),
        ("GBP", "en", "£12.00"),
    ],
)
def test_currencies_whose_sign_is_not_their_own_go_by_their_code(
    currency: str, language: str, text: str
) -> None:
    assert figures(language).money(Amount(Decimal(12), currency)) == text


@given(
    st.decimals(
        allow_nan=False, allow_infinity=False, places=4, min_value=-(10**12), max_value=10**12
    )
)
def test_no_digit_is_lost_or_made_up(value: Decimal) -> None:
    text = figures("nl").amount(Amount(value, "EUR"))
    read = text.replace(".", "").replace(",", ".").replace("−", "-")
    assert Decimal(read) == value
    assert len(text.split(",")[1]) >= 2


def test_prices_keep_their_decimals_and_quantities_lose_empty_ones() -> None:
    line = replace(a_line(0), quantity=Decimal("2.500"), price=Price(eur("0.12345")))
    row = seen(replace(a_bill(), lines=(line,)))["lines"][0]
    assert (row["quantity"], row["price"]) == ("2,5", "0,12345")


def test_a_price_for_a_hundred_says_so() -> None:
    line = replace(a_line(0), price=Price(eur("5.00"), base_quantity=Decimal(100)))
    assert seen(replace(a_bill(), lines=(line,)))["lines"][0]["price"] == "5,00 per 100"


@pytest.mark.parametrize(
    ("start", "end", "text"),
    [
        (date(2026, 1, 1), date(2026, 3, 31), "1 januari 2026 – 31 maart 2026"),
        (None, date(2026, 3, 31), "– 31 maart 2026"),
        (date(2026, 1, 1), None, "1 januari 2026 –"),
        (None, None, ""),
    ],
)
def test_a_period_may_be_open(start: date | None, end: date | None, text: str) -> None:
    assert figures("nl").span(Period(start, end)).replace("\u00a0", " ") == text


# ---- payment


@pytest.mark.parametrize(
    ("text", "kind", "shown"),
    [
        ("+++010/8068/17183+++", "structured", OGM),
        ("010806817183", "structured", OGM),
        ("+++010/8068/17184+++", "remittance", "+++010/8068/17184+++"),
        ("RF18539007547034", "creditor_reference", "RF18 5390 0754 7034"),
        ("RF19539007547034", "remittance", "RF19539007547034"),
        ("2026-0417\nBCD", "remittance", "2026-0417 BCD"),
    ],
)
def test_a_reference_is_called_structured_only_when_its_check_digits_hold(
    text: str, kind: str, shown: str
) -> None:
    assert reference(text) == (kind, shown)


def paid_by(means: PaymentMeans, **changes: Any) -> Bill:
    """A bill with one way to pay."""
    return a_bill(payment_means=(means,), **changes)


TRANSFER = PaymentMeans(code="30", remittance=OGM, account=Account(IBAN, bic="GKCCBEBB"))


def test_the_payment_code_is_what_a_second_writer_makes() -> None:
    bill = paid_by(TRANSFER)
    twin = segno.helpers.make_epc_qr(
        name=SELLER.name or "",
        iban=IBAN,
        amount=Decimal("4844.56"),
        text=OGM,
        bic="GKCCBEBB",
        encoding=1,
    )
    ours = segno.make_qr((epc_payload(bill) or "").encode(), error="m", boost_error=False)
    assert ours.matrix == twin.matrix


def test_a_creditor_reference_goes_into_the_structured_field() -> None:
    payload = epc_payload(paid_by(replace(TRANSFER, remittance="RF18 5390 0754 7034"))) or ""
    assert payload.split("\n")[9:] == ["RF18539007547034"]


@pytest.mark.parametrize(
    "bill",
    [
        paid_by(replace(TRANSFER, code="59")),
        paid_by(replace(TRANSFER, code="48")),
        paid_by(replace(TRANSFER, account=Account("BE71096123456760"))),
        paid_by(replace(TRANSFER, account=None)),
        a_bill(BillKind.CREDIT_NOTE),
        a_bill(BillKind.QUOTE),
        replace(a_bill(), totals=replace(a_bill().totals, payable=eur("0.00"))),
        replace(a_bill(), totals=replace(a_bill().totals, payable=eur("-1.00"))),
        replace(a_bill(), totals=replace(a_bill().totals, payable=Amount(Decimal(1), "USD"))),
        replace(a_bill(), totals=replace(a_bill().totals, payable=eur("1000000000.00"))),
    ],
    ids=[
        *("direct debit", "card", "wrong iban", "no account", "credit note", "quote", "settled"),
        *("in favour", "dollars", "too much"),
    ],
)
def test_there_is_no_payment_code_where_it_would_pay_wrongly(bill: Bill) -> None:
    assert epc_payload(bill) is None


def test_a_name_cannot_smuggle_fields_into_the_payment_code() -> None:
    account = Account(IBAN, name="Evil\nBE68539007547034\nEUR1")
    payload = epc_payload(paid_by(replace(TRANSFER, account=account))) or ""
    fields = payload.split("\n")
    assert fields[5:8] == ["Evil BE68539007547034 EUR1", IBAN, "EUR4844.56"]


def test_a_direct_debit_asks_for_nothing() -> None:
    means = PaymentMeans(code="59", mandate=Mandate("M-1", IBAN))
    panel = seen(paid_by(means, creditor_id="BE12ZZZ0123456749"))["panel"]
    assert "domiciliëring" in panel["sentences"][0]
    assert panel["rows"] == [
        ("Mandaat", "M-1"),
        ("Van rekening", "BE71 0961 2345 6769"),
        ("Schuldeiser", "BE12ZZZ0123456749"),
    ]


def test_several_accounts_are_all_shown_once() -> None:
    second = PaymentMeans(code="30", remittance=OGM, account=Account("NL91ABNA0417164300"))
    panel = seen(a_bill(payment_means=(TRANSFER, second, TRANSFER)))["panel"]
    assert [text for label, text in panel["rows"] if label == "IBAN"] == [
        "BE71 0961 2345 6769",
        "NL91 ABNA 0417 1643 00",
    ]
    assert len([label for label, _ in panel["rows"] if label.startswith("Gestruct")]) == 1


def test_a_bill_that_is_settled_asks_for_nothing() -> None:
    bill = a_bill()
    panel = seen(replace(bill, totals=replace(bill.totals, payable=eur("0.00"))))["panel"]
    assert panel == {"sentences": ["Er is niets meer te betalen."], "rows": [], "qr": None}


# ---- sums, lines, parties


def test_allowances_and_charges_are_named_with_their_direction() -> None:
    less = AllowanceCharge(is_charge=False, amount=eur("50.00"), percent=Decimal(5), reason="Trouw")
    more = AllowanceCharge(is_charge=True, amount=eur("12.50"), reason="Verzending")
    rows = dict(seen(a_bill(allowances_charges=(less, more)))["totals"])
    assert rows["Korting 5%: Trouw"] == "−50,00"
    assert rows["Toeslag: Verzending"] == "12,50"


def test_the_total_with_vat_is_shown_only_when_it_is_not_the_amount_due() -> None:
    bill = a_bill()
    assert "Totaal met btw" not in dict(seen(bill)["totals"])
    prepaid = replace(bill.totals, prepaid=eur("100.00"), payable=eur("4744.56"))
    rows = dict(seen(replace(bill, totals=prepaid))["totals"])
    assert (rows["Totaal met btw"], rows["Reeds betaald"]) == ("4.844,56", "−100,00")


def test_of_an_invoice_that_is_paid_nothing_is_due() -> None:
    bill = a_bill()
    paid = replace(bill.totals, prepaid=bill.totals.gross, payable=eur("0.00"))
    shown = seen(replace(bill, totals=paid))
    assert shown["payable"]["value"] == "€\xa00,00"
    assert dict(shown["totals"])["Reeds betaald"] == "−4.844,56"
    none = replace(bill.totals, prepaid=eur("0.00"), rounding=eur("0.00"))
    assert "Reeds betaald" not in dict(seen(replace(bill, totals=none))["totals"])


def test_vat_in_the_accounting_currency_is_shown_beside() -> None:
    bill = a_bill(tax_currency="CZK")
    totals = replace(bill.totals, tax_accounting=Amount(Decimal("20666.25"), "CZK"))
    assert dict(seen(replace(bill, totals=totals))["totals"])["Btw in CZK"] == "20.666,25"


def test_categories_without_vat_have_a_word_for_a_rate_and_a_reason_each_once() -> None:
    taxes = tuple(
        TaxSubtotal(Tax(code, Decimal(0)), eur("10.00"), eur("0.00"))
        for code in ("AE", "AE", "Z", "K")
    )
    shown = seen(a_bill(taxes=taxes))
    assert [row["rate"] for row in shown["taxes"]] == ["verlegd", "verlegd", "0%", "IC"]
    assert [text.split(":")[0] for text in shown["exemptions"]] == [
        "Btw verlegd",
        "Vrijgestelde intracommunautaire levering",
    ]


def test_long_line_ids_give_way_to_positions() -> None:
    lines = tuple(replace(a_line(at), id=f"{at}-{'f' * 32}") for at in range(3))
    assert [row["no"] for row in seen(replace(a_bill(), lines=lines))["lines"]] == ["1", "2", "3"]
    tens = tuple(replace(a_line(at), id=str(10 * at)) for at in (1, 2))
    assert [row["no"] for row in seen(replace(a_bill(), lines=tens))["lines"]] == ["10", "20"]


def test_the_country_is_part_of_an_address_only_abroad() -> None:
    home = seen(a_bill())
    assert home["buyer"]["address"] == ["Guldenspoorstraat 49", "2800 Mechelen"]
    buyer = replace(a_bill().buyer, address=Address(street="Rue 1", city="Lille", country="FR"))
    away = seen(a_bill(buyer=buyer), language="de")
    assert away["buyer"]["address"] == ["Rue 1", "Lille", "Frankreich"]
    assert away["seller"]["address"][-1] == "Belgien"


def test_the_company_number_is_left_out_where_the_vat_number_says_it() -> None:
    assert seen(a_bill())["seller"]["ids"] == ["Btw\u00a0BE0123456749"]
    seller = replace(SELLER, vat="NL123456789B01", legal_id=Identifier("24417234", "0106"))
    assert seen(a_bill(seller=seller))["seller"]["ids"] == [
        "Btw\u00a0NL123456789B01",
        "Ondernemingsnummer\u00a024417234",
    ]


def test_the_address_stands_left_where_windows_do() -> None:
    assert seen(a_bill())["window"] == "right"
    german = replace(SELLER, address=replace(SELLER.address, country="DE"))
    assert seen(a_bill(seller=german))["window"] == "left"


def test_a_team_s_texts_are_those_of_the_language_and_kind() -> None:
    texts = (("nl.invoice.intro", "Dag"), ("fr.invoice.intro", "Bonjour"), ("nl.quote.intro", "Hé"))
    shown = seen(a_bill(), branding=Branding(texts=texts))
    assert shown["texts"] == {"intro": "Dag"}


def test_a_quote_that_says_nothing_of_vat_claims_nothing() -> None:
    quote = a_bill(BillKind.QUOTE, taxes=())
    assert seen(quote)["payable"]["label"] == "Totaal met btw"
    untaxed = replace(quote, totals=replace(quote.totals, tax=None))
    assert seen(untaxed)["payable"]["label"] == "Totaal"


# ---- plain text and colours


@given(st.text(max_size=300))
def test_cleaned_text_holds_nothing_unseen_and_stays_clean(text: str) -> None:
    once = one_line(text)
    assert "\n" not in once
    assert not any(ord(char) < 32 or 0x202A <= ord(char) <= 0x202E for char in once)
    assert one_line(once.replace("\u200b", "")) == once
    assert len(once.replace("\u200b", "")) <= 200


def test_paragraphs_keep_line_ends_and_fold_blank_lines() -> None:
    assert paragraphs(" a \r\n b\n\n\n\n c\t d\u2028e ") == "a\nb\n\nc d\ne"


def test_look_alikes_are_replaced_and_phrases_are_not() -> None:
    assert compatible("ﬁ Ｆ\u00a0ﷺ") == "fi F\u00a0ﷺ"


@given(st.tuples(*(st.integers(0, 255),) * 3))
def test_every_colour_becomes_readable(rgb: tuple[int, int, int]) -> None:
    made = readable("#{:02x}{:02x}{:02x}".format(*rgb), otherwise="#000000")
    assert contrast(_rgb(made), (255, 255, 255)) >= SMALL_TEXT


def test_a_readable_colour_is_left_alone_and_a_wrong_one_replaced() -> None:
    assert readable("#12343b", otherwise="#000000") == "#12343b"
    assert readable("oranje", otherwise="#112233") == "#112233"
