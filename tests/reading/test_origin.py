"""Who sent a mail, and whose word about that counts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maild.reading.origin import read_origin
from maild.reading.vouching import vouched

MICROSOFT = (
    "spf=pass (sender IP is 40.107.1.1) smtp.mailfrom=acme.example; dkim=pass (signature was"
    " verified) header.d=acme.example;dmarc=pass action=none header.from=acme.example;"
    "compauth=pass reason=100"
)


def heads(*lines: str) -> bytes:
    return "\r\n".join((*lines, "", "")).encode()


@pytest.mark.parametrize(
    ("lines", "silent"),
    [
        ((), None),
        (("Auto-Submitted: no",), None),
        (("Auto-Submitted: auto-generated; x=y",), "a program sent it"),
        (("Auto-Submitted: auto-replied",), "a program sent it"),
        (("List-Id: <news.shop.example>",), "it went to a list"),
        (("List-Unsubscribe: <mailto:x@y.example>",), "it went to a list"),
        (("Precedence: bulk",), "it went to a list"),
        (("Return-Path: <>",), "without a sender on its envelope"),
        (("X-Auto-Response-Suppress: DR, OOF, AutoReply",), "wants no automatic replies"),
        (("X-Auto-Response-Suppress: All",), "wants no automatic replies"),
        (("X-Maild-Delivery: v-1",), "round in a circle"),
    ],
)
def test_a_program_answers_no_program(lines: tuple[str, ...], silent: str | None) -> None:
    origin = read_origin(heads("From: An <an@klant.example>", *lines))
    assert origin.sender == "an@klant.example"
    assert (origin.silent is None) is (silent is None)
    assert (silent or "") in (origin.silent or "")


@pytest.mark.parametrize(
    "sender",
    [
        "no-reply",
        "NoReply",
        "do_not_reply",
        "mailer-daemon",
        "bounce",
        "owner-news",
        "news-request",
    ],
)
def test_nobody_answers_an_address_that_nobody_reads(sender: str) -> None:
    assert read_origin(heads(f"From: {sender}@shop.example")).silent is not None


@pytest.mark.parametrize("value", ["", "nobody", "a@x.example, b@y.example", "<", "\x00"])
def test_without_one_sender_there_is_none(value: str) -> None:
    origin = read_origin(heads(f"From: {value}"))
    assert origin.sender is None
    assert origin.silent is not None


def test_the_language_of_a_sender_is_what_his_program_says() -> None:
    assert read_origin(heads("From: a@b.example", "Content-Language: nl-BE")).language == "nl"
    assert read_origin(heads("From: a@b.example", "Accept-Language: fr, en")).language == "fr"
    assert read_origin(heads("From: a@b.example")).language is None


@given(st.binary(max_size=2_000))
def test_any_bytes_are_an_origin(raw: bytes) -> None:
    assert read_origin(raw).sender is None or "@" in (read_origin(raw).sender or "")


@pytest.mark.parametrize(
    ("values", "believed"),
    [
        (["mx.acme.example; dmarc=pass header.from=klant.example"], True),
        (["mx.acme.example 1; dmarc=pass (p=none) header.from=klant.example"], True),
        (["mx.acme.example; dmarc=fail header.from=klant.example; spf=pass smtp.mailfrom=klant.example"],
         False),
        (["mx.acme.example; dkim=pass header.d=klant.example"], True),
        (["mx.acme.example; dkim=pass header.i=@mail.klant.example"], True),
        (["mx.acme.example; dkim=pass header.d=mailer.example"], None),
        (["mx.acme.example; dkim=fail header.d=klant.example; dkim=pass header.d=klant.example"],
         True),
        (["mx.acme.example; spf=pass smtp.mailfrom=an@klant.example"], True),
        (["mx.acme.example; spf=pass smtp.mailfrom=an@notklant.example"], None),
        (["mx.acme.example; spf=pass smtp.mailfrom=example"], None),
        (["mx.acme.example; none"], None),
        (["mx.other.example; dmarc=pass header.from=klant.example"], None),
        (["mx.acme.example; dmarc=fail header.from=klant.example",
          "mx.acme.example; dmarc=pass header.from=klant.example"], False),
        (["mx.acme.example (dmarc=pass header.from=klant.example); dmarc=none"], None),
        ([MICROSOFT.replace("acme.example", "klant.example")], None),
        ([], None),
    ],
)  # fmt: skip
def test_only_the_topmost_word_of_the_trusted_server_counts(
    *, values: list[str], believed: bool | None
) -> None:
    assert vouched(values, domain="klant.example", trusted=["MX.acme.example"]) is believed


def test_microsoft_names_no_server_and_is_believed_where_it_is_named() -> None:
    assert vouched([MICROSOFT], domain="acme.example", trusted=["microsoft"]) is True
    failed = MICROSOFT.replace("compauth=pass", "compauth=fail")
    assert vouched([failed], domain="acme.example", trusted=["microsoft"]) is False


@given(st.text(max_size=500), st.text(max_size=30))
def test_any_text_is_read_without_a_fault(value: str, domain: str) -> None:
    assert vouched([value], domain=domain, trusted=["mx", "microsoft"]) in {True, False, None}
