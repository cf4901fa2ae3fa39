"""What the texts of a domain say: SPF, DKIM and DMARC records as values, each with what is wrong. Pure.

Sources: RFC 7208 (SPF), RFC 6376 and 8301 (DKIM), RFC 9989 (DMARC).
"""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

from maild.model.said import Said

_TERM: Final = re.compile(r"([+?~-]?)([a-z][a-z0-9_.-]*)(?:([:=/])(\S*))?", re.IGNORECASE)
# RFC 7208 section 4.6.4: each of these costs a question, and there may be ten.
_ASKING: Final = frozenset({"include", "a", "mx", "ptr", "exists", "redirect"})
_KNOWN: Final = _ASKING | {"all", "ip4", "ip6", "exp"}
_WEAK_BITS: Final = 1024  # RFC 8301 section 3.2: less is not believed; 2,048 is what to have
_GOOD_BITS: Final = 2048

Policy = Literal["none", "quarantine", "reject"]


class Wrong(Exception):
    """The record cannot be used; the sentence says why."""


@dataclass(frozen=True, slots=True)
class Term:
    """One word of an SPF record, such as `~all` or `include:spf.example`."""

    qualifier: str
    name: str
    value: str

    @property
    def asks(self) -> bool:
        """Whether it costs one of the ten questions."""
        return self.name in _ASKING

    @property
    def mechanism(self) -> str:
        """It without its qualifier, as it is compared."""
        return f"{self.name}:{self.value.lower()}" if self.value else self.name


@dataclass(frozen=True, slots=True)
class Spf:
    """An SPF record."""

    text: str
    terms: tuple[Term, ...]

    @property
    def ending(self) -> str:
        """The qualifier of `all`; empty where it is missing."""
        return next((one.qualifier for one in self.terms if one.name == "all"), "")

    @property
    def redirect(self) -> str:
        """Where another record takes over, if one does."""
        return next((one.value for one in self.terms if one.name == "redirect"), "")


@dataclass(frozen=True, slots=True)
class Dkim:
    """A public key. `bits` is 0 where the kind of key has one size."""

    kind: str
    bits: int
    testing: bool

    @property
    def weak(self) -> bool:
        """Whether it is shorter than it should be, though it is still believed."""
        return 0 < self.bits < _GOOD_BITS


@dataclass(frozen=True, slots=True)
class Dmarc:
    """A policy: what receivers are asked to do with mail that is not aligned."""

    policy: Policy
    sub_policy: Policy
    strict_spf: bool
    strict_dkim: bool
    boundary: str  # RFC 9989's psd: "y", "n" or "u"


def read_spf(texts: Sequence[str]) -> Spf | None:
    """The SPF record among the texts of a domain; None where there is none. Raises Wrong."""
    found = [one for one in texts if re.match(r"v=spf1( |$)", one, re.IGNORECASE)]
    if not found:
        return None
    if len(found) > 1:
        raise Wrong(_several(len(found), "SPF"))
    terms = []
    for word in found[0].split()[1:]:
        match = _TERM.fullmatch(word)
        name = match[2].lower() if match else ""
        if match is None or (match[3] != "=" and name not in _KNOWN):
            english = f'the SPF record has "{word}", which means nothing'
            raise Wrong(Said("spf_word", english, word=word))
        value = f"/{match[4]}" if match[3] == "/" else match[4] or ""
        terms.append(Term(match[1] or "+", name, value))
    return Spf(found[0], tuple(terms))


def read_dkim(texts: Sequence[str]) -> Dkim | None:
    """The key among the texts at a selector; None where there is none. Raises Wrong."""
    found = [
        tags for one in texts if "p" in (tags := _tags(one)) and tags.get("v", "DKIM1") == "DKIM1"
    ]
    if not found:
        return None
    if len(found) > 1:
        english = f"there are {len(found)} keys at one selector"
        raise Wrong(Said("many_keys", english, many=len(found)))
    [tags] = found
    kind = tags.get("k", "rsa").lower()
    encoded = re.sub(r"\s", "", tags["p"])
    if not encoded:
        raise Wrong(Said("key_revoked", "the key was revoked (p= is empty)"))
    try:
        key = base64.b64decode(encoded, validate=True)
    except ValueError:
        english = "the key (p=) is no base64; was it cut off?"
        raise Wrong(Said("key_cut", english)) from None
    testing = "y" in tags.get("t", "").lower().split(":")
    if kind == "ed25519":
        return Dkim(kind, 0, testing)
    return Dkim(kind, _bits(key), testing)


def read_dmarc(texts: Sequence[str]) -> Dmarc | None:
    """The DMARC record among the texts at `_dmarc`; None where there is none. Raises Wrong."""
    found = [one for one in texts if re.match(r"v\s*=\s*DMARC1\s*(;|$)", one)]
    if len(found) > 1:
        raise Wrong(_several(len(found), "DMARC"))
    if not found:
        return None
    tags = _tags(found[0])
    policy = _policy(tags.get("p", "none"))
    return Dmarc(
        policy=policy,
        sub_policy=_policy(tags["sp"]) if "sp" in tags else policy,
        strict_spf=tags.get("aspf", "r").lower() == "s",
        strict_dkim=tags.get("adkim", "r").lower() == "s",
        boundary=tags.get("psd", "u").lower(),
    )


def spf_with(spf: Spf | None, mechanism: str) -> str:
    """The record to publish: with the mechanism before its end, else a new one."""
    if spf is None:
        # Softly: a domain without a record may have senders that we do not know of.
        return f"v=spf1 {mechanism} ~all"
    words = spf.text.split()
    ends = [
        n for n, one in enumerate(words) if re.match(r"[+?~-]?all$|redirect=", one, re.IGNORECASE)
    ]
    at = ends[0] if ends else len(words)
    return " ".join([*words[:at], mechanism, *words[at:], *([] if ends else ["~all"])])


def _policy(said: str) -> Policy:
    match said.lower():
        case "quarantine":
            return "quarantine"
        case "reject":
            return "reject"
        case "none":
            return "none"
    english = f'the DMARC policy "{said}" is none; write none, quarantine or reject'
    raise Wrong(Said("no_policy", english, text=said))


def _several(many: int, record: str) -> str:
    english = f"there are {many} {record} records, and receivers then take none"
    return Said("many_records", english, many=many, record=record)


def _bits(key: bytes) -> int:
    try:
        public = load_der_public_key(key)
    except (ValueError, UnsupportedAlgorithm):
        english = "the key (p=) is no public key; was it cut off?"
        raise Wrong(Said("key_cut", english)) from None
    if not isinstance(public, RSAPublicKey):
        raise Wrong(Said("key_not_rsa", "the key (p=) is no RSA key"))
    if public.key_size < _WEAK_BITS:
        bits = public.key_size
        english = f"the key has {bits} bits, and receivers believe none under 1,024"
        raise Wrong(Said("key_short", english, bits=bits))
    return public.key_size


def _tags(text: str) -> dict[str, str]:
    """tag=value pairs with semicolons between (RFC 6376 section 3.2); the first of a name counts."""
    found: dict[str, str] = {}
    for part in text.split(";"):
        name, equals, value = part.partition("=")
        if equals:
            found.setdefault(name.strip(), value.strip())
    return found
