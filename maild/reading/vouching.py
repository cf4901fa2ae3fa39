"""What a mail server says of who sent a mail: Authentication-Results (RFC 8601), read with caution.

Anybody can write that header, so it counts only where the configuration names the server that added
it. Nothing is verified here: no DNS, no signatures.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

# Exchange Online writes the header without the name of a server; this word stands for it.
MICROSOFT: Final = "microsoft"
MAX_RESULTS: Final = 40

_COMMENT: Final = re.compile(r"\([^()]*\)")
_RESULT: Final = re.compile(r"([a-z][a-z0-9-]*)(?:/\d+)?\s*=\s*([a-z]+)", re.IGNORECASE)
_PROPERTY: Final = re.compile(
    r"([a-z][a-z0-9-]*\.[a-z][a-z0-9_-]*)\s*=\s*(\"[^\"]*\"|[^\s;]+)", re.IGNORECASE
)
_PASSED: Final = frozenset({"pass", "bestguesspass"})


@dataclass(frozen=True, slots=True)
class _Result:
    """One check: "dkim", "pass", and what it was about."""

    method: str
    said: str
    about: tuple[tuple[str, str], ...]

    def domains(self, *names: str) -> Iterator[str]:
        for name, value in self.about:
            if name in names:
                yield value.strip('"').rpartition("@")[2].lower().rstrip(".")


def vouched(values: Sequence[str], *, domain: str, trusted: Collection[str]) -> bool | None:
    """Whether a trusted server says that a mail really is from that domain; None when none says so or not.

    `values` are the header's, the topmost first: what our own server added stands above what came
    with the mail. Of each check the topmost counts.
    """
    results = _by_method(_results(values, trusted=frozenset(one.lower() for one in trusted)))
    domain = domain.lower().rstrip(".")
    dmarc = [one.said for one in results.get("dmarc", ())]
    compound = [one.said for one in results.get("compauth", ())]
    if "fail" in (*dmarc, *compound):
        return False
    for one in results.get("dmarc", ()):
        if one.said in _PASSED and all(
            _aligned(each, domain) for each in one.domains("header.from")
        ):
            return True
    if "pass" in compound:
        return True
    names = {"dkim": ("header.d", "header.i"), "spf": ("smtp.mailfrom",)}
    for method, keys in names.items():
        for one in results.get(method, ()):
            if one.said == "pass" and any(_aligned(each, domain) for each in one.domains(*keys)):
                return True
    return None


def _results(values: Sequence[str], *, trusted: frozenset[str]) -> Iterator[list[_Result]]:
    """The checks of each header that a trusted server wrote."""
    for value in values:
        text = _without_comments(value)
        server, _, rest = text.partition(";")
        if "=" in server:
            server, rest = MICROSOFT, text
        if server.split()[:1] and server.split()[0].lower() in trusted:
            yield list(_read(rest))


def _read(text: str) -> Iterator[_Result]:
    for piece in text.split(";")[:MAX_RESULTS]:
        found = _RESULT.match(piece.strip())
        if found:
            about = tuple((m[1].lower(), m[2]) for m in _PROPERTY.finditer(piece))
            yield _Result(found[1].lower(), found[2].lower(), about)


def _by_method(headers: Iterable[list[_Result]]) -> dict[str, list[_Result]]:
    """The checks by their method; a header further down adds none that one above it made."""
    known: dict[str, list[_Result]] = {}
    for results in headers:
        new: dict[str, list[_Result]] = {}
        for one in results:
            new.setdefault(one.method, []).append(one)
        known = new | known
    return known


def _aligned(checked: str, domain: str) -> bool:
    """Whether two domains belong together: equal, or one inside the other (RFC 7489 section 3.1)."""
    if not checked or "." not in checked:
        return False
    return checked == domain or checked.endswith(f".{domain}") or domain.endswith(f".{checked}")


def _without_comments(text: str) -> str:
    for _ in range(5):  # comments nest, though seldom
        text, changed = _COMMENT.subn(" ", text)
        if not changed:
            break
    return text
