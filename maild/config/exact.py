"""Exact Online in the configuration: the sites that an account may be at.

What maild calls there is the business of the connector; no address is tried here.
"""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import AfterValidator

from maild.config.values import endpoint
from maild.errors import did_you_mean

# exact_online.md A1: hosts that working clients name, and two (fr, es) by their pattern.
SITES: Final = {
    "nl": "https://start.exactonline.nl",
    "be": "https://start.exactonline.be",
    "de": "https://start.exactonline.de",
    "uk": "https://start.exactonline.co.uk",
    "fr": "https://start.exactonline.fr",
    "es": "https://start.exactonline.es",
}
SITE_WANTED: Final = f"write one of {', '.join(SITES)}, or the address of the site"


def site(value: str) -> str:
    """The address of a site, without a slash behind, from its country or its address."""
    if not value or value in SITES:
        return SITES.get(value, "")
    if "/" not in value:
        hint = did_you_mean(value, SITES)
        raise ValueError(f'"{value}" is no site of Exact Online{hint}; {SITE_WANTED}')
    return endpoint(value).rstrip("/")


Site = Annotated[str, AfterValidator(site)]
