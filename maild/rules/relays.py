"""What each kind of relay takes, and how a recipient names the place of its own over there.

A relay hands documents over as files and figures, not as mails. One value per kind of connector, as
the sections of the configuration name it: [connector.folder.NAME] is of kind "folder".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Final

from maild.model.team import Attach, Profile
from maild.rules.profiles import BOTH, PAIR, SALES


@dataclass(frozen=True, slots=True)
class Relay:
    """A kind of relay: how it wants its documents, and what an address looks like.

    `wanted` says the form of an address in words, for who wrote another.
    """

    profile: Profile
    address: re.Pattern[str]
    wanted: str


RELAYS: Final[Mapping[str, Relay]] = MappingProxyType(
    {
        "exact": Relay(
            Profile(
                name="exact-online",
                machine=True,
                kinds=BOTH,
                attach=(Attach.PDF, Attach.UBL),
                source="exact_online.md A4; docs/exact.md",
                as_of=date(2026, 11, 24),
                books=True,
                relay=True,
            ),
            address=re.compile(r"[1-9][0-9]{0,9}"),
            wanted='the number of the administration (division), such as "123456"',
        ),
        "folder": Relay(
            Profile(
                name="folder",
                machine=False,
                attach=(Attach.PDF, Attach.UBL, Attach.ATTACHMENTS),
                source="docs/folder.md",
                as_of=date(2026, 11, 24),
                relay=True,
            ),
            # Names of folders only: none that leads out of the connector's own, none that is hidden.
            address=re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*(/[A-Za-z0-9_][A-Za-z0-9._-]*){0,4}"),
            wanted='a folder below the connector\'s own, such as "acme" or "acme/sales"',
        ),
        "http": Relay(
            Profile(
                name="http",
                machine=True,
                books=True,
                attach=PAIR,
                takes=frozenset(PAIR),
                kinds=BOTH,
                source="docs/http.md",
                as_of=date(2026, 11, 24),
                relay=True,
            ),
            address=re.compile(r"[!-~]{1,200}"),
            wanted='what the company is called there, such as "acme" or its number',
        ),
        "codabox": Relay(
            Profile(
                name="codabox",
                machine=True,
                books=True,
                attach=PAIR,
                takes=frozenset(PAIR),
                # It takes no purchases, which it brings itself.
                kinds=SALES,
                source="codabox_and_peppol.md B1, B2",
                as_of=date(2026, 9, 1),
                relay=True,
            ),
            address=re.compile(r"BE[01][0-9]{9}"),
            wanted='the enterprise number of the company, such as "BE0123456749"',
        ),
    }
)

RELAY_PROFILES: Final[Mapping[str, Profile]] = MappingProxyType(
    {one.profile.name: one.profile for one in RELAYS.values()}
)
