"""X8 to X15 and X19: addresses, rows, filters and what a write may hold."""

from __future__ import annotations

import re

import pytest

from tests.simulators.exact.caller import Caller, message


def test_x8_me_and_the_divisions_tell_who_asks_and_where_he_may(caller: Caller) -> None:
    me = caller.rows("current/Me", select="CurrentDivision")
    assert [row["CurrentDivision"] for row in me] == [740001]
    for path in ("hrm/Divisions", "system/Divisions"):
        rows = caller.rows(path)
        assert [(row["Code"], row["BlockingStatus"]) for row in rows] == [
            (740001, 0),
            (740002, 1),
            (740003, 0),
        ]


@pytest.mark.parametrize(
    ("division", "reason"), [(999, "NoDivisionAccess"), (740002, "DivisionBlocked")]
)
def test_x8_a_division_that_is_not_ones_own_or_blocked_is_refused(
    caller: Caller, division: int, reason: str
) -> None:
    answer = caller.get("financial/Journals", division=division)
    assert (answer.status_code, answer.headers["reason"]) == (403, reason)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"Nam": "x"}, "property name 'Nam'"),
        ({"Name": 7}, "property 'Name' to type 'String'"),
        ({"Name": "x", "InvoiceAccount": "no guid"}, "property 'InvoiceAccount' to type 'Guid'"),
        ({"Name": "x", "IsSupplier": "yes"}, "property 'IsSupplier' to type 'Boolean'"),
        ({"Name": "x", "StartDate": "/Date(1)/"}, "property 'StartDate' to type 'DateTime'"),
        ([], "top-level resource object"),
    ],
    ids=["unknown", "text", "guid", "boolean", "date", "no object"],
)
def test_x9_a_property_is_known_and_of_its_type(caller: Caller, values: object, words: str) -> None:
    answer = caller.post("crm/Accounts", values)
    assert answer.status_code == 400
    assert message(answer).startswith("Error processing request stream.")
    assert words in message(answer)


def test_x9_an_unknown_property_is_an_offence(caller: Caller) -> None:
    caller.post("crm/Accounts", {"Name": "x", "Colour": "red"})
    assert caller.exact.offences == ["unknown property Colour of crm/Accounts"]


def test_x9_numbers_may_come_as_text(caller: Caller) -> None:
    line = caller.sale()["SalesEntryLines"][0]
    entry = caller.made(
        "salesentry/SalesEntries", caller.sale(SalesEntryLines=[{**line, "AmountFC": "12.34"}])
    )
    assert entry["AmountFC"] == 14.93


@pytest.mark.parametrize(("switch", "status"), [("ignored", 201), ("refused", 400)])
def test_x9_a_read_only_property_is_ignored_or_refused(
    caller: Caller, switch: str, status: int
) -> None:
    caller.exact.switches.read_only = switch
    answer = caller.post("crm/Accounts", {"Name": "x", "CreatorFullName": "An"})
    assert answer.status_code == status


def test_x11_lists_come_in_pages_of_sixty_behind_an_address(caller: Caller) -> None:
    for number in range(130):
        caller.exact.add("crm/Accounts", Name=f"Klant {number}", Status="C")
    answer = caller.get(
        "crm/Accounts", select="Name", filter="Status eq 'C'", inlinecount="allpages"
    )
    data, names = answer.json()["d"], []
    assert data["__count"] == "130"
    while True:
        names += [row["Name"] for row in data["results"]]
        if "__next" not in data:
            break
        assert data["__next"].startswith(caller.exact.url)
        assert "$skiptoken=guid'" in data["__next"].replace("%27", "'")
        data = caller.call("GET", data["__next"]).json()["d"]
    assert names == [f"Klant {number}" for number in range(130)]


@pytest.mark.parametrize("bare", [1, 0])
def test_x11_a_list_with_top_may_come_as_a_bare_array(caller: Caller, bare: int) -> None:
    caller.exact.switches.bare_arrays = bool(bare)
    data = caller.get("financial/Journals", top=2).json()["d"]
    assert isinstance(data, list) is bool(bare)
    counted = caller.get("financial/Journals", top=2, inlinecount="allpages").json()["d"]
    assert len(counted["results"]) == 2


def test_x11_rows_carry_their_address_and_lines_are_deferred_unless_expanded(
    caller: Caller,
) -> None:
    made = caller.made("salesentry/SalesEntries", caller.sale())
    key = made["EntryID"]
    row = caller.get(f"salesentry/SalesEntries(guid'{key}')").json()["d"]
    uri = f"{caller.exact.url}/api/v1/740001/salesentry/SalesEntries(guid'{key}')"
    assert row["__metadata"] == {"uri": uri, "type": "Exact.Web.Api.Models.SalesEntry"}
    assert row["SalesEntryLines"] == {"__deferred": {"uri": f"{uri}/SalesEntryLines"}}
    followed = caller.call("GET", row["SalesEntryLines"]["__deferred"]["uri"]).json()["d"][
        "results"
    ]
    expanded = caller.rows(
        "salesentry/SalesEntries", filter=f"EntryID eq guid'{key}'", expand="SalesEntryLines"
    )
    assert [line["AmountFC"] for line in followed] == [100]
    assert expanded[0]["SalesEntryLines"]["results"] == followed


def test_x12_filters_read_what_clients_write(caller: Caller) -> None:
    one = caller.customer(Name="O'Neil GmbH", VATNumber="BE0123456749", Email="a@b.example")
    caller.customer(Name="Ander NV", Blocked=True)
    code = caller.rows("crm/Accounts", select="Code", filter="Name eq 'O''Neil GmbH'")[0]["Code"]
    filters = [
        f"ID eq guid'{one}'",
        "Name eq 'O''Neil GmbH'",
        "substringof('GmbH', Name) eq true",
        "startswith(Name, 'O') and not (Blocked eq true)",
        f"trim(Code) eq '{code.strip()}'",
        f"Code eq '{code}'",
        "VATNumber eq 'BE0123456749' or VATNumber eq 'XX'",
        "Created ge datetime'2026-11-24' and Email ne null",
        "CreditLineSales eq null and (Name gt 'B')",
    ]
    for text in filters:
        found = caller.rows("crm/Accounts", select="Name", filter=text)
        assert [row["Name"] for row in found] == ["O'Neil GmbH"], text
    assert caller.exact.offences == []


@pytest.mark.parametrize(
    "text", ["Nme eq 'x'", "Name eq", "Name is 'x'", "(Name eq 'x'", "nope(Name)"]
)
def test_x12_a_filter_that_cannot_be_read_is_refused(caller: Caller, text: str) -> None:
    answer = caller.get("crm/Accounts", filter=text)
    assert (answer.status_code, message(answer)) == (400, "Error in query syntax.")


@pytest.mark.parametrize("path", ["crm/Accounts", "salesentry/SalesEntries"])
def test_x12_a_list_without_select_or_filter_is_refused(caller: Caller, path: str) -> None:
    answer = caller.get(path)
    assert answer.status_code == 400
    assert message(answer).startswith("Please add a $select or a $top=1")
    assert caller.get(path, top=1).status_code == 200
    caller.exact.switches.guarded_lists = False
    assert caller.get(path).status_code == 200


def test_x12_rows_are_counted_ordered_and_cut(caller: Caller) -> None:
    assert caller.call("GET", caller.url("financial/Journals/$count")).text == "5"
    rows = caller.rows("financial/Journals", select="Code", orderby="Code desc", skip=1, top=2)
    assert [(row["Code"], set(row)) for row in rows] == [
        ("71", {"__metadata", "Code"}),
        ("70", {"__metadata", "Code"}),
    ]


def test_x13_codes_have_blanks_and_an_account_is_found_by_all_of_them(caller: Caller) -> None:
    caller.customer(Code="42", Country="BE", SalesVATCode="1")
    row = caller.rows("crm/Accounts", filter="trim(Code) eq '42'")[0]
    assert row["Code"] == "42".rjust(18)
    assert (row["Country"], row["SalesVATCode"]) == ("BE ", "1  ")
    assert caller.exact.offences == []
    assert caller.rows("crm/Accounts", filter="Code eq '42'") == []
    assert caller.exact.offences == ["an account's code without its blanks in a filter: '42'"]


@pytest.mark.parametrize(
    "text", ["2026-11-20T00:00:00Z", "2026-11-20T00:00:00", "2026-11-20T00:00", "2026-11-20"]
)
def test_x14_dates_come_in_as_iso_and_go_out_in_milliseconds(caller: Caller, text: str) -> None:
    made = caller.made("salesentry/SalesEntries", caller.sale(EntryDate=text))
    assert made["EntryDate"] == "/Date(1795132800000)/"
    assert re.fullmatch(r"/Date\(\d+\)/", made["Created"])


def test_x15_a_post_answers_whole_rows_only_where_that_is_preferred(caller: Caller) -> None:
    whole = caller.post("crm/Accounts", {"Name": "A"})
    spare = caller.post("crm/Accounts", {"Name": "B"}, whole=False)
    assert (whole.status_code, spare.status_code) == (201, 201)
    assert whole.json()["d"]["Code"].strip() == "1"
    assert spare.json()["d"]["Code"] is None
    assert spare.json()["d"]["ID"]


def test_x15_rows_are_changed_and_removed_without_an_answer(caller: Caller) -> None:
    key = caller.customer()
    url = caller.url(f"crm/Accounts(guid'{key}')")
    assert caller.call("PUT", url, json={"City": "Gent"}).status_code == 204
    assert caller.call("GET", url).json()["d"]["City"] == "Gent"
    assert caller.call("DELETE", url).status_code == 204
    assert caller.call("GET", url).status_code == 404
    assert caller.call("DELETE", url).status_code == 403
    assert caller.call("PUT", url, json={"City": "Gent"}).status_code == 404
    assert caller.call("PUT", caller.url("crm/Accounts"), json={}).status_code == 400


def test_x15_lines_are_not_changed_through_their_header(caller: Caller) -> None:
    made = caller.made("salesentry/SalesEntries", caller.sale())
    url = caller.url(f"salesentry/SalesEntries(guid'{made['EntryID']}')")
    assert caller.call("PUT", url, json={"SalesEntryLines": []}).status_code == 400
    assert caller.exact.offences == ["PUT salesentry/SalesEntries with lines"]


def test_x15_the_last_line_takes_its_entry_with_it(caller: Caller) -> None:
    made = caller.made("salesentry/SalesEntries", caller.sale())
    line = caller.exact.rows("salesentry/SalesEntryLines")[0]
    more = {"EntryID": made["EntryID"], "GLAccount": line["GLAccount"], "AmountFC": 50}
    added = caller.made("salesentry/SalesEntryLines", more)
    assert caller.exact.rows("salesentry/SalesEntries")[0]["AmountFC"] == 181.5
    for key, left in ((line["ID"], 1), (added["ID"], 0)):
        url = caller.url(f"salesentry/SalesEntryLines(guid'{key}')")
        assert caller.call("DELETE", url).status_code == 204
        assert len(caller.exact.rows("salesentry/SalesEntries")) == left


def test_x15_verbs_that_an_entity_does_not_have_are_refused(caller: Caller) -> None:
    assert caller.post("documents/DocumentTypes", {}).status_code == 405
    assert caller.get("crm/Nothing").status_code == 404


def test_x19_codes_are_unique_and_accounts_in_use_stay(caller: Caller) -> None:
    caller.customer(Code="7")
    answer = caller.post("crm/Accounts", {"Name": "Other", "Code": "7"})
    assert (answer.status_code, message(answer)) == (500, "Already exists: Code 7")
    assert caller.made("crm/Accounts", {"Name": "Next"})["Code"].strip() == "8"
    sale = caller.sale()
    caller.made("salesentry/SalesEntries", sale)
    url = caller.url(f"crm/Accounts(guid'{sale['Customer']}')")
    answer = caller.call("DELETE", url)
    assert answer.status_code == 500
    assert message(answer).startswith("Can't delete: Account")
