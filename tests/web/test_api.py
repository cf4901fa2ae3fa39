"""The API as a team's program uses it: with a token, for one team, as openapi.json says."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Callable
from functools import partial
from typing import Any

import httpx2
import pytest

from maild.model.machine import May
from maild.store import marks, trail
from maild.web import openapi
from maild.web.api import OPERATIONS, ROOT
from tests.builders_pdf import a_pdf
from tests.web.conftest import ACCOUNTANT, OTHER_OWNER, Site, an_invoice

Browsers = Callable[..., Any]
XML = {"content-type": "application/xml"}
JSON = {"content-type": "application/json"}


async def a_token(pages: Site, *may: May, team: str = "acme") -> str:
    """A token of a team; for everything when nothing is said."""
    token, _ = await pages.app.machines.add(team, "shop", may=may or tuple(May), by="test")
    return token


async def a_program(pages: Site, browsers: Browsers, *may: May, team: str = "acme") -> Any:
    """A client with a token and no cookies; it is no browser."""
    client = await browsers()
    del client.headers["sec-fetch-site"]
    client.headers["authorization"] = f"Bearer {await a_token(pages, *may, team=team)}"
    return client


def checked(answer: httpx2.Response, path: str, method: str = "post") -> Any:
    """The JSON of an answer, which has to be as openapi.json says."""
    described = openapi.document()
    said = described["paths"][path][method]["responses"][str(answer.status_code)]["content"]
    kind = answer.headers["content-type"].partition(";")[0]
    fits(answer.json(), said[kind]["schema"], described)
    return answer.json()


def fits(value: Any, schema: dict[str, Any], described: dict[str, Any]) -> None:
    """Look whether a value is what a schema says; the part of JSON Schema that ours use."""
    if "$ref" in schema:
        schema = described["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    if "anyOf" in schema:
        kinds = {one.get("type") for one in schema["anyOf"]}
        assert kinds == {"string", "null"}
        assert value is None or isinstance(value, str)
        return
    match schema["type"]:
        case "object":
            assert set(value) == set(schema["properties"])
            for key, one in schema["properties"].items():
                fits(value[key], one, described)
        case "array":
            for one in value:
                fits(one, schema["items"], described)
        case kind:
            assert type(value) is {"string": str, "integer": int, "boolean": bool}[kind]


async def test_a_document_that_is_handed_in_is_there_and_its_fate_can_be_asked(
    pages: Site, browsers: Browsers
) -> None:
    program = await a_program(pages, browsers)
    answer = await program.post(f"{ROOT}/documents", content=an_invoice("F-1"), headers=XML)
    assert answer.status_code == 201
    [one] = checked(answer, "/documents")["documents"]
    assert (one["kind"], one["number"], one["repeated"]) == ("invoice", "F-1", False)
    shown = checked(await program.get(one["url"]), "/documents/{id}", "get")
    assert shown["total"]
    assert {each["recipient"] for each in shown["deliveries"]} == {"accountant", "books"}
    ubl = await program.get(shown["files"][0]["url"])
    assert ubl.content == an_invoice("F-1")
    assert hashlib.sha256(ubl.content).hexdigest() == shown["files"][0]["sha256"]
    told = checked(await program.get(f"{ROOT}/events"), "/events", "get")
    assert {each["document"] for each in told["events"]} >= {one["id"]}


async def test_pdf_and_ubl_in_one_request_are_one_document(pages: Site, browsers: Browsers) -> None:
    program = await a_program(pages, browsers)
    files = {
        "pdf": ("F-2.pdf", a_pdf(["F-2"]), "application/pdf"),
        "ubl": ("F-2.xml", an_invoice("F-2"), "application/xml"),
    }
    answer = await program.post(f"{ROOT}/documents?team=acme", files=files)
    [one] = checked(answer, "/documents")["documents"]
    shown = checked(await program.get(one["url"]), "/documents/{id}", "get")
    assert {each["role"] for each in shown["files"]} == {"pdf", "ubl"}


async def test_our_json_is_taken_and_what_is_wrong_with_it_is_named(
    pages: Site, browsers: Browsers
) -> None:
    program = await a_program(pages, browsers)
    bill = {
        "kind": "invoice",
        "number": "J-1",
        "issued_on": "2026-10-01",
        "currency": "EUR",
        "seller": {
            "name": "Acme BV",
            "vat": "BE0123456749",
            "address": {"city": "Gent", "country": "BE"},
        },
        "buyer": {"name": "Klant NV", "address": {"city": "Gent", "country": "BE"}},
        "due_on": "2026-10-31",
        "lines": [{"name": "Stoel", "quantity": "1", "price": "100.00", "percent": "21"}],
    }
    good = await program.post(f"{ROOT}/documents", content=json.dumps(bill), headers=JSON)
    assert good.status_code == 201, good.text
    assert checked(good, "/documents")["documents"][0]["number"] == "J-1"
    wrong = bill | {"number": "J-2", "currency": "EURO", "lines": [{"name": "Stoel"}]}
    bad = await program.post(f"{ROOT}/documents", content=json.dumps(wrong), headers=JSON)
    assert bad.status_code == 422
    assert bad.headers["content-type"] == "application/problem+json"
    told = checked(bad, "/documents")
    terms = {one["term"].rpartition(" ")[2] for one in told["problems"]}
    assert {"currency", "lines[0].price"} <= terms, told
    kept = await pages.app.db.read(partial(marks.refusals, team="acme", limit=10))
    assert len(kept) == 1


async def test_a_repeat_is_known_by_its_key_and_by_its_content(
    pages: Site, browsers: Browsers
) -> None:
    program = await a_program(pages, browsers)

    async def hand_in(number: str, **headers: str) -> httpx2.Response:
        answer: httpx2.Response = await program.post(
            f"{ROOT}/documents", content=an_invoice(number), headers=XML | headers
        )
        return answer

    first = await hand_in("F-1", **{"idempotency-key": "order 1"})
    again = await hand_in("F-1", **{"idempotency-key": "order 1"})
    without = await hand_in("F-1")
    assert (first.status_code, again.status_code, without.status_code) == (201, 200, 200)
    ids = [one.json()["documents"][0]["id"] for one in (first, again, without)]
    assert len(set(ids)) == 1
    assert again.json()["documents"][0]["repeated"]
    other = await hand_in("F-9", **{"idempotency-key": "order 1"})
    assert other.status_code == 422
    assert checked(other, "/documents")["problems"][0]["term"] == "Idempotency-Key"
    assert len(await pages.app.records.list()) == 1


async def test_of_two_requests_with_one_key_at_the_same_time_one_wins(
    pages: Site, browsers: Browsers
) -> None:
    program = await a_program(pages, browsers)
    key = XML | {"idempotency-key": "k"}
    answers = await asyncio.gather(
        *(
            program.post(f"{ROOT}/documents", content=an_invoice(f"F-{n}"), headers=key)
            for n in range(4)
        )
    )
    assert sorted(one.status_code for one in answers) == [201, 422, 422, 422]
    assert len(await pages.app.records.list()) == 1


async def test_a_program_of_another_team_finds_nothing(pages: Site, browsers: Browsers) -> None:
    program, stranger = (
        await a_program(pages, browsers),
        await a_program(pages, browsers, team="other"),
    )
    sent = await program.post(f"{ROOT}/documents", content=an_invoice("CANARY"), headers=XML)
    url = sent.json()["documents"][0]["url"]
    for path in (url, f"{url}/files/0", url[:-4] + "zzzz"):
        answer = await stranger.get(path)
        assert answer.status_code == 404
        assert "CANARY" not in answer.text
    assert (await stranger.get(f"{ROOT}/events")).json()["events"] == []
    refused = await stranger.post(
        f"{ROOT}/documents?team=acme", content=an_invoice("X"), headers=XML
    )
    assert refused.status_code == 404


@pytest.mark.parametrize("may", list(May))
async def test_a_token_does_what_it_may_and_no_more(
    pages: Site, browsers: Browsers, may: May
) -> None:
    program = await a_program(pages, browsers, may)
    for one in OPERATIONS:
        path = ROOT + one.path.format(id="d-0", file="0")
        answer = await program.request(one.method, path)
        assert (answer.status_code == 403) is (one.may is not may), path
        if one.may is not may:
            checked(answer, one.path, one.method.lower())


async def test_without_a_token_that_holds_there_is_nothing(pages: Site, browsers: Browsers) -> None:
    program = await a_program(pages, browsers)
    [machine] = await pages.app.machines.of_team("acme")
    await pages.app.machines.revoke(machine.id, by="test")
    for client in (program, await browsers(), await browsers(OTHER_OWNER)):
        for one in OPERATIONS:
            path = ROOT + one.path.format(id="d-0", file="0")
            answer = await client.request(one.method, path)
            assert answer.status_code == 401
            assert answer.headers["www-authenticate"] == "Bearer"
    steps = await pages.app.db.read(partial(trail.of_team, team="acme"))
    assert [one.step.action for one in steps] == ["token.revoked", "token.added"]


async def test_a_token_is_no_way_into_the_pages(pages: Site, browsers: Browsers) -> None:
    program = await a_program(pages, browsers)
    assert (await program.get("/teams")).status_code == 303
    await pages.linked("acme", ACCOUNTANT)
    assert (await (await browsers(ACCOUNTANT)).get(f"{ROOT}/events")).status_code == 401


async def test_no_token_stands_in_the_store(pages: Site) -> None:
    token = await a_token(pages)
    folder = pages.app.settings.maild.data_dir
    content = b"".join(one.read_bytes() for one in folder.glob("maild.db*"))
    assert token.encode() not in content
    assert hashlib.sha256(token.encode()).hexdigest().encode() in content


@pytest.mark.parametrize(
    ("content", "headers", "status"),
    [
        (b"", XML, 422),
        (b"x", {"content-type": "text/plain"}, 415),
        (b"x", {}, 415),
        (b"x", XML, 422),
        (b"x" * 10, XML | {"idempotency-key": "k" * 256}, 422),
        (b"x", {"content-type": "multipart/form-data; boundary=b"}, 400),
    ],
    ids=["nothing", "text", "no type", "no document", "a key too long", "a broken form"],
)
async def test_what_cannot_be_taken_is_refused_in_words(
    pages: Site, browsers: Browsers, content: bytes, headers: dict[str, str], status: int
) -> None:
    program = await a_program(pages, browsers)
    answer = await program.post(f"{ROOT}/documents", content=content, headers=headers)
    assert answer.status_code == status
    assert answer.json()["detail"] or answer.json()["problems"]


async def test_events_go_on_behind_the_last_and_miss_none(pages: Site, browsers: Browsers) -> None:
    program = await a_program(pages, browsers)
    other = await a_program(pages, browsers, team="other")
    for n in range(3):
        await program.post(f"{ROOT}/documents", content=an_invoice(f"F-{n}"), headers=XML)
        bought = f"{ROOT}/documents?tag=purchase"
        taken = await other.post(bought, content=an_invoice(f"F-{n}"), headers=XML)
        assert taken.status_code == 201
    whole = (await program.get(f"{ROOT}/events?limit=500")).json()
    seen: list[int] = []
    after, more = 0, True
    while more:
        page = (await program.get(f"{ROOT}/events?after={after}&limit=2")).json()
        seen += [one["id"] for one in page["events"]]
        after, more = page["next"], page["more"]
    assert seen == [one["id"] for one in whole["events"]]
    assert len(seen) >= 3
    for wrong in ("x", "-1", "1" * 30):
        answer = await program.get(f"{ROOT}/events?after={wrong}")
        assert answer.status_code == 422
        checked(answer, "/events", "get")


async def test_openapi_names_every_operation_and_each_reference_leads_somewhere(
    browsers: Browsers,
) -> None:
    client = await browsers()
    answer = await client.get(f"{ROOT}/openapi.json")
    described = answer.json()
    assert described["openapi"] == "3.1.0"
    named = {(method.upper(), path) for path, one in described["paths"].items() for method in one}
    assert named == {(one.method, one.path) for one in OPERATIONS}
    schemas = described["components"]["schemas"]
    for part in answer.text.split('"$ref":"')[1:]:
        reference = part.partition('"')[0]
        assert reference.rpartition("/")[2] in schemas, reference
    missing = await client.get(f"{ROOT}/nothing")
    assert (missing.status_code, missing.json()["status"]) == (404, 404)
