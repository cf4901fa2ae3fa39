"""Whom a mail names as its envelope sender: where reports about it go.

The account's address is what every provider takes; a signed address for each delivery tells for sure
which mail a report is about. Which of them a connector may use is its configuration's business.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from maild.model import verp
from maild.model.delivery import Delivery
from maild.model.team import Team
from maild.outbox.message import mailbox
from maild.render.letter import bare_address


@dataclass(frozen=True, slots=True)
class ReturnPath:
    """How one connector names the sender: `address` (empty: the team's own), signed or not."""

    address: str = ""
    signed: bool = False


@dataclass(frozen=True, slots=True)
class ReturnPaths:
    """The return paths of all connectors, and the key that signs them."""

    by_connector: Mapping[str, ReturnPath] = field(default_factory=dict)
    key: bytes = field(default=b"", repr=False)

    def sender(self, delivery: Delivery, team: Team, *, today: date) -> str:
        """The envelope sender of a delivery; notices have one too.

        The null sender belongs to delivery reports (RFC 5321 section 4.5.5), and some servers refuse it
        from anyone else. Raises ProfileMismatch for a wrong address.
        """
        path = self.by_connector.get(delivery.via, ReturnPath())
        address = path.address or bare_address(team.sender)
        if path.signed:
            address = verp.joined(address, verp.token(delivery.id, key=self.key, today=today))
        return mailbox(address)
