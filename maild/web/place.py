"""Where a request comes from: its network, coarse enough to keep and fine enough to recognise."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from starlette.requests import Request

from maild.config.values import Network

_MOST_HOPS = 20


def place_of(request: Request, *, proxies: Sequence[Network]) -> str:
    """The /24 or /64 of the sender, such as "192.0.2.0/24"; behind a proxy we trust, of who asked it."""
    peer = _address(request.client.host if request.client else "")
    hops = [hop.strip() for hop in request.headers.get("x-forwarded-for", "").split(",")]
    for hop in reversed(hops[-_MOST_HOPS:]):
        # Each proxy appends whom it heard: the first that is none of ours is the sender.
        if peer is None or not any(peer in network for network in proxies):
            break
        peer = _address(hop) or peer
    if peer is None:
        return "unknown"
    return str(ip_network(f"{peer}/{24 if peer.version == 4 else 64}", strict=False))


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None
