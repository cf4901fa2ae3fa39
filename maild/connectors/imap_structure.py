"""The files in a message, as BODYSTRUCTURE tells them (RFC 3501 section 7.4.2).

A hint for the rules of a mailbox and nothing more: what is really in a message is seen when it is
read. Names are as they were sent, encoded words and all.
"""

from __future__ import annotations

from typing import Any, Final

from maild.model.mailbox import Named

MAX_FILES: Final = 200
MAX_DEPTH: Final = 20
MAX_NAME: Final = 1_000


def files_in(structure: Any) -> tuple[Named, ...]:
    """Every part with a name, in the order of the message; none for a structure that makes no sense."""
    found: list[Named] = []
    _walk(structure, found, depth=0)
    return tuple(found[:MAX_FILES])


def _walk(part: Any, found: list[Named], *, depth: int) -> None:
    if not isinstance(part, list | tuple) or not part or depth > MAX_DEPTH:
        return
    if isinstance(part[0], list):  # imapclient gives the parts of a multipart as a list
        for inner in part[0][:MAX_FILES]:
            _walk(inner, found, depth=depth + 1)
        return
    if len(part) < 7 or not isinstance(part[0], bytes) or not isinstance(part[1], bytes):
        return
    kind = f"{part[0].decode('ascii', 'replace')}/{part[1].decode('ascii', 'replace')}".lower()
    name = _named(part)
    if name or kind == "message/rfc822":
        found.append(Named(name or "", kind, part[6] if isinstance(part[6], int) else 0))
    if kind == "message/rfc822" and len(part) > 8:
        _walk(part[8], found, depth=depth + 1)


def _named(part: Any) -> str:
    """The name in the disposition, else in the type; where they stand depends on the type."""
    dispositions = [
        one[1]
        for one in part[7:]
        if isinstance(one, tuple) and len(one) == 2 and isinstance(one[0], bytes)
    ]
    for parameters, key in [*((one, "filename") for one in dispositions), (part[2], "name")]:
        if name := _parameter(parameters, key):
            return name
    return ""


def _parameter(parameters: Any, key: str) -> str:
    if not isinstance(parameters, tuple):
        return ""
    for name, value in zip(parameters[::2], parameters[1::2], strict=False):
        if (
            isinstance(name, bytes)
            and isinstance(value, bytes)
            and name.decode("ascii", "replace").lower().rstrip("*01") == key
        ):
            return value.decode("utf-8", "replace")[:MAX_NAME]
    return ""
