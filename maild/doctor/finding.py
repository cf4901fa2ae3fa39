"""One thing that was looked at: how it is, and what to do where it is not good. No looking here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

from maild.model.said import Said

Level = Literal["good", "note", "warning", "error"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found. `records` are lines for a DNS zone, ready to paste.

    An error keeps mail from leaving, arriving or being believed, or will soon; a warning may. A note
    is something that only a person can look at.
    """

    area: str  # "connector", "dns", "disk", ...
    about: str  # which one
    level: Level
    said: str
    next: str = ""
    records: tuple[str, ...] = ()

    def json(self) -> dict[str, Any]:
        """It for programs."""
        return {
            "area": self.area,
            "about": self.about,
            "level": self.level,
            "said": self.said,
            "next": self.next,
            "records": list(self.records),
        }


PUBLISH: Final = Said("publish", "publish")


def dns(
    domain: str, level: Level, said: str, *, next_: str = "", records: tuple[str, ...] = ()
) -> Finding:
    """What was found about the records of a domain."""
    return Finding("dns", domain, level, said, next=next_, records=records)


def txt(name: str, value: str) -> str:
    """A TXT record as it is pasted into a zone; a text over 255 octets in several strings.

    Source: RFC 1035 section 3.3.14.
    """
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    strings = [f'"{escaped[at : at + 255]}"' for at in range(0, len(escaped), 255)]
    return f"{name}. IN TXT {' '.join(strings)}"
