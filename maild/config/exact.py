"""Exact Online in the configuration: the sites that an account may be at, and its connectors.

What maild calls there is the business of the connector; no address is tried here.
"""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import AfterValidator, Field

from maild.config.section import NonEmpty, Section
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


class ExactConnector(Section):
    """[connector.exact.NAME]: the way into administrations at Exact Online, by an account's consent.

    The limits are those of the registration in one administration (exact_online.md A3); older
    registrations may have others.
    """

    account: NonEmpty
    calls_a_minute: int = Field(default=60, ge=1, le=1000)
    calls_a_day: int = Field(default=5000, ge=100, le=1_000_000)
    connections: int = Field(default=2, ge=1, le=20)


Site = Annotated[str, AfterValidator(site)]
