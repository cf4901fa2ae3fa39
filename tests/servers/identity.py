"""A strict stand-in for the sign-in servers of Microsoft 365 and Google, on loopback.

It refuses what they refuse: a foreign client, unknown scopes, a secret in a header, a code used
twice or without its verifier, a device code asked for too often, a refresh token used twice (which
ends the whole chain). `complaints` lists what a real one would punish. A mail server asks it about
tokens at `/introspect`, as Dovecot does. Sources: RFC 6749, 7636, 8628, 9700; mail.md 1.2.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

from tests.servers.ports import LOOPBACK

SCOPES = "mail.send mail.read offline_access"
CODE_SECONDS = 60.0
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
GZIP = b"\x1f\x8b"
_FORM = "application/x-www-form-urlencoded"
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")  # RFC 7636 section 4.1

Form = dict[str, str]


@dataclass
class Chain:
    """One consent: whose, and the tokens that came of it."""

    address: str
    live: bool = True
    refresh: str = ""
    spent: set[str] = field(default_factory=set)
    given: list[str] = field(default_factory=list)
    access: dict[str, float] = field(default_factory=dict)  # token: until when


@dataclass
class Device:
    """A device code that waits for its person."""

    user_code: str
    until: float
    interval: float
    asked_at: float
    address: str = ""  # who said yes
    declined: bool = False


class Refusal(Exception):
    """An OAuth error with its HTTP status."""

    def __init__(self, error: str, description: str = "", *, status: int = 400) -> None:
        super().__init__(error)
        self.answer = {"error": error, "error_description": description or f"{error}."}
        self.status = status


class Identity:
    """One provider with one registered client. Attributes may be changed while it runs."""

    def __init__(
        self, *, client_id: str = "maild-client", client_secret: str = "", port: int = 0
    ) -> None:
        self.client_id, self.client_secret = client_id, client_secret
        self.redirect_uri = "http://localhost"
        self.access_seconds = 3600.0
        self.device_seconds, self.device_interval = 900.0, 5.0
        self.rotates = True  # Microsoft does, Google gives one refresh token for good
        self.complaints: list[str] = []
        self.asked: list[tuple[str, Form]] = []
        self.broken: list[Callable[[], tuple[int, bytes]]] = []  # answers in place of the next ones
        self.lose_answers = 0  # so many answers are made, and never arrive
        self._chains: list[Chain] = []
        self._codes: dict[str, tuple[Form, str, float]] = {}
        self._devices: dict[str, Device] = {}
        self._ahead = 0.0
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer((LOOPBACK, port), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    # The server.

    def start(self) -> None:
        """Listen on a free port."""
        self._thread.start()

    def stop(self) -> None:
        """End it; waits for its thread."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        """Its address without a path."""
        return f"http://{LOOPBACK}:{self.port}"

    def settings(self) -> dict[str, str]:
        """The keys of an account's section that lead here."""
        return {
            "client_id": self.client_id,
            "authorize_url": f"{self.url}/authorize",
            "device_url": f"{self.url}/device",
            "token_url": f"{self.url}/token",
        }

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self._ahead += seconds

    # The person at the browser.

    def approve(self, url: str, address: str) -> str:
        """Say yes at the page that maild named; where the browser ends."""
        asked = dict(parse_qsl(urlsplit(url).query))
        with self._lock:
            self._check_authorize(asked)
            code = secrets.token_urlsafe(24)
            self._codes[code] = (asked, address, self._now() + CODE_SECONDS)
        return f"{asked['redirect_uri']}/?{urlencode({'code': code, 'state': asked['state']})}"

    def approve_device(self, user_code: str, address: str) -> None:
        """Type the code in and say yes."""
        with self._lock:
            self._device(user_code).address = address

    def decline_device(self, user_code: str) -> None:
        """Type the code in and say no."""
        with self._lock:
            self._device(user_code).declined = True

    def revoke(self, address: str) -> None:
        """End every consent of this mailbox, as its owner or an administrator does."""
        for chain in self._of(address):
            chain.live = False

    def expire_access(self, address: str) -> None:
        """End its access tokens early, before the time that maild was told."""
        for chain in self._of(address):
            chain.access.clear()

    def secrets(self) -> list[str]:
        """Every token that it ever gave."""
        with self._lock:
            return [one for chain in self._chains for one in (*chain.given, chain.refresh)]

    def refreshes(self) -> int:
        """How often a refresh token came in."""
        return sum(form.get("grant_type") == "refresh_token" for _, form in self.asked)

    # What is asked.

    def introspect(self, token: str) -> tuple[int, dict[str, str]]:
        """Whose a token is, in the words that Dovecot expects."""
        with self._lock:
            for chain in self._chains:
                if chain.live and chain.access.get(token, 0) > self._now():
                    return 200, {"active": "true", "username": chain.address}
        return 401, {"active": "false"}

    def answer(self, path: str, form: Form, *, headers: Form) -> tuple[int, bytes] | None:
        """The answer to a POST; None when it is lost on the way."""
        with self._lock:
            self.asked.append((path, form))
            if self.broken:
                return self.broken.pop(0)()
            try:
                status, said = 200, self._answer(path, form, headers)
            except Refusal as refusal:
                status, said = refusal.status, dict(refusal.answer)
            if self.lose_answers:
                self.lose_answers -= 1
                return None
            return status, json.dumps(said).encode()

    def _answer(self, path: str, form: Form, headers: Form) -> dict[str, object]:
        if "authorization" in headers:
            self.complaints.append("client authentication in a header")
            raise Refusal("invalid_client", status=401)
        if headers.get("content-type", "").partition(";")[0] != _FORM:
            self.complaints.append(f"content type {headers.get('content-type')}")
            raise Refusal("invalid_request")
        if form.get("client_id") != self.client_id:
            raise Refusal("unauthorized_client")
        if path == "/device":
            return self._new_device(form)
        if self.client_secret and form.get("client_secret") != self.client_secret:
            raise Refusal("invalid_client", "AADSTS7000215: Invalid client secret.", status=401)
        grants = {
            "authorization_code": self._by_code,
            DEVICE_GRANT: self._by_device,
            "refresh_token": self._by_refresh,
        }
        grant = grants.get(form.get("grant_type", ""))
        if grant is None:
            raise Refusal("unsupported_grant_type")
        return grant(form)

    def _new_device(self, form: Form) -> dict[str, object]:
        self._check_scope(form)
        code, user_code = secrets.token_urlsafe(24), secrets.token_hex(4).upper()
        now = self._now()
        until = now + self.device_seconds
        self._devices[code] = Device(user_code, until, self.device_interval, now)
        return {
            "device_code": code,
            "user_code": user_code,
            "verification_uri": f"{self.url}/devicelogin",
            "expires_in": self.device_seconds,
            "interval": self.device_interval,
        }

    def _by_device(self, form: Form) -> dict[str, object]:
        device = self._devices.get(form.get("device_code", ""))
        if device is None:
            raise Refusal("bad_verification_code")
        early = self._now() < device.asked_at + device.interval
        device.asked_at = self._now()
        if self._now() > device.until:
            raise Refusal("expired_token")
        if early:
            device.interval += 5  # RFC 8628 section 3.5
            raise Refusal("slow_down")
        if device.declined:
            raise Refusal("access_denied", "The person said no.")
        if not device.address:
            raise Refusal("authorization_pending")
        del self._devices[form["device_code"]]
        return self._tokens(self._new_chain(device.address))

    def _by_code(self, form: Form) -> dict[str, object]:
        asked, address, until = self._codes.pop(form.get("code", ""), ({}, "", 0.0))
        verifier = form.get("code_verifier", "")
        digest = hashlib.sha256(verifier.encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if self._now() > until:
            raise Refusal("invalid_grant", "The code has expired or was used before.")
        if not _VERIFIER.fullmatch(verifier) or challenge != asked["code_challenge"]:
            raise Refusal("invalid_grant", "The verifier does not fit.")
        if form.get("redirect_uri") != asked["redirect_uri"]:
            raise Refusal("invalid_grant", "The redirect address differs.")
        return self._tokens(self._new_chain(address))

    def _by_refresh(self, form: Form) -> dict[str, object]:
        token = form.get("refresh_token", "")
        for chain in self._chains:
            if token in chain.spent:
                self.complaints.append("a refresh token used twice")
                chain.live = False
            if chain.live and token == chain.refresh:
                return self._tokens(chain)
        raise Refusal("invalid_grant", "AADSTS50173: The grant was revoked. Log in again.")

    def _tokens(self, chain: Chain) -> dict[str, object]:
        access = f"at.{secrets.token_urlsafe(900)}"  # as long as real ones
        chain.access[access] = self._now() + self.access_seconds
        chain.given.append(access)
        said: dict[str, object] = {
            "token_type": "Bearer",
            "access_token": access,
            "expires_in": str(int(self.access_seconds)),
            "scope": SCOPES,
        }
        if self.rotates or not chain.refresh:
            if chain.refresh:
                chain.spent.add(chain.refresh)
                chain.given.append(chain.refresh)
            chain.refresh = f"rt.{secrets.token_urlsafe(48)}"
            said["refresh_token"] = chain.refresh
        return said

    def _check_authorize(self, asked: Form) -> None:
        assert asked.get("response_type") == "code"
        assert asked.get("client_id") == self.client_id
        assert asked.get("redirect_uri") == self.redirect_uri
        assert asked.get("code_challenge_method") == "S256"
        assert len(asked.get("code_challenge", "")) == 43
        assert len(asked.get("state", "")) >= 22  # 128 bits and more
        self._check_scope(asked)

    def _check_scope(self, form: Form) -> None:
        asked = set(form.get("scope", "").split())
        if not asked or not asked <= set(SCOPES.split()):
            raise Refusal("invalid_scope")

    def _new_chain(self, address: str) -> Chain:
        self._chains.append(Chain(address))
        return self._chains[-1]

    def _of(self, address: str) -> list[Chain]:
        with self._lock:
            return [chain for chain in self._chains if chain.address == address]

    def _device(self, user_code: str) -> Device:
        return next(one for one in self._devices.values() if one.user_code == user_code)

    def _now(self) -> float:
        return time.monotonic() + self._ahead


def _handler(identity: Identity) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        # HTTP/1.0: no connection outlives its answer, or the provider of the test before would answer.

        def do_GET(self) -> None:
            asked = urlsplit(self.path)
            token = parse_qs(asked.query).get("token", [""])[0]
            status, said = identity.introspect(token)
            self._send(status, json.dumps(said).encode())

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            headers = {name.lower(): value for name, value in self.headers.items()}
            answer = identity.answer(self.path, dict(parse_qsl(body)), headers=headers)
            if answer is None:
                return
            self._send(*answer)

        def _send(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            if body.startswith(GZIP):
                self.send_header("Content-Encoding", "gzip")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler
