"""Finds the pages as a visitor does: by following what they lead to. One address for each route."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field

import httpx2
from starlette.routing import compile_path

from maild.web.site import PAGES

_NAMED = re.compile(r'(?:href|src|action)="(/[^"]*)"')
_ROUTES = [(one.method, one.path, compile_path(one.path)[0]) for one in PAGES]


@dataclass
class Found:
    """What was met: of each route the first address, by method and path; and what is HTML."""

    addresses: dict[tuple[str, str], str] = field(default_factory=dict)
    pages: dict[str, str] = field(default_factory=dict)  # path of the route to an address

    def note(self, address: str) -> list[str]:
        """Keep an address as that of its routes; those to look at that were not met before."""
        path = address.partition("?")[0]
        fresh = []
        for method, route, pattern in _ROUTES:
            if pattern.match(path) and (method, route) not in self.addresses:
                self.addresses[method, route] = address
                fresh += [address] if method == "GET" else []
        return fresh


async def crawl(browser: httpx2.AsyncClient, *, start: str = "/teams") -> Found:
    """Follow everything from `start` on, one address a route. Forms are noted and not sent."""
    found = Found()
    waiting = found.note(start)
    while waiting:
        address = waiting.pop()
        answer = await browser.get(address)
        if answer.status_code != 200 or "text/html" not in answer.headers["content-type"]:
            continue
        route = next(one for one, at in found.addresses.items() if at == address)
        found.pages[route[1]] = address
        for named in _NAMED.findall(answer.text):
            waiting += found.note(html.unescape(named))
    return found
