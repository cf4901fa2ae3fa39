"""A browser as its owner would name it: "Firefox, Windows". A guess that nothing depends on. Pure.

Source: RFC 9110 section 10.1.5; what the browsers of 2026 say of themselves, most of which also name others.
"""

from __future__ import annotations

from typing import Final

from maild.render.fields import clean

# The first that is named counts: Edge and Opera name Chrome too, and Chrome names Safari.
_BROWSERS: Final = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("CriOS/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS: Final = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "Mac"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)
_LONGEST: Final = 60


def named(agent: str) -> str:
    """The browser and the system of a User-Agent; the beginning of it where neither is known."""
    browser = next((name for sign, name in _BROWSERS if sign in agent), "")
    system = next((name for sign, name in _SYSTEMS if sign in agent), "")
    return ", ".join(filter(None, (browser, system))) or clean(agent, longest=_LONGEST) or "?"
