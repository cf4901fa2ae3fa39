"""The calls of CodaBox's API V2: onboarding, clients, feeds. Nothing is kept here.

Source: codabox_and_peppol.md B2; every call has the software company's id, and all but the first two
the login of one client.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from ssl import SSLContext, create_default_context
from typing import Any, Final
from urllib.parse import quote

from maild.connectors.http_call import Answer, Ask, Cross, call
from maild.errors import MaildError, Unavailable

LARGEST_FILE: Final = 35_000_000  # octets, as of a mail
_ERROR: Final = "/detail"


class NotLetIn(MaildError):
    """CodaBox does not, or no more, take this login; its own words."""


class Denied(MaildError):
    """CodaBox says no to what was asked; its own words."""


@dataclass(frozen=True, slots=True)
class Login:
    """User and password of one client of CodaBox."""

    username: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Api:
    """Where CodaBox is, and who asks."""

    url: str
    software_company: str
    ca_file: Path | None = None

    async def request_token(self, number: str) -> None:
        """Have CodaBox mail a token to the company of that number (BE and ten digits).

        Raises Denied with the reason, Unavailable.
        """
        body = {"json": {"vat": number}}
        await self._good("POST", "request-access-token/invoicing-software/", body=body)

    async def credentials(self, token: str) -> Login:
        """Turn a mailed token into a login; it works once. Raises Denied, Unavailable."""
        answer = await self._good("GET", f"get-credentials/{quote(token, safe='')}/")
        username, password = answer.at("/username"), answer.at("/password")
        if not username or not password:
            raise Unavailable("CodaBox answers the token without a login")
        return Login(username, password)

    async def numbers(self, login: Login) -> tuple[str, ...]:
        """The enterprise numbers that a login is for. Raises NotLetIn, Denied, Unavailable."""
        found = (await self._good("GET", "clients/", login=login)).value
        ones = found if isinstance(found, list) else _listed(found, "results")
        entities = (one.get("legal_entity") for one in ones if isinstance(one, dict))
        return tuple(
            str(one.get("enterprise_num", "")) for one in entities if isinstance(one, dict)
        )

    async def look(self, login: Login) -> Mapping[str, Any]:
        """The feeds of a login and how often they may be asked. Raises as `numbers`."""
        found = (await self._good("GET", "delivery/pod-client/", login=login)).value
        if not isinstance(found, dict):
            raise Unavailable("CodaBox answers something that is no list of feeds")
        return found

    async def entries(self, login: Login, feed: int) -> list[Mapping[str, Any]]:
        """What lies in a feed and was not acknowledged. Raises as `numbers`."""
        found = (await self._good("GET", f"delivery/feed/{feed}/", login=login)).value
        if not isinstance(found, dict):
            raise Unavailable("CodaBox answers something that is no feed")
        return [one for one in _listed(found, "feed_entries") if isinstance(one, dict)]

    async def download(self, login: Login, index: str, form: str) -> bytes:
        """A document of a feed in one of its formats. Raises as `numbers`."""
        path = f"delivery/download/{quote(index, safe='')}/{quote(form, safe='')}/"
        answer = await self._good("GET", path, login=login, longest=LARGEST_FILE)
        if answer.is_page:
            raise Unavailable("CodaBox answers with a page for people instead of a file")
        return answer.content

    async def acknowledge(self, login: Login, feed: int, index: str) -> None:
        """Say that everything up to an entry is safe here. Raises as `numbers`."""
        body = {"json": {"feed_offset": index}}
        await self._good("PUT", f"delivery/feed/{feed}/", login=login, body=body)

    async def send(
        self,
        method: str,
        path: str,
        *,
        login: Login,
        headers: Mapping[str, str],
        body: Mapping[str, Any],
        cross: Cross,
    ) -> Answer:
        """Hand a document over; the answer, whatever it says. Raises Unavailable, Doubtful."""
        ask = await self._ask(method, path, login=login, headers=headers, body=body)
        return await call(ask, cross=cross)

    async def get(self, path: str, *, login: Login) -> Answer:
        """The answer to a question, whatever it says. Raises Unavailable."""
        return await call(await self._ask("GET", path, login=login, body={}), within=60.0)

    async def _good(
        self,
        method: str,
        path: str,
        *,
        login: Login | None = None,
        body: Mapping[str, Any] | None = None,
        longest: int | None = None,
    ) -> Answer:
        ask = await self._ask(method, path, login=login, body=body or {}, longest=longest)
        answer = await call(ask, within=60.0)
        if 200 <= answer.status < 300 and not answer.is_page:
            return answer
        said = answer.words(_ERROR)
        if login is not None and answer.status in {401, 403}:
            raise NotLetIn(said)
        if 400 <= answer.status < 500 and answer.status not in {408, 425, 429}:
            raise Denied(said)
        raise Unavailable(f"CodaBox answers {said}", retry_after=answer.retry_after)

    async def _ask(
        self,
        method: str,
        path: str,
        *,
        login: Login | None = None,
        headers: Mapping[str, str] | None = None,
        body: Mapping[str, Any],
        longest: int | None = None,
    ) -> Ask:
        more = {} if longest is None else {"longest": longest}
        return Ask(
            method,
            self.url.rstrip("/") + "/" + path,
            {"X-Software-Company": self.software_company, **(headers or {})},
            (login.username, login.password) if login else None,
            body,
            await asyncio.to_thread(_context, self.ca_file) if self.ca_file else None,
            **more,
        )


def _listed(found: Any, name: str) -> list[Any]:
    ones = found.get(name) if isinstance(found, dict) else None
    return ones if isinstance(ones, list) else []


def _context(path: Path) -> SSLContext:
    try:
        return create_default_context(cafile=str(path))
    except OSError as fault:  # ssl.SSLError is one
        raise Unavailable(f"ca_file: {path} cannot be used ({fault})") from fault
