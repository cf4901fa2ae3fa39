"""How events are written: their form, their level, what never leaves. The events have their own modules.

One function per business event; no file outside this package spells an event name.

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

LOG: Final[structlog.stdlib.BoundLogger] = structlog.get_logger("maild")

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
