"""Reports are asked for in the words of RFC 3461, where the server offers that."""

from __future__ import annotations

import pytest

from maild.connectors import smtp_dsn
from maild.connectors.smtp_dsn import Dsn


@pytest.mark.parametrize(
    ("dsn", "mail", "rcpt"),
    [
        (
            "problems",
            " RET=HDRS ENVID=v-1",
            " NOTIFY=FAILURE,DELAY ORCPT=rfc822;an@kantoor.example",
        ),
        (
            "all",
            " RET=HDRS ENVID=v-1",
            " NOTIFY=SUCCESS,FAILURE,DELAY ORCPT=rfc822;an@kantoor.example",
        ),
        ("none", "", ""),
    ],
)
def test_what_is_asked_for(dsn: Dsn, mail: str, rcpt: str) -> None:
    assert smtp_dsn.for_mail("v-1", dsn=dsn) == mail
    assert smtp_dsn.for_rcpt("an@kantoor.example", dsn=dsn) == rcpt


def test_an_address_is_written_so_that_it_ends_no_parameter() -> None:
    assert smtp_dsn.for_rcpt("a+b=c@x.example", dsn="problems").endswith(
        "rfc822;a+2Bb+3Dc@x.example"
    )
    assert smtp_dsn.for_rcpt("bücher@x.example", dsn="problems").endswith(
        r"utf-8;b\x{FC}cher@x.example"
    )


def test_nothing_longer_than_a_server_must_take_is_sent() -> None:
    assert smtp_dsn.for_mail("v" * 101, dsn="all") == ""
    assert "ORCPT" not in smtp_dsn.for_rcpt("ü" * 120 + "@x.example", dsn="all")
