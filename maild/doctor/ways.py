"""The ways out of maild and the consents behind them: reached, logged in, given, running out.

Every connector is tried as for a delivery, and nothing is sent.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from maild.config.settings import Account, Settings
from maild.doctor.finding import Finding
from maild.errors import ConsentNeeded, DeliveryError, MaildError
from maild.model.team import Team
from maild.ports import Connector
from maild.store.tokens import Standing

SECONDS: Final = 60.0  # for one connector, whole
# Microsoft ends a refresh token that was not used for 90 days, and some policies earlier.
LONG_UNUSED: Final = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class _Way:
    """A connector as its section describes it: where it leads, how it logs in, whom to ask."""

    section: str
    place: str
    login: str
    operator: str


async def connectors(
    settings: Settings, every: Mapping[str, Connector], *, used: frozenset[str]
) -> list[Finding]:
    """Try every connector at once."""
    tried = [_try(name, way, every[name], used=used) for name, way in _ways(settings)]
    return list(await asyncio.gather(*tried))


def _ways(settings: Settings) -> Iterator[tuple[str, _Way]]:
    configured = settings.connector
    for name, one in configured.smtp.items():
        login = {"xoauth2": "XOAUTH2", "password": "password" if one.username else "no login"}
        yield (
            name,
            _Way(
                f"connector.smtp.{name}",
                f"{one.host}:{one.port}",
                f" {one.tls}, {login[one.auth]}, accepted",
                f"ask the operator of {one.host}",
            ),
        )
    for name, exact in configured.exact.items():
        site = settings.account[exact.account].site
        operator = "see docs/exact.md"
        yield name, _Way(f"connector.exact.{name}", site, " lets us in", operator)
    for name, folder in configured.folder.items():
        place = str(folder.path)
        way = _Way(f"connector.folder.{name}", place, " can be written", "look at its rights")
        yield name, way
    for name, http in configured.http.items():
        way = _Way(f"connector.http.{name}", http.url, " answers", "ask who runs it")
        yield name, way
    for name, codabox in configured.codabox.items():
        way = _Way(f"connector.codabox.{name}", codabox.url, " lets us in", "ask api@codabox.com")
        yield name, way


async def _try(name: str, way: _Way, connector: Connector, *, used: frozenset[str]) -> Finding:
    began = time.monotonic()
    try:
        async with asyncio.timeout(SECONDS):
            await connector.check()
    except TimeoutError:
        said, hint = f"{way.place} does not answer", "look at host and port, and at firewalls"
        return Finding("connector", name, "error", said, next=hint)
    except ConsentNeeded as fault:
        return Finding("connector", name, "error", fault.reply, next="give the consent as it says")
    except DeliveryError as fault:
        hint = f"correct [{way.section}], or {way.operator}"
        return Finding("connector", name, "error", fault.reply, next=hint)
    except (MaildError, OSError) as fault:
        return Finding("connector", name, "error", f"{way.place}: {fault}", next="correct it")
    finally:
        await connector.close()
    said = f"{way.place}{way.login} ({time.monotonic() - began:.1f} s)"
    if name not in used:
        said += "; no recipient uses it"
    return Finding("connector", name, "good", said)


def accounts(
    configured: Mapping[str, Account], standings: Mapping[str, Standing], *, now: datetime
) -> Iterator[Finding]:
    """How the consent of each account stands."""
    for name, account in configured.items():
        standing = standings.get(name)
        command = f"maild connect {account.provider} {account.team} --account {name}"
        if standing is None or standing.consented_at is None or standing.obtained_at is None:
            said = f"{account.address} gave no consent yet"
            yield Finding("account", name, "error", said, next=command)
        elif standing.trouble:
            said = f"the consent of {account.address} is gone: {standing.trouble}"
            yield Finding("account", name, "error", said, next=command)
        elif now - standing.obtained_at > LONG_UNUSED:
            said = f"the consent was last used on {standing.obtained_at:%Y-%m-%d} and may be gone"
            yield Finding("account", name, "warning", said, next="run the daemon, which uses it")
        else:
            said = f"{account.address} gave consent on {standing.consented_at:%Y-%m-%d}"
            yield Finding("account", name, "good", said)


def inboxes(teams: Iterable[Team]) -> Iterator[Finding]:
    """What has to be set up in the software behind each inbox, which maild cannot look at."""
    for team in teams:
        for one in team.recipients:
            if one.profile.hint:
                about = f"{team.slug}.{one.name}"
                said = f"{one.profile.name} at {one.address}, mail from {team.sender}"
                yield Finding("inbox", about, "note", said, next=one.profile.hint)


def used_by(teams: Iterable[Team]) -> frozenset[str]:
    """The connectors that any team uses."""
    return frozenset(
        via
        for team in teams
        for via in (team.via, team.notices_via, *(one.via for one in team.recipients))
        if via
    )
