"""What a webhook of Exact Online carries, signed as it is. Nothing is sent: a client is shown one.

The signature is over the very text of `Content`, so a client has to take it before it parses.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Final

from maild.simulators.exact.world import World

SECRET: Final = "webhook-secret"  # noqa: S105 - of a stand-in


def payload(world: World, topic: str, *, division: int, action: str, key: str) -> bytes:
    """The octets of a call-back about one row."""
    content = json.dumps(
        {
            "Topic": topic,
            "ClientId": "5a4f3ad0-1b6c-4c3e-9a63-7a2c0e6b9f11",
            "Division": division,
            "Action": action,
            "Key": key,
            "ExactOnlineEndpoint": f"{world.url}/api/v1/{division}/{topic}",
            "EventCreatedOn": f"{world.clock.now():%Y-%m-%dT%H:%M:%S.000Z}",
        }
    )
    code = hmac.new(SECRET.encode(), content.encode(), hashlib.sha256).hexdigest().upper()
    return f'{{"Content":{content},"HashCode":"{code}"}}'.encode()
