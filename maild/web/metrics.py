"""GET /metrics, in the text format of Prometheus: a query over the tables each time, no counters anywhere.

It is told to who has the token, and without one to programs of this machine that do not come through
a proxy. Source: Prometheus text exposition format 0.0.4; OpenMetrics 1.0 for the names of units.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Awaitable, Callable, Iterator, Sequence
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from maild.app import App
from maild.model.overview import Day

MEDIA_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_PROXIED: Final = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")
Endpoint = Callable[[Request], Awaitable[Response]]
Sample = tuple[dict[str, str], float]


def measured(app: App) -> Endpoint:
    """The figures, or 404 for whoever may not see them."""

    async def answer(request: Request) -> Response:
        if not (_is_local(request) or await _has_token(app, request)):
            return PlainTextResponse("Not Found\n", 404)
        status, today = await app.oversight.figures()
        return PlainTextResponse("".join(_lines(status, today)), media_type=MEDIA_TYPE)

    return answer


def _lines(status: dict[str, Any], today: Day) -> Iterator[str]:
    """Every figure with its help and type."""
    queue = status["queue"]
    yield from _gauge("maild_info", "The version.", [({"version": status["version"]}, 1)])
    states = [({"state": name}, n) for name, n in queue.items() if name != "oldest_seconds"]
    yield from _gauge("maild_deliveries", "Deliveries in each state.", states)
    oldest = queue["oldest_seconds"] or 0
    yield from _gauge("maild_oldest_due_seconds", "How long the oldest waits.", [({}, oldest)])
    undecided = status["undecided"]
    yield from _gauge("maild_undecided", "Mails kept and not read yet.", [({}, undecided)])
    yield from _gauge("maild_came_today", "Documents since 00:00 UTC.", [({}, today.came)])
    away = today.turned_away
    yield from _gauge("maild_turned_away_today", "Refused at the door since then.", [({}, away)])
    resting = [({"connector": each["connector"]}, 1.0) for each in status["paused"]]
    yield from _gauge("maild_connector_rests", "Connectors that rest.", resting)
    dead = [({"mailbox": each["mailbox"]}, float(each["dead"])) for each in status["mailboxes"]]
    yield from _gauge("maild_mailbox_dead", "Whether a mailbox cannot be read.", dead)
    consents = [({"account": a["account"]}, float(bool(a["trouble"]))) for a in status["accounts"]]
    yield from _gauge("maild_account_needs_consent", "Whether a person has to say yes.", consents)
    yield from _gauge("maild_alarms", "Alarms that stand.", [({}, len(status["alarms"]))])
    yield from _gauge(
        "maild_stopped", "Addresses that get nothing.", [({}, len(status["stopped"]))]
    )


def _gauge(name: str, said: str, samples: Sequence[Sample]) -> Iterator[str]:
    yield f"# HELP {name} {said}\n# TYPE {name} gauge\n"
    for labels, value in samples:
        inside = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels.items())
        yield f"{name}{f'{{{inside}}}' if inside else ''} {value:g}\n"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _is_local(request: Request) -> bool:
    """From this machine, under a name of this machine, and not passed on by a proxy."""
    if any(name in request.headers for name in _PROXIED):
        return False
    host = urlsplit(f"//{request.headers.get('host', '')}").hostname or ""
    return _is_loopback(request.client.host if request.client else "") and (
        host == "localhost" or _is_loopback(host)
    )


def _is_loopback(text: str) -> bool:
    try:
        return ip_address(text).is_loopback
    except ValueError:
        return False


async def _has_token(app: App, request: Request) -> bool:
    path = app.settings.web.metrics_token_file
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if path is None or scheme.lower() != "bearer":
        return False
    token = (await asyncio.to_thread(path.read_text, "utf-8")).strip()
    return bool(token) and hmac.compare_digest(given.strip().encode(), token.encode())
