"""The three things that are asked of a token endpoint, and the answers as values. Authlib asks.

Nothing is kept here, and nothing decided about refusals.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any, Final

from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import AsyncOAuth2Client

from maild.connectors.http import calling, client_options
from maild.connectors.oauth_providers import Account
from maild.errors import MaildError, Unavailable
from maild.model.token import Token

# RFC 6749 appendix A.12: printable ASCII. It goes into a line of SMTP or IMAP, where anything else
# would be a command. RFC 4954 section 4.3 lets a line have 12,288 octets of base64.
_TOKEN: Final = re.compile(r"[\x21-\x7e]{1,9000}")
_USUAL_LIFE: Final = timedelta(hours=1)  # where the answer does not say; it should, section 5.1
_LONGEST_LIFE: Final = timedelta(days=1)
_LONGEST_WORDS: Final = 300
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")

Now = Callable[[], datetime]


class Refused(MaildError):
    """The provider said no: its error code, and its sentence for people."""

    def __init__(self, error: str, words: str) -> None:
        self.error, self.words = error, words
        super().__init__(f"{error}: {words}")


async def refresh(account: Account, token: Token, *, now: Now) -> Token:
    """Spend a refresh token; the new tokens. Raises Refused, or Unavailable when nothing was said."""
    async with _client(account) as client:
        said = await client.refresh_token(account.token_url, refresh_token=token.refresh)
    return _token(account, said, now=now, before=token)


async def redeem(account: Account, *, now: Now, **grant: str) -> Token:
    """Turn a consent (a code, a device code) into tokens. Raises Refused, Unavailable."""
    async with _client(account) as client:
        said = await client.fetch_token(account.token_url, **grant)
    return _token(account, said, now=now, before=None)


async def ask_for_device(account: Account) -> dict[str, Any]:
    """The answer of the device endpoint (RFC 8628 section 3.2). Raises Refused, Unavailable."""
    async with _client(account) as client:
        form = {"client_id": account.client_id, "scope": " ".join(account.scopes)}
        response = await client.post(account.device_url, data=form, auth=None)
        said: Any = response.json()
        if not isinstance(said, dict):
            response.raise_for_status()
            raise ValueError("its answer is no JSON object")  # noqa: TRY004 - a fault of theirs
        if "error" in said:
            raise OAuthError(said["error"], said.get("error_description"))
    return said


@asynccontextmanager
async def _client(account: Account) -> AsyncIterator[AsyncOAuth2Client]:
    """A client for one call; every fault of it is one of ours."""
    secret = await asyncio.to_thread(_secret, account)
    place = f"{account.label} ({account.token_url})"
    client = AsyncOAuth2Client(
        client_id=account.client_id,
        client_secret=secret,
        # In the body, where both providers and Exact Online want it (libraries.md section 1).
        token_endpoint_auth_method="client_secret_post" if secret else "none",
        scope=" ".join(account.scopes),
        redirect_uri=account.redirect_uri,
        code_challenge_method="S256",
        **client_options(),
    )
    try:
        async with calling(place), client:
            yield client
    except OAuthError as fault:
        words = _plain(str(fault.description or fault.error))
        raise Refused(_plain(str(fault.error)), words) from fault
    except ValueError as fault:
        raise Unavailable(f"{place} did not answer as a token endpoint does: {fault}") from fault


def _secret(account: Account) -> str | None:
    if account.client_secret_file is None:
        return None
    try:
        return account.client_secret_file.read_text(encoding="utf-8").strip() or None
    except (OSError, UnicodeDecodeError) as fault:
        raise Unavailable(
            f"account.{account.name}.client_secret_file: {account.client_secret_file}"
            f" cannot be read ({fault})"
        ) from fault


def _token(account: Account, said: Any, *, now: Now, before: Token | None) -> Token:
    access, given = said.get("access_token"), said.get("refresh_token")
    if not isinstance(access, str) or not _TOKEN.fullmatch(access):
        raise Unavailable(f"{account.label} gave no access token that can be used")
    if given is not None and not isinstance(given, str):
        raise Unavailable(f"{account.label} gave a refresh token that is no text")
    moment = now()
    return Token(
        access=access,
        # Google gives one at the first consent and no other: the old one stays good.
        refresh=given or (before.refresh if before else None),
        expires_at=moment + _life(said.get("expires_in")),
        obtained_at=moment,
        consented_at=before.consented_at if before else moment,
        scope=_plain(str(said.get("scope") or "")),
    )


def _life(said: Any) -> timedelta:
    try:
        return min(max(timedelta(seconds=int(said)), timedelta(0)), _LONGEST_LIFE)
    except (TypeError, ValueError, OverflowError):
        return _USUAL_LIFE


def _plain(text: str) -> str:
    """One line, of a length that people read."""
    return _CONTROL.sub(" ", text)[:_LONGEST_WORDS].strip()
