"""Signs the body of a call, so that whoever is called knows that it is ours, whole, and of now.

Source: Standard Webhooks 1.0, "Verifying webhook authenticity": HMAC-SHA256 over id, time and body.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from typing import Final

from maild.errors import Unavailable

_PREFIX: Final = "whsec_"  # what follows it is base64; a secret without it is taken as it is


def signature(body: bytes, *, secret: str, called: str, at: int) -> dict[str, str]:
    """The three headers; `called` is the same at every try, `at` is in Unix seconds. Raises Unavailable."""
    content = b".".join((called.encode(), str(at).encode(), body))
    digest = hmac.new(_key(secret), content, hashlib.sha256).digest()
    return {
        "webhook-id": called,
        "webhook-timestamp": str(at),
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }


def _key(secret: str) -> bytes:
    if not secret:
        raise Unavailable("sign_file is empty: put a secret of at least 24 characters there")
    if not secret.startswith(_PREFIX):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except binascii.Error as fault:
        raise Unavailable(f"sign_file: what follows {_PREFIX} is no base64") from fault
