"""The door in the tongue of a mail server beside us: LMTP (RFC 2033), one reply a recipient.

Everything else is the SMTP dialogue. A mail server hands each mail over once for several of our
addresses, and hears for each of them what became of it; so companies may share a mail here.
"""

from __future__ import annotations

from maild.intake.smtp_session import Client


class LmtpClient(Client):
    """The dialogue with one mail server."""

    door = "lmtp"
    answers_each = True

    async def smtp_LHLO(self, hostname: str) -> None:  # noqa: N802 - the engine finds it by this name
        """The greeting (RFC 2033 section 4.1)."""
        await super().smtp_EHLO(hostname)

    async def smtp_EHLO(self, _hostname: str) -> None:  # noqa: N802 - the same
        """No greeting of LMTP, which is to be refused."""
        await self.push("502 5.5.1 This is LMTP; begin with LHLO")

    smtp_HELO = smtp_EHLO  # noqa: N815 - the same
