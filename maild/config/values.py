"""Values of the configuration that carry units or have a shape: durations, sizes, addresses to bind.

Each reader takes what stands in the file and raises ValueError with a sentence for a person.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Annotated, Any, Final
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, PlainSerializer, PlainValidator

from maild.model.rate import Rate, read_rate

_SECONDS: Final = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
# SI and IEC prefixes as they are written: a vendor's "20 MB" is 20,000,000 bytes.
_BYTES: Final = {
    "b": 1,
    "kb": 1000,
    "mb": 1000**2,
    "gb": 1000**3,
    "kib": 1024,
    "mib": 1024**2,
    "gib": 1024**3,
}
LONGEST: Final = timedelta(days=3650)
FIRST_RETRY: Final = timedelta(minutes=5)
RETRY_CAP: Final = timedelta(hours=4)

Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class Listen:
    """An address to bind; port 0 lets the system choose a free one."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def duration(value: Any) -> timedelta:
    """Read a duration such as "30s", "15m" or "1h30m"; more than nothing, at most ten years."""
    if isinstance(value, timedelta):
        return value
    text = value.replace(" ", "").lower() if isinstance(value, str) else ""
    if not re.fullmatch(r"(?:[0-9]{1,9}(?:ms|[smhdw]))+", text):
        raise ValueError(
            f'write a duration with its unit, such as "30s", "15m" or "5d", not {_shown(value)}'
        )
    parts = re.findall(r"([0-9]+)(ms|[smhdw])", text)
    seconds = sum(int(number) * _SECONDS[unit] for number, unit in parts)
    if not 0 < seconds <= LONGEST.total_seconds():
        raise ValueError(f"{_shown(value)} is not between a moment and ten years")
    return timedelta(seconds=seconds)


def duration_text(value: timedelta) -> str:
    """A duration as it is written in a file, such as "1h20m"; the opposite of `duration`."""
    left, text = round(value / timedelta(milliseconds=1)), ""
    for unit in ("d", "h", "m", "s", "ms"):
        count, left = divmod(left, round(_SECONDS[unit] * 1000))
        text += f"{count}{unit}" if count else ""
    return text


def retries(value: Any) -> tuple[timedelta, ...]:
    """Read the pauses between tries: one that doubles up to four hours, or a list as it is.

    The last pause repeats. Source: RFC 5321 section 4.5.4.1 (at least 30 minutes between tries
    after the first ones, give up after 4 to 5 days).
    """
    if isinstance(value, tuple):
        return value
    if isinstance(value, list):
        if not value:
            raise ValueError('write at least one pause, such as ["5m", "30m", "4h"]')
        return tuple(duration(one) for one in value)
    pauses = [duration(value)]
    while pauses[-1] < RETRY_CAP:
        pauses.append(min(pauses[-1] * 2, RETRY_CAP))
    return tuple(pauses)


def rate(value: Any) -> Rate | None:
    """Read how many in how long, such as "30/m"; "" is as many as there are."""
    if value is None or isinstance(value, Rate):
        return value
    return None if value == "" else read_rate(str(value))


def size(value: Any) -> int:
    """Read a size such as "25MB" (25,000,000 bytes), "512kB" or "10MiB"; a bare number is bytes."""
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return value
    text = value.replace(" ", "").lower() if isinstance(value, str) else ""
    match = re.fullmatch(r"([0-9]{1,12})([kmg]?i?b)?", text)
    if not match or match[2] == "ib" or not int(match[1]):
        raise ValueError(f'write a size with its unit, such as "25MB", not {_shown(value)}')
    return int(match[1]) * _BYTES[match[2] or "b"]


def listens(value: Any) -> tuple[Listen, ...]:
    """Read one address to listen on, or a list of them; an empty list keeps the door shut."""
    if isinstance(value, tuple):
        return value
    return tuple(listen(one) for one in (value if isinstance(value, list) else [value]))


def listen(value: Any) -> Listen:
    """Read an address with its port: "127.0.0.1:2525", "[::1]:25" or "localhost:0"."""
    match = re.fullmatch(
        r"\[([0-9a-fA-F:.]+)\]:([0-9]{1,5})|([^\s:\[\]]+):([0-9]{1,5})", str(value)
    )
    if not isinstance(value, str) or not match:
        raise ValueError(
            f'write an address and a port, such as "127.0.0.1:2525" or "[::1]:2525", not {_shown(value)}'
        )
    host, port = match[1] or match[3], int(match[2] or match[4])
    if port > 65535:
        raise ValueError(f"{_shown(value)}: ports end at 65535")
    return Listen(host, port)


def lmtp(value: Any) -> Listen | Path | None:
    """Read where LMTP is spoken: an address with its port, the path of a socket, or "" for nowhere."""
    if value is None or isinstance(value, Listen | Path):
        return value
    if isinstance(value, str) and value.startswith("/"):
        # sys/un.h: the kernel keeps 108 bytes for it, the last one for the end.
        if len(value.encode()) > 107:
            raise ValueError(f"{_shown(value)} is too long for a socket; at most 107 bytes")
        return Path(value)
    return None if value == "" else listen(value)


def resolvers(value: Any) -> tuple[Listen, ...]:
    """Read the addresses of name servers, such as "9.9.9.9" or "127.0.0.1:5353"; the port is 53."""
    if isinstance(value, tuple):
        return value
    return tuple(_resolver(one) for one in (value if isinstance(value, list) else [value]))


def _resolver(value: Any) -> Listen:
    text = value if isinstance(value, str) else ""
    try:
        ip_address(text)
    except ValueError:
        pass
    else:
        return Listen(text, 53)
    try:
        found = listen(value)
        ip_address(found.host)
    except ValueError:
        raise ValueError(
            f'write the address of a name server, such as "9.9.9.9" or "127.0.0.1:5353", not {_shown(value)}'
        ) from None
    return found


def networks(value: Any) -> tuple[Network, ...]:
    """Read a list of networks or addresses, such as ["127.0.0.0/8", "192.0.2.7"]."""
    if isinstance(value, tuple):
        return value
    found = []
    for one in value if isinstance(value, list) else [value]:
        try:
            found.append(ip_network(one if isinstance(one, str) else "", strict=False))
        except ValueError:
            raise ValueError(
                f'write networks such as "127.0.0.0/8" or "192.0.2.7", not {_shown(one)}'
            ) from None
    return tuple(found)


def fits_a_token(address: str) -> bool:
    """Whether a return address has room for a token behind its name (RFC 5321: 64 octets), or is empty."""
    local = address.rpartition("@")[0]
    return "+" not in local and len(local.encode()) <= 20


def is_loopback(host: str) -> bool:
    """Whether a host name or address can only mean this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        # RFC 6761 section 6.3: localhost and names under it are loopback.
        name = host.lower().rstrip(".")
        return name == "localhost" or name.endswith(".localhost")


def endpoint(value: str) -> str:
    """An address that secrets are sent to, or fetched from: nobody may listen on the way."""
    parts = urlsplit(value)
    if not value or (parts.scheme == "https" and parts.hostname):
        return value
    if parts.scheme == "http" and is_loopback(parts.hostname or ""):
        return value
    raise ValueError(f'"{value}" is no https address; http is accepted for loopback only')


def _shown(value: Any) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value).lower()


# Each is shown, in `maild schema config`, as it is written in a file.
# An empty text is no file, so that every key can stand in a file with its default.
MaybePath = Annotated[
    Path | None,
    BeforeValidator(lambda value: None if value == "" else value, json_schema_input_type=str),
    PlainSerializer(lambda path: str(path or ""), return_type=str),
]
Duration = Annotated[
    timedelta,
    PlainValidator(duration, json_schema_input_type=str),
    PlainSerializer(duration_text, return_type=str),
]
Retries = Annotated[
    tuple[timedelta, ...],
    PlainValidator(retries, json_schema_input_type=str | list[str]),
    PlainSerializer(lambda pauses: [duration_text(one) for one in pauses], return_type=list[str]),
]
MaybeRate = Annotated[
    Rate | None,
    PlainValidator(rate, json_schema_input_type=str),
    PlainSerializer(lambda value: str(value or ""), return_type=str),
]
Size = Annotated[int, PlainValidator(size, json_schema_input_type=int | str)]
Listens = Annotated[
    tuple[Listen, ...],
    PlainValidator(listens, json_schema_input_type=str | list[str]),
    PlainSerializer(lambda values: [str(one) for one in values], return_type=list[str]),
]
Lmtp = Annotated[
    Listen | Path | None,
    PlainValidator(lmtp, json_schema_input_type=str),
    PlainSerializer(lambda value: str(value or ""), return_type=str),
]
Resolvers = Annotated[
    tuple[Listen, ...],
    PlainValidator(resolvers, json_schema_input_type=str | list[str]),
    PlainSerializer(lambda values: [str(one) for one in values], return_type=list[str]),
]
Networks = Annotated[
    tuple[Network, ...],
    PlainValidator(networks, json_schema_input_type=str | list[str]),
    PlainSerializer(lambda values: [str(one) for one in values], return_type=list[str]),
]
Endpoint = Annotated[str, AfterValidator(endpoint)]
