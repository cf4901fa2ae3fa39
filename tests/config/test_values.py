"""Values with units: what is read, and what a wrong one is answered."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maild.config.values import (
    Listen,
    duration,
    duration_text,
    is_loopback,
    listen,
    networks,
    rate,
    resolvers,
    retries,
    size,
)

MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("30s", 30),
        ("15m", 900),
        ("1h30m", 5400),
        ("5d", 432_000),
        ("2 w", 1_209_600),
        ("250ms", 0.25),
    ],
)
def test_a_duration_has_its_unit(text: str, seconds: float) -> None:
    assert duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "value", [5, "5", "-5m", "0s", "", "m", "5 minutes", "9999999w", True, None, "\u0665m"]
)
def test_what_is_no_duration_is_refused_with_the_value(value: object) -> None:
    with pytest.raises(ValueError, match=r"write a duration|ten years"):
        duration(value)


@pytest.mark.parametrize(
    ("value", "count"),
    [
        ("25MB", 25_000_000),
        ("512 kB", 512_000),
        ("10MiB", 10_485_760),
        ("1GB", 10**9),
        (77, 77),
        ("9B", 9),
    ],
)
def test_a_size_has_its_unit(value: object, count: int) -> None:
    assert size(value) == count


@pytest.mark.parametrize(
    "value", ["", "0MB", 0, -1, True, "5MBit", "5iB", "1e9", "\u0665MB", None, 1.5]
)
def test_what_is_no_size_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="write a size with its unit"):
        size(value)


@given(milliseconds=st.integers(1, 3650 * 86_400_000))
def test_a_duration_that_is_written_is_read_as_it_was(milliseconds: int) -> None:
    value = timedelta(milliseconds=milliseconds)
    assert duration(duration_text(value)) == value


def test_a_duration_is_written_as_people_write_it() -> None:
    assert [duration_text(timedelta(minutes=one)) for one in (5, 80, 1440)] == ["5m", "1h20m", "1d"]


def test_one_pause_doubles_up_to_four_hours_and_a_list_stays_as_it_is() -> None:
    assert [one // MINUTE for one in retries("5m")] == [5, 10, 20, 40, 80, 160, 240]
    assert [one // MINUTE for one in retries(["1m", "3h"])] == [1, 180]
    assert [one // MINUTE for one in retries("6h")] == [360]


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("127.0.0.1:0", "127.0.0.1", 0),
        ("[::1]:25", "::1", 25),
        ("localhost:2525", "localhost", 2525),
    ],
)
def test_an_address_to_listen_on_is_a_host_and_a_port(text: str, host: str, port: int) -> None:
    assert listen(text) == Listen(host, port)
    assert str(listen(text)) == text


@pytest.mark.parametrize("value", ["127.0.0.1", ":25", "a:b", "::1:25", "a:99999", 25, "", "a:1:2"])
def test_what_is_no_address_to_listen_on_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r"write an address and a port|ports end"):
        listen(value)


def test_a_network_may_be_written_by_any_of_its_addresses() -> None:
    assert [str(one) for one in networks(["10.1.2.3/8", "192.0.2.7", "::1"])] == [
        "10.0.0.0/8",
        "192.0.2.7/32",
        "::1/128",
    ]


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("127.0.0.1", True),
        ("127.8.9.1", True),
        ("::1", True),
        ("localhost", True),
        ("mail.localhost.", True),
        ("localhost.example", False),
        ("127.0.0.1.example", False),
        ("10.0.0.1", False),
    ],
)
def test_loopback_is_what_can_only_be_this_machine(host: str, *, loopback: bool) -> None:
    assert is_loopback(host) is loopback


def test_a_name_server_may_leave_its_port_out() -> None:
    assert resolvers(["9.9.9.9", "127.0.0.1:5353", "::1", "[::1]:53"]) == (
        Listen("9.9.9.9", 53),
        Listen("127.0.0.1", 5353),
        Listen("::1", 53),
        Listen("::1", 53),
    )
    assert resolvers("9.9.9.9") == (Listen("9.9.9.9", 53),)


@pytest.mark.parametrize(
    "value", ["dns.example", "dns.example:53", "9.9.9", "", 53, ["9.9.9.9", 1]]
)
def test_a_name_server_is_named_by_its_address(value: object) -> None:
    with pytest.raises(ValueError, match="write the address of a name server"):
        resolvers(value)


def test_a_rate_may_be_left_out_and_is_a_text() -> None:
    assert rate("") is None
    assert str(rate("30/m")) == "30/m"
    with pytest.raises(ValueError, match=r'such as "30/m".*not "30"'):
        rate(30)
