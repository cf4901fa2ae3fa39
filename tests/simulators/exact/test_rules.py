"""X10 and X16 to X22: what the books refuse, work out and tell."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest

from maild.simulators.exact import webhooks
from maild.simulators.exact.switches import Language
from tests.simulators.exact.caller import Caller, message

ENTRIES = "salesentry/SalesEntries"
DATED = "&_Division_=740001"


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ["Mandatory: Journal", "Mandatory: GLAccount", "Invalid reference: Customer"]),
        ("nl", ["Verplicht: Journal", "Verplicht: GLAccount", "Ongeldige referentie: Customer"]),
        (
            "fr",
            ["Obligatoire: Journal", "Obligatoire: GLAccount", "Référence incorrecte: Customer"],
        ),
    ],
)
def test_x10_everything_missing_is_said_at_once_in_the_users_language(
    caller: Caller, language: str, words: list[str]
) -> None:
    caller.exact.switches.language = Language(language)
    nobody = "00000000-0000-0000-0000-000000000001"
    lines = [{"AmountFC": 1}]
    answer = caller.post(ENTRIES, {"Customer": nobody, "SalesEntryLines": lines})
    assert answer.status_code == 500
    assert sorted(message(answer).split("\r\n")) == sorted(words)


def test_x10_a_refusal_for_good_is_not_to_be_tried_again(caller: Caller) -> None:
    for _ in range(2):
        assert caller.post("crm/Accounts", {}).status_code == 500
    assert caller.exact.offences == ["POST crm/Accounts again, which was refused for good"]


def test_x16_an_entry_is_worked_out_and_numbered(caller: Caller) -> None:
    made = caller.made(ENTRIES, caller.sale(PaymentCondition="30"))
    assert made["AmountFC"] == made["GAccountAmountFC"] == 121
    assert made["VATAmountFC"] == 21
    assert (made["Type"], made["Status"]) == (20, 20)
    assert made["EntryNumber"] == made["InvoiceNumber"] == 26700001
    assert (made["ReportingYear"], made["ReportingPeriod"]) == (2026, 11)
    assert made["DueDate"] == "/Date(1797724800000)/"  # 30 days later
    assert made["CustomerName"] == "Klant NV"
    assert caller.made(ENTRIES, caller.sale())["EntryNumber"] == 26700002
    assert caller.made(ENTRIES, caller.sale(Journal="71"))["EntryNumber"] == 26710001


@pytest.mark.parametrize(
    ("line", "total", "vat"),
    [
        ({"AmountFC": 100, "VATCode": "1"}, 121, 21),
        ({"AmountFC": 121, "VATCode": "1I"}, 121, 21),
        ({"AmountFC": 100, "VATCode": "1", "VATAmountFC": 20.99}, 120.99, 20.99),
        ({"AmountFC": 100, "VATCode": "CC"}, 100, 0),
        ({"AmountFC": 100}, 121, 21),
        ({"AmountFC": -100, "VATCode": "3"}, -106, -6),
    ],
    ids=["excluding", "including", "own VAT", "reverse charge", "the account's code", "credit"],
)
def test_x16_vat_follows_the_code_of_the_line(
    caller: Caller, line: dict[str, Any], total: float, vat: float
) -> None:
    account = caller.id_of("financial/GLAccounts", "700000")
    made = caller.made(ENTRIES, caller.sale(SalesEntryLines=[{"GLAccount": account, **line}]))
    assert (made["AmountFC"], made["VATAmountFC"]) == (total, vat)
    assert made["Type"] == (21 if total < 0 else 20)


def test_x16_purchases_have_types_of_their_own_and_may_charge_in_reverse(caller: Caller) -> None:
    supplier = caller.made("crm/Accounts", {"Name": "Leverancier", "IsSupplier": True})["ID"]
    account = caller.id_of("financial/GLAccounts", "600000")
    line = {"GLAccount": account, "AmountFC": 100, "VATCode": "PC"}
    plain = {"Journal": "60", "Supplier": supplier, "PurchaseEntryLines": [line]}
    made = caller.made("purchaseentry/PurchaseEntries", plain)
    assert (made["Type"], made["AmountFC"]) == (30, 100)
    credit = {**plain, "PurchaseEntryLines": [{**line, "AmountFC": -1}]}
    assert caller.made("purchaseentry/PurchaseEntries", credit)["Type"] == 31


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"EntryDate": "2026-01-15"}, "Period is closed: 2026-1"),
        ({"EntryDate": "2019-01-15"}, "Unknown: Financial year (Period-date table): 2019"),
        ({"ReportingYear": 2026, "ReportingPeriod": 13}, "Period is closed: 2026-13"),
        ({"Journal": "60"}, "Invalid: Journal (Type)"),
        ({"Journal": "99"}, "Invalid reference: Journal"),
        ({"GAccountAmountFC": 120.99}, "Out of balance - Difference: EUR -0,01"),
        ({"PaymentCondition": "90"}, "Invalid reference: PaymentCondition"),
    ],
    ids=["closed", "no year", "no period", "purchase journal", "no journal", "a cent", "condition"],
)
def test_x16_an_entry_that_does_not_suit_the_books_is_refused(
    caller: Caller, values: dict[str, Any], words: str
) -> None:
    answer = caller.post(ENTRIES, caller.sale(**values))
    assert (answer.status_code, message(answer)) == (500, words)
    assert caller.exact.rows(ENTRIES) == []


@pytest.mark.parametrize(("switch", "status"), [("next", 201), ("refused", 500)])
def test_x16_a_number_that_is_taken_is_passed_over_or_refused(
    caller: Caller, switch: str, status: int
) -> None:
    caller.exact.switches.entry_number = switch
    caller.made(ENTRIES, caller.sale(EntryNumber=26700007))
    answer = caller.post(ENTRIES, caller.sale(EntryNumber=26700007))
    assert answer.status_code == status
    if status == 201:
        assert answer.json()["d"]["EntryNumber"] == 26700001


@pytest.mark.parametrize("honoured", [1, 0])
def test_x16_a_key_of_the_clients_choice_may_be_honoured(caller: Caller, honoured: int) -> None:
    caller.exact.switches.client_keys = bool(honoured)
    key = "11111111-2222-3333-4444-555555555555"
    made = caller.made(ENTRIES, caller.sale(EntryID=key))
    assert (made["EntryID"] == key) is bool(honoured)
    again = caller.post(ENTRIES, caller.sale(EntryID=key))
    assert again.status_code == (500 if honoured else 201)


@pytest.mark.parametrize(("is_credit", "kind"), [(1, 21), (0, 20)])
def test_x16_lines_below_zero_may_make_a_credit_note(
    caller: Caller, is_credit: int, kind: int
) -> None:
    caller.exact.switches.negative_is_credit = bool(is_credit)
    line = {"GLAccount": caller.id_of("financial/GLAccounts", "700000"), "AmountFC": -1}
    assert caller.made(ENTRIES, caller.sale(SalesEntryLines=[line]))["Type"] == kind


@pytest.mark.parametrize(("switch", "status"), [("refused", 500), ("cut", 201)])
def test_x10_a_text_that_is_longer_than_its_field_is_refused_or_cut(
    caller: Caller, switch: str, status: int
) -> None:
    caller.exact.switches.long_texts = switch
    answer = caller.post(ENTRIES, caller.sale(YourRef="x" * 31))
    assert answer.status_code == status
    if status == 201:
        assert answer.json()["d"]["YourRef"] == "x" * 30
    else:
        assert message(answer) == "Invalid: YourRef (length)"


def test_x17_sales_invoices_are_numbered_where_they_are_printed(caller: Caller) -> None:
    item = caller.id_of("logistics/Items", "FIETS")
    plain = {
        "Journal": "70",
        "OrderedBy": caller.customer(),
        "SalesInvoiceLines": [{"Item": item, "Quantity": 2, "UnitPrice": 50, "VATCode": "1"}],
    }
    invoice = caller.made("salesinvoice/SalesInvoices", plain)
    assert (invoice["Type"], invoice["Status"], invoice["AmountFC"]) == (8020, 20, 121)
    assert invoice["InvoiceNumber"] == 0
    printed = caller.made("salesinvoice/PrintedSalesInvoices", {"InvoiceID": invoice["InvoiceID"]})
    row = caller.exact.rows("salesinvoice/SalesInvoices")[0]
    assert (row["Status"], row["InvoiceNumber"], row["Document"]) == (
        50,
        26700001,
        printed["Document"],
    )
    assert caller.exact.rows("documents/Documents")[0]["Type"] == 10
    credit = caller.made("salesinvoice/SalesInvoices", {**plain, "Type": 8021})
    assert credit["AmountFC"] == -121


def test_x18_a_document_hangs_on_its_entry_and_its_file_comes_back(caller: Caller) -> None:
    entry = caller.made(ENTRIES, caller.sale())
    about = {"Subject": "2026-1", "Type": 10, "FinancialTransactionEntryID": entry["EntryID"]}
    document = caller.made("documents/Documents", about)
    assert caller.exact.rows(ENTRIES)[0]["Document"] == document["ID"]
    content = base64.b64encode(b"%PDF-1.7").decode()
    file = {"Document": document["ID"], "FileName": "2026-1.pdf", "Attachment": content}
    made = caller.made("documents/DocumentAttachments", file)
    assert (made["FileSize"], made["Attachment"]) == (8, None)
    assert caller.call("GET", made["Url"] + "&Download=1").content == b"%PDF-1.7"
    assert caller.call("GET", made["Url"]).headers["content-type"] == "text/html"
    url = caller.url(f"documents/DocumentAttachments(guid'{made['ID']}')")
    assert caller.call("PUT", url, json={"FileName": "x"}).status_code == 405


def test_x18_files_are_base64_and_may_have_a_largest_size(caller: Caller) -> None:
    document = caller.made("documents/Documents", {"Subject": "x", "Type": 55})["ID"]
    bad = {"Document": document, "FileName": "a.pdf", "Attachment": "no base64!"}
    answer = caller.post("documents/DocumentAttachments", bad)
    assert answer.status_code == 400
    assert message(answer) == (
        "Error processing request stream. Error encountered in converting the value from request"
        " payload for property 'Attachment' to type 'Byte[]'."
    )
    caller.exact.switches.attachment_limit = 3
    answer = caller.post("documents/DocumentAttachments", {**bad, "Attachment": "AAAAAAAA"})
    assert answer.status_code == 500
    for kind in (183, 999):
        assert caller.post("documents/Documents", {"Subject": "x", "Type": kind}).status_code == 500


@pytest.mark.parametrize("status", [None, "P"], ids=["none", "prospect"])
def test_x19_only_customers_are_billed_and_only_suppliers_bill(
    caller: Caller, status: str | None
) -> None:
    account = caller.made("crm/Accounts", {"Name": "X", "Status": status})["ID"]
    answer = caller.post(ENTRIES, caller.sale(Customer=account))
    assert (answer.status_code, message(answer)) == (500, "Invalid: Customer (Type)")
    line = {"GLAccount": caller.id_of("financial/GLAccounts", "600000"), "AmountFC": 1}
    purchase = {"Journal": "60", "Supplier": account, "PurchaseEntryLines": [line]}
    answer = caller.post("purchaseentry/PurchaseEntries", purchase)
    assert (answer.status_code, message(answer)) == (500, "Invalid: Supplier (Type)")


def test_x20_feeds_tell_what_changed_and_what_went(caller: Caller) -> None:
    first, second = caller.customer(Name="A"), caller.customer(Name="B")
    path = "sync/CRM/Accounts"
    rows = caller.rows(path, select="Name,Timestamp", filter="Timestamp gt 0L")
    assert [row["Name"] for row in rows] == ["A", "B"]
    after = rows[-1]["Timestamp"]
    url = caller.url(f"crm/Accounts(guid'{first}')")
    caller.call("PUT", url, json={"Name": "A2"})
    rows = caller.rows(path, select="Name", filter=f"Timestamp gt {after}L")
    assert [row["Name"] for row in rows] == ["A2"]
    caller.call("DELETE", caller.url(f"crm/Accounts(guid'{second}')"))
    gone = caller.rows("sync/Deleted", filter=f"Timestamp gt {after}L")
    assert [(row["EntityType"], row["EntityKey"]) for row in gone] == [(2, second)]


def booking(entry: str, *, value: str = "100") -> str:
    def line(account: str, amount: str) -> str:
        return (
            f'<GLTransactionLine><Date>2026-11-20</Date><GLAccount code="{account}"/>'
            f"<Amount><Value>{amount}</Value></Amount></GLTransactionLine>"
        )

    lines = line("400000", "100") + line("700000", f"-{value}")
    return f'<GLTransaction entry="{entry}"><Journal code="70"/>{lines}</GLTransaction>'


def test_x21_an_upload_says_for_each_thing_what_became_of_it(caller: Caller) -> None:
    url = f"{caller.exact.url}/docs/XMLUpload.aspx?Topic=GLTransactions{DATED}"
    parts = booking("26700001") + booking("26700001") + booking("26700002", value="99")
    body = f"<eExact><GLTransactions>{parts}</GLTransactions></eExact>"
    answer = caller.call("POST", url, content=body.encode())
    assert answer.status_code == 200
    assert answer.text.count('<Message type="2">') == 1
    assert answer.text.count('<Message type="0">') == 2
    assert "Already exists - Entry number: 26700001, Journal: 70" in answer.text
    assert "Out of balance - Difference: EUR 1.00" in answer.text
    assert '<Message type="3">' in caller.call("POST", url, content=b"<eExact>").text


def test_x21_the_xml_roads_name_their_company_and_share_its_budget(caller: Caller) -> None:
    url = f"{caller.exact.url}/docs/XMLDownload.aspx?Topic=Journals"
    answer = caller.call("GET", url + DATED)
    assert 'code="70"' in answer.text
    assert 'count="5"' in answer.text
    assert answer.headers["x-ratelimit-minutely-remaining"] == "59"
    assert caller.call("GET", url).status_code == 403
    found = caller.call("GET", f"{caller.exact.url}/docs/XMLDivisions.aspx").text
    assert '<Division Code="740001"' in found


def test_x22_a_webhook_is_signed_over_the_text_of_its_content(caller: Caller) -> None:
    plain = {"CallbackURL": "https://maild.example/hook", "Topic": "Accounts"}
    assert caller.post("webhooks/WebhookSubscriptions", plain).status_code == 201
    assert (
        caller.post(
            "webhooks/WebhookSubscriptions", {**plain, "CallbackURL": "http://x"}
        ).status_code
        == 500
    )
    body = webhooks.payload(
        caller.exact.world, "Accounts", division=740001, action="Create", key="k"
    )
    content = body.removeprefix(b'{"Content":').partition(b',"HashCode"')[0]
    code = hmac.new(webhooks.SECRET.encode(), content, hashlib.sha256).hexdigest().upper()
    assert json.loads(body)["HashCode"] == code
