"""What becomes of a bill at Exact Online: its lines, its codes, and what keeps it from being booked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maild.connectors.exact_booking import Booking
from maild.connectors.exact_entry import SUBJECT, YOUR_REF, booking_of
from maild.connectors.exact_partner import DESCRIPTION
from maild.errors import ProfileMismatch
from maild.model.bill import AllowanceCharge, Bill, BillKind, Item, Tax, Totals
from maild.model.document import Direction
from maild.model.exact import CATEGORIES, Group, Grouping, VatKey, chosen
from maild.model.money import Amount
from maild.model.party import Address, Identifier, Party
from maild.simulators.exact.server import ExactOnline
from tests.builders_bill import (
    a_bill,
    a_credit_note,
    a_line,
    a_party,
    a_quote,
    enterprise_number,
    eur,
    ogm,
)
from tests.builders_rules import a_document
from tests.connectors.exact.mapping import MAPPING, a_sale, booked, money, team_of
from tests.strategies_bill import bills

BETA = enterprise_number(4_567_891)


def the_lines(booking: Booking) -> list[tuple[str, str, Decimal, Decimal | None]]:
    return [
        (
            one.gl_account,
            one.values.get("VATCode", ""),
            money(one.values["AmountFC"]),
            money(one.values["VATAmountFC"]) if "VATAmountFC" in one.values else None,
        )
        for one in booking.lines
    ]


def line_of(net: str, tax: Tax | None = None, **other: Any) -> Any:
    return a_line(net=eur(net), price=None, tax=tax or Tax("S", Decimal(21)), **other)


def abroad(country: str, vat: str) -> Party:
    address = Address(street="Straat 1", city="Stad", postcode="1000", country=country)
    return a_party("Vreemd", vat=vat, legal_id=None, endpoint=None, address=address)


def refusal(bill: Bill, text: str = MAPPING, **other: Any) -> str:
    with pytest.raises(ProfileMismatch) as caught:
        booked(bill, text, **other)
    return str(caught.value)


# An entry as a whole.


def test_an_invoice_becomes_an_entry_that_names_everything_exact_wants() -> None:
    booking = booked(a_bill())
    assert (booking.purchase, booking.journal, booking.reference) == (False, "70", "2026-0042")
    assert (booking.booked_on, booking.total) == (date(2026, 3, 2), Decimal("968.00"))
    assert the_lines(booking) == [("700000", "1", Decimal("800.00"), Decimal("168.00"))]
    assert booking.values == {
        "Currency": "EUR",
        "Description": "Invoice 2026-0042 Beta NV",
        "DueDate": "2026-04-01",
        "PaymentCondition": "30",
        "PaymentReference": ogm(2_026_000_042),
    }
    assert (booking.subject, booking.document_type) == ("Invoice 2026-0042 Beta NV", 10)
    assert booking.items == ()


def test_a_credit_note_is_negative_and_has_a_journal_of_its_own() -> None:
    booking = booked(a_credit_note())
    assert (booking.journal, booking.total) == ("71", Decimal("-968.00"))
    assert the_lines(booking) == [("700000", "1", Decimal("-800.00"), Decimal("-168.00"))]


def test_a_purchase_is_booked_on_the_account_of_its_supplier() -> None:
    booking = booked(a_bill(seller=a_party("Acme", BETA)), direction=Direction.PURCHASE)
    assert (booking.purchase, booking.journal, booking.document_type) == (True, "60", 20)
    assert [one[:2] for one in the_lines(booking)] == [("612000", "P1")]
    assert booking.partner.vat == f"BE{BETA}"
    known = booked(a_bill(), direction=Direction.PURCHASE)
    assert [one.gl_account for one in known.lines] == ["604000"]


def test_the_customer_is_found_by_vat_enterprise_number_or_code_and_made_with_his_address() -> None:
    text = MAPPING.replace("[sales]", f'codes = {{ "BE {BETA}" = "1001" }}\n\n[sales]', 1)
    partner = booked(a_bill(), text).partner
    assert (partner.vat, partner.enterprise, partner.code) == (f"BE{BETA}", BETA, "1001")
    assert partner.values == {
        "Name": "Beta NV",
        "VATNumber": f"BE{BETA}",
        "ChamberOfCommerce": BETA,
        "AddressLine1": "Kerkstraat 1",
        "Postcode": "9000",
        "City": "Gent",
        "Country": "BE",
        "Email": "an@acme.example",
        "Phone": "+32 9 111 22 33",
    }


def test_a_dutch_customer_is_known_by_his_chamber_of_commerce() -> None:
    buyer = replace(abroad("NL", "NL004495445B01"), legal_id=Identifier("12345678", "0106"))
    partner = booked(a_bill(buyer=buyer)).partner
    assert (partner.vat, partner.enterprise) == ("NL004495445B01", "12345678")


def test_texts_are_cut_to_what_their_fields_hold() -> None:
    buyer = a_party("Naam " * 30, BETA)
    booking = booked(
        a_bill(buyer=buyer, number="F" * 240, lines=(line_of("1.00", item=Item("x" * 99)),))
    )
    assert len(booking.reference) == YOUR_REF
    assert len(booking.subject) == SUBJECT
    assert len(booking.partner.name) <= 50
    assert len(booking.values["Description"]) in {DESCRIPTION - 1, DESCRIPTION}
    assert len(booking.lines[0].values["Description"]) == DESCRIPTION


@pytest.mark.parametrize(
    ("number", "entry"), [("2026-0042", 20260042), ("F 12", 12), ("99999999999", None), ("A", None)]
)
def test_an_entry_takes_its_number_from_the_document_where_that_is_wanted(
    number: str, entry: int | None
) -> None:
    text = f'numbering = "document"\n{MAPPING}'
    bill = a_bill(number=number)
    if entry is None:
        assert 'team.acme.exact.numbering = "exact"' in refusal(bill, text)
    else:
        values = booked(bill, text).values
        assert values["EntryNumber"] == values["InvoiceNumber"] == entry


def test_items_are_asked_for_where_that_is_wanted() -> None:
    line = line_of("10.00", item=Item(name="Stadsfiets", seller_id="FIETS-3"))
    assert booked(a_bill(lines=(line, line))).items == ()
    [item] = booked(a_bill(lines=(line, line)), f"make_items = true\n{MAPPING}").items
    assert item.code == "FIETS-3"
    assert item.values == {"Code": "FIETS-3", "Description": "Stadsfiets", "IsSalesItem": True}


# Lines, accounts, cost centres.


def test_lines_of_one_account_and_code_are_grouped_unless_each_is_wanted() -> None:
    lines = (
        line_of("10.00", item=Item("Band")),
        line_of("20.00", item=Item("Bel")),
        line_of("5.00", Tax("S", Decimal(6)), item=Item("Boek")),
        line_of("50.00", item=Item("Uur", seller_id="uur-1")),
    )
    grouped = booked(a_bill(lines=lines))
    assert the_lines(grouped) == [
        ("700000", "1", Decimal("30.00"), Decimal("6.30")),
        ("700006", "3", Decimal("5.00"), Decimal("0.30")),
        ("704000", "1", Decimal("50.00"), Decimal("10.50")),
    ]
    assert grouped.lines[0].values["Description"] == "Band …"
    assert [one.values.get("CostCenter") for one in grouped.lines] == [None, None, "VKP"]
    each = booked(a_bill(lines=lines), f'lines = "each"\n{MAPPING}')
    assert len(each.lines) == 4
    assert each.total == grouped.total


def test_an_item_is_recognised_by_its_class_or_tag_too() -> None:
    classed = Item("x", classifications=(Identifier("UUR77"),))
    tagged = Item("x", attributes=(("group", "spare"),))
    text = MAPPING.replace('"UUR*" = "704000"', '"UUR*" = "704000"\n"group=spare" = "754000"')
    lines = (line_of("1.00", item=classed), line_of("2.00", item=tagged), line_of("4.00"))
    booking = booked(a_bill(lines=lines), text)
    assert [one.gl_account for one in booking.lines] == ["704000", "754000", "700000"]


def test_allowances_of_the_whole_bill_are_booked_with_their_own_vat() -> None:
    tax = Tax("S", Decimal(21))
    off = AllowanceCharge(is_charge=False, amount=eur("80.00"), tax=tax, reason="Korting")
    booking = booked(a_bill(allowances_charges=(off,)), f'lines = "each"\n{MAPPING}')
    assert the_lines(booking) == [
        ("700000", "1", Decimal("800.00"), Decimal("168.00")),
        ("700000", "1", Decimal("-80.00"), Decimal("-16.80")),
    ]


def test_vat_is_the_documents_own_and_not_that_of_each_line() -> None:
    lines = tuple(line_of("0.03") for _ in range(10))  # 21 % of each would be 0.01
    booking = booked(a_bill(lines=lines), f'lines = "each"\n{MAPPING}')
    assert sum(money(one.values["VATAmountFC"]) for one in booking.lines) == Decimal("0.06")
    assert booking.total == Decimal("0.36")


def test_what_a_bill_is_rounded_by_goes_to_the_account_of_differences() -> None:
    plain = a_bill(lines=(line_of("10.01"),))
    rounded = replace(plain.totals, rounding=eur("-0.01"), payable=eur("12.10"))
    bill = replace(plain, totals=rounded)
    booking = booked(bill)
    assert booking.total == Decimal("12.10")
    assert the_lines(booking)[-1] == ("657000", "", Decimal("-0.01"), Decimal("0.00"))
    said = refusal(bill, MAPPING.replace('rounding_account = "657000"', ""))
    assert "write team.acme.exact.rounding_account" in said


def test_an_invoice_of_nothing_is_booked_as_nothing_whatever_was_prepaid() -> None:
    plain = a_bill(lines=(line_of("0.00"),))
    prepaid = replace(plain.totals, prepaid=eur("10.00"), payable=eur("-10.00"))
    assert booked(replace(plain, totals=prepaid)).total == 0


def test_figures_that_do_not_belong_together_are_held() -> None:
    bill = a_bill()
    bill = replace(bill, totals=replace(bill.totals, gross=eur("999.00"), payable=eur("999.00")))
    assert "31.00 away from its total" in refusal(bill)


def test_a_bill_without_lines_is_booked_by_its_vat_breakdown() -> None:
    plain = a_bill(lines=(line_of("100.00"), line_of("50.00", Tax("S", Decimal(6)))))
    bill = replace(plain, lines=())
    assert the_lines(booked(bill)) == the_lines(booked(plain))
    assert booked(bill).total == Decimal("174.00")


# VAT codes.

WHERE = {
    Group.DOMESTIC: a_party("Beta NV", BETA),
    Group.EU: abroad("NL", "NL004495445B01"),
    Group.OUTSIDE: abroad("CH", "CHE123456788"),
}
REVERSE = Tax("AE", Decimal(0), exemption_code="VATEX-EU-AE")


def test_no_vat_within_the_country_and_within_the_eu_are_different_boxes() -> None:
    codes = {
        group: booked(a_bill(buyer=buyer, lines=(line_of("10.00", REVERSE),))).lines[0].values
        for group, buyer in WHERE.items()
    }
    assert [one["VATCode"] for one in codes.values()] == ["CC", "ICD", "ICD"]
    assert all("VATAmountFC" not in one for one in codes.values())  # the code works it out


@pytest.mark.parametrize("group", [*Group])
@pytest.mark.parametrize("percent", ["0", "5.5", "6", "12", "21"])
@pytest.mark.parametrize("category", [*CATEGORIES])
def test_every_case_has_a_code_or_is_told_which_key_to_write(
    category: str, percent: str, group: Group
) -> None:
    taxed = category in {"S", "L", "M", "B"}
    tax = Tax(category, Decimal(percent) if taxed else Decimal(0))
    bill = a_bill(buyer=WHERE[group], lines=(line_of("100.00", tax),))
    try:
        booking = booked(bill)
    except ProfileMismatch as fault:
        key = str(fault).partition("team.acme.exact.sales.vat.")[2].partition(" = ")[0].strip('"')
        added = MAPPING.replace("[sales.vat]", f'[sales.vat]\n"{key}" = "XX"')
        booking = booked(bill, added)
        assert booking.lines[0].values["VATCode"] == "XX"
    assert booking.total == bill.totals.gross.value if bill.totals.gross else False


def test_all_that_is_missing_is_said_at_once_and_no_call_is_needed_to_know() -> None:
    text = MAPPING.replace('"S 21" = "1"\n', "").replace('account = "700000"\n', "")
    lines = (line_of("10.00"), line_of("5.00", Tax("S", Decimal(12))))
    said = refusal(a_bill(lines=lines), text)
    assert (
        'no VAT code for S 21 domestic (standard rate): write team.acme.exact.sales.vat."S 21"'
        in said
    )
    assert "no G/L account for S 12 domestic: write team.acme.exact.sales.account" in said
    assert said.startswith("2026-0042 cannot be booked at Exact Online yet: ")
    assert said.endswith("Nothing was asked there.")


def test_the_vat_of_another_country_is_not_taken_for_ones_own() -> None:
    bill = a_bill(seller=WHERE[Group.EU], lines=(line_of("10.00"),))  # Dutch VAT, at 21 % too
    said = refusal(bill, direction=Direction.PURCHASE)
    assert "(standard rate, VAT of another country)" in said
    assert 'write team.acme.exact.purchases.vat."S 21 eu"' in said
    text = MAPPING.replace('"S 21" = "P1"', '"S 21" = "P1"\n"S 21 eu" = "PX"')
    assert the_lines(booked(bill, text, direction=Direction.PURCHASE))[0][1] == "PX"
    # What is sold abroad with VAT is sold with one's own.
    sold = booked(a_bill(buyer=WHERE[Group.EU], lines=(line_of("10.00"),)))
    assert the_lines(sold)[0][1] == "1"


def test_a_country_that_is_not_known_is_said_where_it_matters() -> None:
    buyer = Party(name="Iemand")
    text = MAPPING.replace('"AE" = "ICD"\n', "")
    said = refusal(a_bill(buyer=buyer, lines=(line_of("1.00", REVERSE),)), text)
    assert "the country of the other side is not known" in said


def test_the_key_that_asks_most_is_taken() -> None:
    case = VatKey("E", Decimal(0), Group.EU, "VATEX-EU-132")
    keys = ["E", "E 0", "E eu", "E 0 eu", "E VATEX-EU-132"]
    pairs = [
        (VatKey("E"), keys[0]),
        (VatKey("E", Decimal(0)), keys[1]),
        (VatKey("E", group=Group.EU), keys[2]),
        (VatKey("E", Decimal(0), Group.EU), keys[3]),
        (VatKey("E", reason="VATEX-EU-132"), keys[4]),
    ]
    while pairs:
        assert chosen(reversed(pairs), case) == keys.pop()
        pairs.pop()
    assert chosen(pairs, case) is None


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (a_sale(a_quote()), "a quote is not booked"),
        (a_document(), "it has no figures"),
        (a_sale(a_bill(), Direction.PURCHASE), "[team.acme.exact.purchases] is missing"),
    ],
    ids=["quote", "no figures", "no mapping"],
)
def test_what_cannot_be_booked_says_why(document: Any, words: str) -> None:
    text = MAPPING.partition("[purchases]")[0]
    with pytest.raises(ProfileMismatch) as caught:
        booking_of(team_of(text), document)
    assert words in str(caught.value)


# Every bill.

ANY = f"""
rounding_account = "657000"
[sales]
journal = "70"
account = "700000"
[sales.vat]
{chr(10).join(f'"{one}" = "1"' for one in CATEGORIES)}
"""


@settings(max_examples=40)  # drawing a bill takes most of the time
@given(bill=bills(kinds=(BillKind.INVOICE, BillKind.CREDIT_NOTE)), lines=st.sampled_from(Grouping))
def test_the_lines_of_every_bill_come_to_its_total(bill: Bill, lines: Grouping) -> None:
    booking = booked(bill, f'lines = "{lines}"\n{ANY}')
    gross = bill.totals.gross
    assert gross is not None
    rounding = bill.totals.rounding.value if bill.totals.rounding else Decimal(0)
    sign = -1 if bill.kind is BillKind.CREDIT_NOTE else 1
    total = sign * (gross.value + rounding)
    assert booking.total == total
    parts = [
        money(one.values["AmountFC"]) + money(one.values.get("VATAmountFC", 0))
        for one in booking.lines
    ]
    assert sum(parts) == total
    assert all(len(str(one.values["Description"])) <= DESCRIPTION for one in booking.lines)


def payload(booking: Booking, exact: ExactOnline) -> dict[str, Any]:
    """The entry as it is posted, its accounts by their keys."""

    def key(code: str) -> str:
        row = exact.book().coded("financial/GLAccounts", code)
        assert row is not None, code
        return str(row["ID"])

    sign = {"IsSupplier": True} if booking.purchase else {"Status": "C"}
    account = exact.add("crm/Accounts", **booking.partner.values, **sign)
    return {
        "Journal": booking.journal,
        "YourRef": booking.reference,
        "EntryDate": booking.booked_on.isoformat(),
        booking.party: account["ID"],
        booking.lines_name: [
            {"GLAccount": key(one.gl_account), **one.values} for one in booking.lines
        ],
        **booking.values,
    }


def the_cases() -> Iterator[tuple[Bill, Direction]]:
    for group in Group:
        for tax in (Tax("S", Decimal(21)), REVERSE, Tax("K", Decimal(0)), Tax("Z", Decimal(0))):
            lines = tuple(line_of(one, tax) for one in ("0.03", "99.99", "-10.10"))
            for make in (a_bill, a_credit_note):
                yield make(buyer=WHERE[group], lines=lines), Direction.SALES
                if group is Group.DOMESTIC or (group is Group.EU and not tax.percent):
                    yield make(seller=WHERE[group], lines=lines), Direction.PURCHASE


def test_exact_online_takes_what_is_made_and_comes_to_the_same_total(
    exact_online: ExactOnline,
) -> None:
    for bill, direction in the_cases():
        booking = booked(bill, f'lines = "each"\n{MAPPING}', direction=direction)
        row = exact_online.add(booking.entity, **payload(booking, exact_online))
        assert row["AmountFC"] == booking.total, (bill, direction)
        assert row["Type"] == 20 + 10 * booking.purchase + (booking.total < 0)
    assert exact_online.offences == []


def test_totals_that_only_say_the_gross_amount_are_enough_where_lines_agree() -> None:
    bill = replace(a_bill(), totals=Totals(gross=Amount(Decimal(968), "EUR")))
    assert booked(bill).total == Decimal(968)
