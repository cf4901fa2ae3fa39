"""One function per business event; no other file spells an event name.

Every event is listed in docs/operations.md. Levels: INFO a change of state that a person may have
to reconstruct; WARNING it will be tried again; ERROR a person must act; DEBUG the rest. Subjects,
bodies, amounts and secrets are never fields.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping, MutableMapping
from datetime import timedelta
from typing import Any, Final, TextIO

import structlog

_log: structlog.stdlib.BoundLogger = structlog.get_logger("maild")

_SECRET_KEYS: Final = ("password", "secret", "token", "authorization")


def configure(*, level: str = "info", form: str = "auto", stream: TextIO | None = None) -> None:
    """Send events to `stream` (standard error): "console", "json", or "auto" (console on a TTY)."""
    out = stream or sys.stderr
    readable = form == "console" or (form == "auto" and out.isatty())
    renderer: Any = (
        structlog.dev.ConsoleRenderer(colors=out.isatty())
        if readable
        else structlog.processors.JSONRenderer(default=str)
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _readable_fields,
            _redact,
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            getattr(logging, level.upper(), logging.INFO)
        ),
        logger_factory=structlog.PrintLoggerFactory(out),
        cache_logger_on_first_use=False,
    )


def _readable_fields(_: Any, __: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    for key in [key for key, value in event.items() if value is None]:
        del event[key]
    for key, value in event.items():
        if isinstance(value, timedelta):
            event[key] = round(value.total_seconds(), 3)
    return event


def _redact(_: Any, __: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    for key in event:
        if any(word in key.lower() for word in _SECRET_KEYS):
            event[key] = "***"
    return event


# The way in.


def arrival_accepted(
    *, team: str, documents: list[str], door: str, peer: str | None, size: int, took: float
) -> None:
    """Something came in and is stored; `took` in seconds until the commit."""
    _log.info(
        "arrival.accepted",
        team=team,
        documents=documents,
        door=door,
        peer=peer,
        size=size,
        took=round(took, 4),
    )


def arrival_repeated(*, team: str, document: str, door: str) -> None:
    """The same content came again; it is kept once."""
    _log.info("arrival.repeated", team=team, document=document, door=door)


def arrival_refused(
    *, team: str | None, door: str, peer: str | None, code: str, reason: str
) -> None:
    """Something was refused, by name."""
    _log.info("arrival.refused", team=team, door=door, peer=peer, code=code, reason=reason)


def rules_decided(*, team: str, document: str, kind: str, deliveries: int, held: int) -> None:
    """The rules said where a document goes."""
    _log.info(
        "rules.decided", team=team, document=document, kind=kind, deliveries=deliveries, held=held
    )


def review_decided(*, team: str, document: str, verdict: str) -> None:
    """A person decided about a document whose number was known with other content."""
    _log.info("review.decided", team=team, document=document, verdict=verdict)


def door_failed(*, door: str, incident: str, error: BaseException) -> None:
    """A fault of ours at a door; the sender was told to try again."""
    _log.error("door.failed", door=door, incident=incident, exc_info=error)


def door_slowed(*, door: str, peer: str | None, reason: str) -> None:
    """A client was cut or slowed down: too slow, too many errors or connections, wrong logins."""
    _log.warning("door.slowed", door=door, peer=peer, reason=reason)


# The way out.


def delivery_handed_over(
    *,
    team: str,
    delivery: str,
    document: str | None,
    connector: str,
    attempt: int,
    reply: str,
    took: float,
) -> None:
    """The next server took it; no more is known."""
    _log.info(
        "delivery.handed_over",
        team=team,
        delivery=delivery,
        document=document,
        connector=connector,
        attempt=attempt,
        reply=reply,
        took=round(took, 4),
    )


def delivery_deferred(
    *, team: str, delivery: str, connector: str, attempt: int, reply: str, until: object
) -> None:
    """Not now; it will be tried again at `until`."""
    _log.warning(
        "delivery.deferred",
        team=team,
        delivery=delivery,
        connector=connector,
        attempt=attempt,
        reply=reply,
        until=until,
    )


def delivery_uncertain(*, team: str, delivery: str, connector: str, reply: str) -> None:
    """The bytes left and no reply came; it may have arrived."""
    _log.warning(
        "delivery.uncertain", team=team, delivery=delivery, connector=connector, reply=reply
    )


def delivery_failed(
    *, team: str, delivery: str, document: str | None, connector: str, reply: str
) -> None:
    """It will not be tried again by itself; the team is told."""
    _log.error(
        "delivery.failed",
        team=team,
        delivery=delivery,
        document=document,
        connector=connector,
        reply=reply,
    )


def delivery_held(
    *,
    team: str,
    delivery: str,
    code: str,
    reason: str,
    incident: str | None = None,
    error: BaseException | None = None,
) -> None:
    """It waits for a person; with `error` it is a fault of ours."""
    write = _log.error if error else _log.warning
    write(
        "delivery.held",
        team=team,
        delivery=delivery,
        code=code,
        reason=reason,
        incident=incident,
        exc_info=error,
    )


def delivery_superseded(*, delivery: str) -> None:
    """A lane woke after its lease was taken; it changed nothing."""
    _log.warning("delivery.superseded", delivery=delivery)


def connector_paused(*, connector: str, until: object, reply: str) -> None:
    """A whole connector rests; its deliveries wait, uncharged."""
    _log.warning("connector.paused", connector=connector, until=until, reply=reply)


def outbox_took_back(*, deliveries: int, uncertain: int) -> None:
    """Leases of a process that is gone were taken back."""
    _log.warning("outbox.took_back", deliveries=deliveries, uncertain=uncertain)


def pdf_degraded(*, document: str | None, reason: str) -> None:
    """A PDF was made without its PDF/A claim, so that the invoice is not blocked."""
    _log.error("pdf.degraded", document=document, reason=reason)


def child_lost(*, job: str, reason: str) -> None:
    """A child process died or was killed; its job failed and it was replaced."""
    _log.warning("child.lost", job=job, reason=reason)


# The daemon.


def daemon_starting(*, version: str, config: str, sqlite: str) -> None:
    """The daemon read its configuration and starts its services."""
    _log.info("daemon.starting", version=version, config=config, sqlite=sqlite)


def daemon_ready(*, smtpd: list[str], teams: int, took: float) -> None:
    """Every door is open; `took` in seconds since the start."""
    _log.info("daemon.ready", smtpd=smtpd, teams=teams, took=round(took, 3))


def daemon_draining(*, signal: str) -> None:
    """Doors close; what is on the wire may finish."""
    _log.info("daemon.draining", signal=signal)


def daemon_stopped(*, code: int) -> None:
    """The daemon ended."""
    _log.info("daemon.stopped", code=code)


def service_failed(*, service: str, error: BaseException, again_in: float) -> None:
    """One service failed; it starts again, the others go on."""
    _log.error("service.failed", service=service, again_in=again_in, exc_info=error)


def store_broken(*, reason: str) -> None:
    """A write could not be made durable; the daemon ends, since the state on disk is unknown."""
    _log.error("store.broken", reason=reason)


def book_reloaded(*, teams: int, changed: list[str]) -> None:
    """Teams and rules were read again."""
    _log.info("book.reloaded", teams=teams, changed=changed)


def book_kept(*, problems: list[str]) -> None:
    """The new configuration is wrong; the old rules stay."""
    _log.error("book.kept", problems=problems)


def team_went_live(*, team: str, released: int) -> None:
    """Shadow mode ended for a team."""
    _log.info("team.went_live", team=team, released=released)


def clock_failed(*, schedule: str, error: BaseException) -> None:
    """A schedule's job failed; it is tried again at the next tick."""
    _log.error("clock.failed", schedule=schedule, exc_info=error)
