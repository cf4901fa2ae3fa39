"""The outside world in small: a Postfix that takes mail for every address, a Dovecot that keeps it."""

from __future__ import annotations

from dataclasses import dataclass

from tests.servers.dovecot import Dovecot, Received
from tests.servers.ports import LOOPBACK
from tests.servers.postfix import Postfix


@dataclass(frozen=True, slots=True)
class MailWorld:
    """What a mail server of a customer, an accountant or a product's inbox would be to us."""

    postfix: Postfix
    dovecot: Dovecot

    @property
    def smtp_port(self) -> int:
        """Where mail for anybody is taken."""
        return self.postfix.port

    def mails(self, address: str) -> list[Received]:
        """What lies in the mailbox of this address now."""
        return self.dovecot.mails(address)

    def wait_for_mails(self, address: str, count: int) -> list[Received]:
        """The mails of this address as soon as there are `count`."""
        return self.dovecot.wait_for_mails(address, count)


def settings_towards(dovecot: Dovecot) -> dict[str, str]:
    """What makes a Postfix hand every mail, whatever its domain, to this Dovecot."""
    return {"default_transport": f"lmtp:inet:{LOOPBACK}:{dovecot.lmtp_port}"}
