"""[alarm]: how a person is reached on the day that mail itself is dead, and what is worth it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any, Literal

from pydantic import Field, model_validator

from maild.config.section import Address, NonEmpty, Section
from maild.config.values import Duration, Endpoint, MaybePath, Size
from maild.errors import KeyProblem, did_you_mean


class Alarms(Section):
    """[alarm]: roads to a person, tried in this order until one works, and what rings."""

    webhook: Endpoint = ""
    webhook_form: Literal["json", "text"] = "json"
    webhook_token_file: MaybePath = None
    command: tuple[NonEmpty, ...] = ()
    relay: str = ""
    to: tuple[Address, ...] = Field(default=(), max_length=20)
    sender: Address | Literal[""] = Field(default="", alias="from")
    stuck_after: Duration = timedelta(hours=1)
    disk_free: Size = 1_000_000_000
    repeat: Duration = timedelta(days=1)

    @model_validator(mode="after")
    def _whole(self) -> Alarms:
        if bool(self.relay) != bool(self.to):
            raise ValueError(
                "relay and to belong together: a [connector.smtp.NAME], and the addresses it reaches"
            )
        if self.webhook_token_file and not self.webhook:
            raise ValueError("webhook_token_file needs a webhook that it lets us into")
        return self


def found_between(tables: Mapping[str, Any]) -> Iterator[KeyProblem]:
    """What the section alone does not show: a relay that is no connector."""
    alarm, connectors = tables.get("alarm"), tables.get("connector")
    relay = alarm.get("relay") if isinstance(alarm, dict) else None
    smtp = connectors.get("smtp") if isinstance(connectors, dict) else None
    names = list(smtp) if isinstance(smtp, dict) else []
    if isinstance(relay, str) and relay and relay not in names:
        hint = did_you_mean(relay, names)
        yield KeyProblem("alarm.relay", f'there is no connector "{relay}"{hint}')
