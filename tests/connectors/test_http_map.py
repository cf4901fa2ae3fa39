"""Services whose API tables describe: what is sent, and what their answers mean."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from maild.config.http_map import HttpConnector, fill
from maild.connectors.http_map import HttpMapConnector
from maild.errors import Deferred, Doubtful, ProfileMismatch, Refused, Unavailable
from maild.model.delivery import Parcel
from maild.model.document import Role
from maild.simulators.http_wire import Answer, Ending
from tests.connectors import relay_contract
from tests.connectors.conftest import Crossing
from tests.connectors.goods import THE_PDF, a_relay_parcel, goods
from tests.connectors.office import Office, OfficeBench, page, parts_of, said

LOOK = {"find": {"path": "invoices?reference={reference}", "found": "/items/0/id"}}
KNOWN = {
    "headers": {"X-Reference": "{reference}", "X-Once": "yes"},
    "send": {"duplicate": [{"status": 409, "at": "/code", "contains": "known"}]},
}


@pytest.fixture
def office() -> Iterator[Office]:
    one = Office()
    one.listener.start()
    yield one
    one.listener.stop()


class TestThatLooksUp(relay_contract.RelayContract):
    """The contract, where a document is looked up before it is sent."""

    @pytest.fixture
    def bench(self, office: Office) -> OfficeBench:
        return OfficeBench(office, dict(LOOK))


class TestThatKnowsAgain(relay_contract.RelayContract):
    """The contract, where the other side knows a document again."""

    @pytest.fixture
    def bench(self, office: Office) -> OfficeBench:
        return OfficeBench(office, dict(KNOWN))


async def sent(one: HttpMapConnector, parcel: Parcel | None = None) -> str:
    return await one.deliver(parcel or a_relay_parcel(), point_of_no_return=Crossing())


# --- what is sent


async def test_a_multipart_body_has_the_parts_that_the_table_names(office: Office) -> None:
    parts = [
        {"name": "xml", "content": "ubl", "filename": "{number}.xml", "media_type": "text/xml"},
        {"name": "print", "content": "pdf"},
        {"name": "key", "content": "text", "text": "{seller_vat}/{year}/{number}"},
    ]
    assert await sent(office.connector(send={"parts": parts})) == "201 as r-1"
    found = parts_of(office.asked[-1])
    assert (found["xml"].get_filename(), found["xml"].get_content_type()) == (
        "2026-0412.xml",
        "text/xml",
    )
    assert found["print"].get_payload(decode=True) == THE_PDF
    assert found["key"].get_payload() == "BE0123456749/2026/2026-0412"


async def test_a_raw_body_is_the_file_with_its_own_headers(office: Office) -> None:
    send = {"body": "raw", "headers": {"Content-Disposition": 'inline; filename="{file}"'}}
    await sent(office.connector(send=send))
    ubl = goods().file(Role.UBL)
    assert ubl is not None
    asked = office.asked[-1]
    assert asked.body == ubl.content
    assert asked.headers["content-type"] == "application/xml"
    assert asked.headers["content-disposition"] == 'inline; filename="factuur-2026-0412.xml"'


async def test_a_json_body_is_the_template_with_its_values(office: Office) -> None:
    template = '{"no": "{number}", "to": "{buyer}", "total": {total}, "pdf": "{pdf}"}'
    await sent(office.connector(send={"body": "json", "template": template}))
    found = json.loads(office.asked[-1].body)
    assert found == {
        "no": "2026-0412",
        "to": "Bakkerij Peeters & Zonen",
        "total": 1234.5,
        "pdf": base64.b64encode(THE_PDF).decode(),
    }


async def test_a_number_never_leads_to_another_path_or_header(office: Office) -> None:
    parcel = a_relay_parcel(goods("../../x?y#z 1/2"))
    send = {"path": "invoices/{number}", "headers": {"X-Number": "{number}"}}
    await sent(office.connector(send=send), parcel)
    assert office.asked[-1].path == "/api/invoices/..%2F..%2Fx%3Fy%23z%201%2F2"


async def test_a_document_without_the_file_that_is_wanted_is_held(office: Office) -> None:
    parcel = a_relay_parcel()
    assert parcel.consignment
    object.__setattr__(parcel.consignment, "files", ())
    with pytest.raises(ProfileMismatch, match="goes there with its UBL, and has none"):
        await sent(office.connector(), parcel)
    assert office.asked == []


# --- how it logs in


async def test_each_login_is_in_the_header(office: Office, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("s3cret\n")
    basic = {"auth": "basic", "username": "u", "password_file": secret}
    await sent(office.connector(**basic))
    wanted = "Basic " + base64.b64encode(b"u:s3cret").decode()
    assert office.asked[-1].headers["authorization"] == wanted
    await sent(office.connector(auth="bearer", token_file=secret))
    assert office.asked[-1].headers["authorization"] == "Bearer s3cret"
    with pytest.raises(Unavailable, match=r"token_file: .* cannot be read"):
        await sent(office.connector(auth="bearer", token_file=tmp_path / "none"))


async def test_a_token_of_the_client_is_fetched_once_and_again_when_it_is_refused(
    office: Office, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("s3cret")
    one = office.connector(
        auth="oauth2", username="id", password_file=secret, token_url=f"{office.url}token"
    )
    await sent(one, a_relay_parcel(goods("1")))
    await sent(one, a_relay_parcel(goods("2")))
    assert [asked.path for asked in office.asked] == [
        "/api/token",
        "/api/invoices",
        "/api/invoices",
    ]
    office.replies = [lambda _: said(401, {"message": "expired"})]
    crossing = Crossing()
    await one.deliver(a_relay_parcel(goods("3")), point_of_no_return=crossing)
    assert crossing.reached == 1
    assert [asked.path for asked in office.asked[3:]] == [
        "/api/invoices",
        "/api/token",
        "/api/invoices",
    ]
    assert office.asked[-1].headers["authorization"] == "Bearer t-1"


# --- what the answers mean


@pytest.mark.parametrize(
    ("answer", "fault", "words"),
    [
        (said(400, {"message": "no such customer"}), Refused, "400 no such customer"),
        (said(422, ["?"]), Refused, '422 ["?"]'),
        (said(401, {"message": "who?"}), Unavailable, "look at the login"),
        (said(403, {}), Unavailable, "does not let us in"),
        (said(429, {}, Retry_After="120"), Unavailable, "429"),
        (said(503, {}), Unavailable, "503"),
        (page(200), Doubtful, "page for people"),
        (page(502), Doubtful, "502"),
        (said(500, {"message": "oops"}), Doubtful, "500 oops"),
        (said(200, {"state": "new"}), Doubtful, "what should stand in the answer"),
        (said(206, {"id": "1"}), Doubtful, "success does not name 206"),
        (said(302, {}, Location="https://elsewhere.example/"), Unavailable, "has moved"),
        (said(408, {}), Deferred, "408"),
        (Answer(0, ending=Ending.RESET), Doubtful, "does not answer"),
        (Answer(200, b"x" * 300_000), Doubtful, "longer than"),
        (
            Answer(201, b"[" * 100_000, {"Content-Type": "application/json"}),
            Doubtful,
            "should stand",
        ),
    ],
)
async def test_each_answer_is_the_fault_that_it_is(
    office: Office, answer: Answer, fault: type[Exception], words: str
) -> None:
    office.replies = [lambda _: answer]
    with pytest.raises(fault) as raised:
        await sent(office.connector())
    assert type(raised.value) is fault
    assert words in str(raised.value)


async def test_the_tables_say_otherwise(office: Office) -> None:
    one = office.connector(send={"permanent": [500], "transient": [404], "success": [200, 201]})
    office.replies = [lambda _: said(500, {"message": "not valid"}), lambda _: said(404, {})]
    with pytest.raises(Refused, match="not valid"):
        await sent(one)
    with pytest.raises(Deferred):
        await sent(one)


async def test_a_state_that_is_a_no_is_final(office: Office) -> None:
    one = office.connector(send={"state": "/state", "rejected": ["invalid"]})
    office.replies = [lambda _: said(201, {"id": "1", "state": "invalid", "message": "no VAT"})]
    with pytest.raises(Refused, match="invalid: 201 no VAT"):
        await sent(one)


async def test_how_long_to_wait_is_asked_in_the_answer(office: Office) -> None:
    office.replies = [lambda _: said(503, {}, Retry_After="90")]
    with pytest.raises(Unavailable) as raised:
        await sent(office.connector())
    assert raised.value.retry_after is not None
    assert raised.value.retry_after.total_seconds() == 90


async def test_whether_it_lets_us_in_is_seen_without_a_document(office: Office) -> None:
    await office.connector(check="me").check()
    office.replies = [lambda _: said(401, {"message": "who?"})]
    with pytest.raises(Unavailable, match="does not let us in"):
        await office.connector(check="me").check()
    assert office.kept == []


# --- the tables themselves


@pytest.mark.parametrize(
    ("tables", "words"),
    [
        ({"url": "http://office.example/"}, "no https address"),
        ({"send": {}}, "send.path is empty"),
        ({"send": {"path": "{nummer}"}}, 'no value {nummer}; did you mean "number"?'),
        ({"send": {"path": "/invoices"}}, "no path below url"),
        ({"send": {"path": "a", "id": "id"}}, "no JSON pointer"),
        ({"send": {"path": "a", "success": [20]}}, "three digits"),
        ({"send": {"path": "a", "permanent": [404], "transient": [404]}}, "two lists"),
        ({"send": {"path": "a", "body": "json"}}, "needs its template"),
        ({"send": {"path": "a", "rejected": ["x"]}}, "state does not say"),
        ({"auth": "basic"}, "needs username and password_file"),
        ({"auth": "oauth2", "username": "x"}, "needs username and password_file (the client's"),
        ({"cert_file": "x.pem"}, "cert_file and key_file belong together"),
        ({"headers": {"X-A:": "b"}}, "cannot be the name of a header"),
        ({"headers": {"X-A": "a\r\nX-B: c"}}, "characters that a header cannot have"),
        ({"find": {"path": "a"}}, "path and found belong together"),
    ],
)
def test_what_is_wrong_with_a_table_is_said(tables: dict[str, Any], words: str) -> None:
    given = {"url": "https://office.example/", "send": {"path": "invoices"}} | tables
    with pytest.raises(ValidationError) as raised:
        HttpConnector.model_validate(given)
    assert words in str(raised.value)


@given(text=st.text())
def test_whatever_a_value_is_it_stays_one_text_in_json(text: str) -> None:
    filled = fill('{"a": "{number}", "b": 1}', {"number": text}, escape="json")
    assert json.loads(filled) == {"a": text, "b": 1}


@given(text=st.text(st.characters(exclude_categories=["Cs"])) | st.sampled_from([".", ".."]))
def test_whatever_a_value_is_it_stays_one_step_of_a_path(text: str) -> None:
    filled = fill("a/{number}/b", {"number": text}, escape="path")
    assert filled.count("/") == 2
    assert not set(filled) & set("?#\r\n ")
    assert filled.split("/")[1] not in {".", ".."}
