"""Envelopes, dates, literals, and what a refusal means."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from maild.connectors.exact_answers import code, data, guid, moment, page, text, words
from maild.connectors.exact_faults import Asked, fault_of
from maild.errors import DeliveryError, Doubtful, Refused, RoadClosed, Unavailable

READ = Asked("123456", "crm/Accounts", "an@acme.example", "maild connect exact acme")
WRITE = Asked("123456", "crm/Accounts", "an@acme.example", "maild connect exact acme", writes=True)
ENVELOPES = {
    "results": ({"d": {"results": [{"Code": " 25 "}]}}, None),
    "more": ({"d": {"results": [{"Code": "25"}], "__next": "https://e/x"}}, "https://e/x"),
    "bare": ({"d": [{"Code": "25"}]}, None),
    "single": ({"d": {"Code": "25 "}}, None),
}


@pytest.mark.parametrize(("said", "following"), ENVELOPES.values(), ids=ENVELOPES)
def test_every_envelope_is_opened_and_padding_is_gone(
    said: dict[str, Any], following: str | None
) -> None:
    assert page(data(json.dumps(said).encode())) == ([{"Code": "25"}], following)


@pytest.mark.parametrize(
    "content",
    [b"<html>", b"[]", b'{"d":', b'{"d": 5}', b'{"d": [1]}', b"[" * 100_000, b"\xff"],
    ids=["a page", "a list", "a half", "a figure", "figures", "depth", "no text"],
)
def test_what_is_no_answer_is_told_as_such(content: bytes) -> None:
    with pytest.raises(ValueError, match="it "):
        page(data(content))


def test_figures_are_exact() -> None:
    assert data(b'{"d": 0.10}') == {"d": Decimal("0.10")}


@pytest.mark.parametrize(
    ("said", "at"),
    [
        ("/Date(1392224884577)/", datetime(2014, 2, 12, 17, 8, 4, 577000, tzinfo=UTC)),
        ("/Date(-1000+0100)/", datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC)),
        ("/Date(999999999999999)/", None),
        ("2014-02-12", None),
        (None, None),
    ],
)
def test_dates_are_read(said: object, at: datetime | None) -> None:
    assert moment(said) == at


def test_literals_cannot_be_broken_out_of() -> None:
    assert text("O'Neil' or 1 eq 1") == "'O''Neil'' or 1 eq 1'"
    assert code("25") == "'                25'"
    assert guid("{6731DE76-14a6-49ae-97bc-6eba6914391e}") == (
        "guid'6731de76-14a6-49ae-97bc-6eba6914391e'"
    )
    with pytest.raises(ValueError, match="badly formed"):
        guid("x' or true")


def said(value: str) -> bytes:
    """An error as Exact writes it."""
    return json.dumps({"error": {"code": "", "message": {"lang": "", "value": value}}}).encode()


def test_the_words_of_an_error_are_one_line() -> None:
    two = "Ongeldige referentie: Leveren aan\r\nOngeldige referentie: Besteld door\x07"
    assert words(said(two)) == (
        "Ongeldige referentie: Leveren aan; Ongeldige referentie: Besteld door"
    )
    assert words(b"<html>Server Error</html>") is None
    assert words(said("")) == "no reason was given"
    assert len(words(said("x" * 5000)) or "") == 350


HTML = b"<html>Server Error</html>"
TABLE: dict[str, tuple[Asked, int, bytes, str, type[DeliveryError], str]] = {
    "their rules": (WRITE, 500, said("Period is closed"), "", Refused, "Period is closed"),
    "their trouble": (READ, 500, HTML, "", Unavailable, "answers 500"),
    "their trouble after a POST": (WRITE, 500, HTML, "", Doubtful, "answers 500"),
    "an outage": (READ, 503, b"", "", Unavailable, "answers 503"),
    "a payload": (WRITE, 400, said("Error in query syntax"), "", Refused, "query syntax"),
    "nothing there": (WRITE, 404, b"", "", Refused, "status 404"),
    "a file too large": (WRITE, 413, b"", "", Refused, "status 413"),
    "to another page": (READ, 302, b"", "", Unavailable, "answers 302"),
    "a user": (READ, 403, b"", "BlockedUser", Unavailable, "an@acme.example is blocked"),
    "a licence": (READ, 403, b"", "LicenseExpired", Unavailable, "renew it"),
    "a division": (READ, 403, b"", "NoDivisionAccess", RoadClosed, "may not open division 123456"),
    "a right": (WRITE, 403, said("Forbidden"), "", RoadClosed, "crm/Accounts in division 123456"),
}


@pytest.mark.parametrize("row", TABLE.values(), ids=TABLE)
def test_a_refusal_means(row: tuple[Asked, int, bytes, str, type[DeliveryError], str]) -> None:
    asked, status, content, reason, kind, told = row
    fault = fault_of(asked, status, content=content, reason=reason)
    assert type(fault) is kind
    assert told in fault.reply
