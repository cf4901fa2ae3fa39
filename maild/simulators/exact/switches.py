"""What nobody knows for sure of the real service, as switches: a client has to pass both ways.

Each one stands for an open point of the field notes; the defaults are what most sources say.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

# Characters that a property holds, as far as anybody assumes; the field lists say nothing.
LENGTHS: Final = {"YourRef": 30, "Description": 60, "Name": 50, "Subject": 200, "FileName": 255}


class Language(StrEnum):
    """The language of the user, in which the service explains itself."""

    NL = "nl"
    EN = "en"
    FR = "fr"


@dataclass(slots=True)
class Switches:
    """May be changed while the stand-in runs."""

    consent: str = "approve"  # or "deny": what the person does at the consent page
    early_refresh_status: int = 400  # or 401
    early_refresh_burns: bool = False  # whether a refresh that came too early spends its token
    old_chain_access: bool = True  # whether access tokens outlive a second consent
    old_token_error: str = "invalid_grant"  # noqa: S105 - the code beside "Old refresh token used"
    read_only: str = "ignored"  # or "refused": a read-only property in a POST
    client_keys: bool = False  # whether a key that the client chose is honoured
    entry_number: str = "next"  # or "refused": what a number that is taken brings
    bare_arrays: bool = True  # whether $top without $inlinecount answers a bare array
    guarded_lists: bool = True  # whether lists without $select, $filter or $top=1 are refused
    returns_posted: bool = False  # whether a POST answers whole rows without `Prefer`
    headers_on_errors: bool = True  # whether an error answer tells the rates
    block_status: int = 403  # or 429: what a blocked key gets
    quota_counts: frozenset[int] = field(
        default_factory=lambda: frozenset({400, 401, 403, 404, 500})
    )
    quota_grows: bool = True  # whether each block lasts longer than the last
    negative_is_credit: bool = True  # whether lines below zero make a credit note (Type 21, 31)
    long_texts: str = "refused"  # or "cut": what is longer than its field, see `LENGTHS`
    retry_after: bool = False  # whether a 429 carries that header
    attachment_limit: int | None = None  # octets of one file
    language: Language = Language.EN
