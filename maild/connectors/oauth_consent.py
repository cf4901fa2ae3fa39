"""Asks a person for consent: a code to type in elsewhere, or a page whose last address is pasted back.

Both ways work where the daemon has no browser. What comes of it is kept by the caller.
Sources: RFC 8628 (device), RFC 7636 (PKCE), RFC 8252 section 7 (native programs).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from authlib.common.security import generate_token
from authlib.integrations.httpx_client import AsyncOAuth2Client

from maild.connectors.oauth_client import Now, Refused, ask_for_device, redeem
from maild.connectors.oauth_providers import Account
from maild.errors import Unavailable, UserError
from maild.model.said import Said
from maild.model.token import Token

_DEVICE_GRANT: Final = "urn:ietf:params:oauth:grant-type:device_code"
_FIRST_INTERVAL: Final = 5.0  # seconds; RFC 8628 section 3.2, where the answer names none
_SLOWER: Final = 5.0  # section 3.5
_LONGEST_WAIT: Final = timedelta(minutes=30)
_LONGEST_PASTE: Final = 16_384

Pause = Callable[[float], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class DeviceQuestion:
    """What to show: go there, type this in, before then."""

    address: str
    code: str
    until: datetime
    interval: float
    device_code: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class PageQuestion:
    """What to show: open this page; the address where the browser ends is the answer."""

    address: str
    state: str = field(repr=False)
    verifier: str | None = field(repr=False)  # None where the provider knows no PKCE


async def ask_by_device(account: Account, *, now: Now) -> DeviceQuestion:
    """Get a code for a person. Raises UserError when the provider does not give one, Unavailable."""
    if not account.device_url:
        raise UserError(
            Said("no_code", f"{account.label} gives no device code", provider=account.label),
            hint=f"`{account.command} --paste` asks in a browser instead",
        )
    try:
        said = await ask_for_device(account)
    except Refused as fault:
        why = f"{fault.words} ({fault.error})"
        english = f"{account.label} gives no device code: {why}"
        raise UserError(
            Said("no_code_since", english, provider=account.label, why=why),
            hint=f"`{account.command} --paste` asks in a browser instead",
        ) from fault
    # Google writes "url" where RFC 8628 has "uri".
    place = said.get("verification_uri") or said.get("verification_url")
    if not all(isinstance(one, str) for one in (said.get("device_code"), said.get("user_code"))):
        raise Unavailable(f"{account.label} gave no device code")
    return DeviceQuestion(
        address=str(place),
        code=said["user_code"],
        device_code=said["device_code"],
        until=now() + min(timedelta(seconds=_number(said, "expires_in", 900)), _LONGEST_WAIT),
        interval=max(1.0, _number(said, "interval", _FIRST_INTERVAL)),
    )


async def wait_for_device(
    account: Account, question: DeviceQuestion, *, now: Now, pause: Pause
) -> Token:
    """Ask now and then until the person has answered. Raises UserError when it ends in no."""
    interval = question.interval
    while now() < question.until:
        await pause(interval)
        try:
            return await redeem(
                account, now=now, grant_type=_DEVICE_GRANT, device_code=question.device_code
            )
        except Unavailable:
            interval += _SLOWER  # section 3.5: a time-out is answered by asking less often
        except Refused as fault:
            if fault.error == "slow_down":
                interval += _SLOWER
            elif fault.error == "expired_token":
                break
            elif fault.error != "authorization_pending":
                raise _no(account, fault) from fault
    raise UserError(
        Said(
            "code_ended",
            f"nobody typed the code in at {account.label} before it ended",
            provider=account.label,
        ),
        hint=f"start anew with `{account.command}`",
    )


def ask_by_page(account: Account) -> PageQuestion:
    """Make the address of the page that asks, with its state and verifier."""
    verifier = generate_token(64) if account.pkce else None
    hint = {"login_hint": account.address} if account.login_hint else {}
    client = AsyncOAuth2Client(
        client_id=account.client_id,
        scope=" ".join(account.scopes),
        redirect_uri=account.redirect_uri,
        code_challenge_method="S256",
    )
    address, state = client.create_authorization_url(
        account.authorize_url,
        code_verifier=verifier,
        **hint,
        **dict(account.extra),
    )
    return PageQuestion(address, state, verifier)


async def redeem_page(account: Account, question: PageQuestion, *, pasted: str, now: Now) -> Token:
    """Turn the address that was pasted back into tokens. Raises UserError, Unavailable."""
    grant = {
        "grant_type": "authorization_code",
        "code": _code(account, question, pasted[:_LONGEST_PASTE]),
    }
    if question.verifier is not None:
        grant["code_verifier"] = question.verifier
    try:
        return await redeem(account, now=now, **grant)
    except Refused as fault:
        raise _no(account, fault) from fault


def _code(account: Account, question: PageQuestion, pasted: str) -> str:
    try:
        said = dict(parse_qsl(urlsplit(pasted.strip().strip("<>\"'")).query))
    except ValueError:
        said = {}
    if "error" in said:
        words = said.get("error_description", said["error"])
        raise _no(account, Refused(said["error"], words))
    if "code" not in said:
        raise UserError(
            Said("no_answer_in_it", "what was pasted holds no answer"),
            hint="paste the whole address of the last page, which begins with"
            f" {account.redirect_uri}",
        )
    if said.get("state") != question.state:
        # An answer to another question: somebody else's consent must not become ours.
        raise UserError(
            Said("other_question", "what was pasted answers another question"),
            hint=f"start anew with `{account.command} --paste`, and use that page",
        )
    return said["code"]


def _no(account: Account, fault: Refused) -> UserError:
    by, of = account.label, account.address
    english = f"{by} gave no consent for {of}"
    if fault.error in {"access_denied", "authorization_declined"}:
        said = Said("said_no", f"{english}: the person said no", provider=by, address=of)
    else:
        why = f"{fault.words} ({fault.error})"
        said = Said("no_consent", f"{english}: {why}", why=why, provider=by, address=of)
    return UserError(said, hint=f"start anew with `{account.command}`")


def _number(said: dict[str, Any], key: str, otherwise: float) -> float:
    try:
        return max(0.0, float(said[key]))
    except (KeyError, TypeError, ValueError):
        return otherwise
