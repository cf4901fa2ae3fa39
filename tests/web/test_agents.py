"""Browsers as their owners would name them."""

from __future__ import annotations

import pytest

from maild.partners.agents import named

_MOZILLA = "Mozilla/5.0"
_WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        (
            f"{_MOZILLA} (Windows NT 10.0; Win64; x64; rv:143.0) Gecko/20100101 Firefox/143.0",
            "Firefox, Windows",
        ),
        (
            f"{_MOZILLA} (X11; Linux x86_64) {_WEBKIT} Chrome/156.0.0.0 Safari/537.36",
            "Chrome, Linux",
        ),
        (
            f"{_MOZILLA} (Windows NT 10.0) {_WEBKIT} Chrome/156.0 Safari/537.36 Edg/156.0",
            "Edge, Windows",
        ),
        (
            f"{_MOZILLA} (Linux; Android 16) {_WEBKIT} Chrome/156.0 Mobile Safari/537.36",
            "Chrome, Android",
        ),
        (
            f"{_MOZILLA} (iPhone; CPU iPhone OS 26_1 like Mac OS X) Version/26.1 Safari/604.1",
            "Safari, iPhone",
        ),
        (
            f"{_MOZILLA} (Macintosh; Intel Mac OS X 10_15_7) Version/26.1 Safari/605.1",
            "Safari, Mac",
        ),
        ("curl/8.5.0", "curl/8.5.0"),
        ("x\r\n" * 100, f"{'x ' * 29}x…"),
        ("", "?"),
    ],
)
def test_a_browser_is_named_as_its_owner_would(agent: str, name: str) -> None:
    assert named(agent) == name
