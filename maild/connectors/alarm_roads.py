"""The roads on which a person is told of an alarm: a webhook, a command, a mail by a relay.

Each takes a call or says in words why not; which is tried, and when again, is decided in `watch`.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import httpx2

from maild.connectors.http import calling, client_options
from maild.errors import DeliveryError, Unavailable
from maild.model.alarm import Call
from maild.model.delivery import Parcel
from maild.ports import Connector

COMMAND_SECONDS: Final = 30.0
MAIL_SECONDS: Final = 120.0  # for one address: an alarm does not wait ten minutes for a reply


@dataclass(frozen=True, slots=True)
class Webhook:
    """POSTs to a URL: our JSON, or as ntfy wants it, the text with title and priority beside it."""

    url: str
    form: str = "json"
    token_file: Path | None = None
    name: str = "webhook"

    async def tell(self, call: Call) -> None:
        """POST once. Raises Unavailable for every answer but 2xx."""
        # Only the host is named: the rest of such a URL is often a secret.
        place = f"the webhook at {urlsplit(self.url).hostname}"
        headers = {"Title": call.title, "Priority": "default" if call.test else "urgent"}
        if self.token_file:
            token = await asyncio.to_thread(_token, self.token_file)
            headers["Authorization"] = f"Bearer {token}"
        if self.form == "json":
            body = json.dumps(as_json(call)).encode()
            headers["Content-Type"] = "application/json"
        else:
            body = call.text.encode()
            headers["Content-Type"] = "text/plain; charset=utf-8"
        async with calling(place), httpx2.AsyncClient(**client_options()) as client:
            answer = await client.post(self.url, content=body, headers=headers)
            if not answer.is_success:
                raise Unavailable(f"{place} answers {answer.status_code} {answer.reason_phrase}")


@dataclass(frozen=True, slots=True)
class Command:
    """Runs a program, without a shell, with the call as JSON on its standard input."""

    argv: Sequence[str]
    seconds: float = COMMAND_SECONDS
    name: str = "command"

    async def tell(self, call: Call) -> None:
        """Run it to its end. Raises Unavailable when it cannot start, is too slow, or says no."""
        quiet = asyncio.subprocess.DEVNULL
        try:
            process = await asyncio.create_subprocess_exec(
                *self.argv,
                stdin=asyncio.subprocess.PIPE,
                stdout=quiet,
                stderr=quiet,
                start_new_session=True,
            )
        except (OSError, ValueError) as fault:
            raise Unavailable(f"{self.argv[0]} cannot be run: {fault}") from fault
        try:
            async with asyncio.timeout(self.seconds):
                await process.communicate(json.dumps(as_json(call)).encode() + b"\n")
        except TimeoutError as fault:
            raise Unavailable(f"{self.argv[0]} did not end within {self.seconds:g} s") from fault
        finally:
            await _ended(process)
        if process.returncode:
            raise Unavailable(
                f"{self.argv[0]} ended with {process.returncode}; run it by hand to see why"
            )


@dataclass(frozen=True, slots=True)
class Relay:
    """Mails it, by a connector that should be another than the one that may be dead."""

    connector: Connector
    sender: str
    to: Sequence[str]
    name: str = "relay"

    async def tell(self, call: Call) -> None:
        """Mail to everybody; one who is reached is enough. Raises DeliveryError when nobody is."""
        faults: list[DeliveryError] = []
        for address in self.to:
            parcel = Parcel(call.id, self.sender, address, mail(call, self.sender, to=address))
            try:
                async with asyncio.timeout(MAIL_SECONDS):
                    await self.connector.deliver(parcel, point_of_no_return=_nothing)
            except TimeoutError:
                faults.append(Unavailable(f"no answer within {MAIL_SECONDS:g} s"))
            except DeliveryError as fault:
                faults.append(fault)
        if len(faults) == len(self.to):
            raise faults[0]


def mail(call: Call, sender: str, *, to: str) -> bytes:
    """A call as a message; no program answers it (RFC 3834 section 5)."""
    message = EmailMessage(policy=SMTP)
    message["From"], message["To"], message["Subject"] = sender, to, call.title
    message["Date"] = format_datetime(call.at)
    message["Message-ID"] = f"<{call.id}@{sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(call.text, cte="quoted-printable")
    return message.as_bytes()


def as_json(call: Call) -> dict[str, Any]:
    """A call as a program reads it; `text` and `title` say it all to one that looks no further."""
    return {
        "title": call.title,
        "text": call.text,
        "host": call.host,
        "at": call.at.isoformat(),
        "test": call.test,
        "total": len(call.alarms),
        "alarms": [
            {"key": one.key, "reason": one.reason, "since": one.opened_at.isoformat()}
            for one in call.named
        ],
    }


def _token(path: Path) -> str:
    try:
        token = path.read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as fault:
        raise Unavailable(f"alarm.webhook_token_file: {path} cannot be read: {fault}") from fault
    # Looked at here, since a client that refuses a header repeats it in its complaint.
    if not (token.isascii() and token.isprintable() and token and " " not in token):
        raise Unavailable(f"alarm.webhook_token_file: {path} does not hold one word")
    return token


async def _ended(process: asyncio.subprocess.Process) -> None:
    """Nothing that the command started is left behind."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    await process.wait()


async def _nothing() -> None:
    """An alarm that is told twice does no harm: there is nothing to write down before the dot."""
