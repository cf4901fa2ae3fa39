"""What the protocol engine asks during a dialogue, passed on to those who decide.

The engine finds these methods by their names: handle_COMMAND and auth_MECHANISM.
"""

from __future__ import annotations

import base64
from typing import Any

from aiosmtpd.smtp import AuthResult, Session

from maild.intake.replies import reply
from maild.intake.smtp_admission import Admission
from maild.intake.smtp_gate import Caller, Envelop


class Hooks:
    """What the engine asks its handler, passed on to the admission."""

    def __init__(self, client: Caller, admission: Admission) -> None:
        self._client = client
        self._admission = admission

    async def handle_EHLO(  # noqa: N802 - the engine's name and arguments
        self, _server: Any, session: Session, _envelope: Any, hostname: str, responses: list[str]
    ) -> list[str]:
        """What the server can, with what the engine does not say by itself."""
        session.host_name = hostname
        kept = [one for one in responses if one[4:].strip() not in {"HELP", "AUTH"}]
        # One reply in one packet: the engine would send each line on its own.
        return ["\r\n".join([*kept, "250-PIPELINING", "250 ENHANCEDSTATUSCODES"])]

    async def handle_MAIL(  # noqa: N802 - the same
        self, _server: Any, _session: Any, envelope: Envelop, address: str, options: list[str]
    ) -> str:
        """The sender."""
        null = address == "<>"
        answer = _fit(address, envelope) or await self._admission.mail(
            self._client, "" if null else address
        )
        if answer.startswith("2"):
            envelope.mail_from = address
            envelope.mail_options.extend(options)
        return answer

    async def handle_RCPT(  # noqa: N802 - the same
        self, _server: Any, _session: Any, envelope: Envelop, address: str, options: list[str]
    ) -> str:
        """A recipient."""
        if len(envelope.rcpt_tos) >= self._client.limits.max_recipients:
            return reply("452 4.5.3", "Too many recipients in one mail")
        answer = _fit(address, envelope) or await self._admission.recipient(self._client, address)
        if answer.startswith("2"):
            envelope.rcpt_tos.append(address)
            envelope.rcpt_options.extend(options)
        return answer

    async def handle_RSET(self, *_: Any) -> str:  # noqa: N802 - the same
        """Forget the mail so far."""
        return "250 2.0.0 OK"

    async def handle_NOOP(self, *_: Any) -> str:  # noqa: N802 - the same
        """Nothing."""
        return "250 2.0.0 OK"

    async def handle_QUIT(self, *_: Any) -> str:  # noqa: N802 - the same
        """The end."""
        return "221 2.0.0 Bye"

    async def auth_PLAIN(self, server: Caller, args: list[str]) -> AuthResult:  # noqa: N802 - the same
        """RFC 4616: nothing, name and password in one go, NUL between them."""
        given = await _initial(server, args, prompt="")
        pieces = given.split(b"\0") if given is not None else []
        if given is None:
            return AuthResult(success=False, handled=True)
        if len(pieces) != 3:
            await server.push("501 5.5.2 The login is not readable")
            return AuthResult(success=False, handled=True)
        return await _login(server, self._admission, name=pieces[1], password=pieces[2])

    async def auth_LOGIN(self, server: Caller, args: list[str]) -> AuthResult:  # noqa: N802 - the same
        """The older way: name, then password."""
        name = await _initial(server, args, prompt="User Name\0")
        password = None if name is None else await _challenged(server, "Password\0")
        if name is None or password is None:
            return AuthResult(success=False, handled=True)
        return await _login(server, self._admission, name=name, password=password)


async def _initial(server: Caller, args: list[str], *, prompt: str) -> bytes | None:
    """The first answer of the client, given with the command or asked for; None: it was told why."""
    if len(args) == 1:
        return await _challenged(server, prompt)
    try:
        return b"" if args[1] == "=" else base64.b64decode(args[1], validate=True)
    except ValueError:
        await server.push("501 5.5.2 The login is not readable (base64)")
        return None


async def _challenged(server: Caller, prompt: str) -> bytes | None:
    answer = await server.challenge_auth(prompt)
    return answer if isinstance(answer, bytes) else None


async def _login(
    server: Caller, admission: Admission, *, name: bytes, password: bytes
) -> AuthResult:
    if await admission.login(server, name.decode("utf-8", "replace"), password):
        return AuthResult(success=True)
    server.wrong_passwords += 1
    if server.wrong_passwords >= 3:  # mail.md 6.1
        server.hang_up(reply("421 4.7.0", "Too many wrong passwords"))
        return AuthResult(success=False, handled=True)
    return AuthResult(
        success=False, handled=False, message="535 5.7.8 Name or password is not right"
    )


def _fit(address: str, envelope: Envelop) -> str | None:
    """A refusal for an address that the dialogue cannot carry, or None."""
    if any("\ud800" <= one <= "\udfff" or not one.isprintable() for one in address):
        return reply("553 5.1.3", "The address is not readable")
    if not address.isascii() and not envelope.smtp_utf8:
        return reply("553 5.6.7", "An address with such letters needs SMTPUTF8 in MAIL")
    return None
