"""Colours of a team, kept readable: small text never falls below the contrast that eyes need."""

from __future__ import annotations

import re

# WCAG 2.2, 1.4.3: text below 18 pt needs 4.5 to 1 against its ground.
SMALL_TEXT = 4.5
_HEX = re.compile(r"#[0-9a-fA-F]{6}")

Rgb = tuple[int, int, int]


def readable(colour: str, *, otherwise: str, on: str = "#ffffff") -> str:
    """The colour, darkened as far as small text on `on` asks; `otherwise` when it is no colour."""
    rgb, ground = _rgb(colour if _HEX.fullmatch(colour) else otherwise), _rgb(on)
    while contrast(rgb, ground) < SMALL_TEXT and any(rgb):
        rgb = tuple(int(part * 0.96) for part in rgb)  # type: ignore[assignment]  # still three parts
    return "#{:02x}{:02x}{:02x}".format(*rgb)


def tint(colour: str, *, share: float) -> str:
    """The colour thinned with white: a `share` of it, the rest paper."""
    parts = (round(255 - (255 - part) * share) for part in _rgb(colour))
    return "#{:02x}{:02x}{:02x}".format(*parts)


def contrast(one: Rgb, other: Rgb) -> float:
    """The contrast ratio of two colours, 1 to 21 (WCAG 2.2)."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(rgb: Rgb) -> float:
    """Relative luminance of an sRGB colour (WCAG 2.2)."""
    parts = [part / 255 for part in rgb]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _rgb(colour: str) -> Rgb:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
