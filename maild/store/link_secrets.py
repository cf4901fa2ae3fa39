"""Secrets of mailed links, made from the key file and an id whenever they are needed; none is stored.

Who has the database alone, or a backup of it, can make none of them. Source: portal_security.md
section 2; RFC 2104 (HMAC).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from pathlib import Path
from typing import Final

from maild.store.sealing import Seal, read_seal

# Crockford's base 32 without the letters that are mistaken for digits, in capitals for reading aloud.
_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CODE_LENGTH: Final = 8  # 40 bits; five wrong ones end a request
_MISREAD: Final = str.maketrans("OIL", "011")


class LinkSecrets:
    """The links and codes of mails; the key file is read when it is first needed."""

    def __init__(self, secret_file: Path) -> None:
        self._secret_file = secret_file
        self._seal: Seal | None = None

    def token(self, id_: str) -> str:
        """What stands in the link: 256 bits, URL-safe. Raises UserError without a usable key file."""
        return base64.urlsafe_b64encode(self._mac("sign-in link", id_)).rstrip(b"=").decode()

    def code(self, id_: str) -> str:
        """What a person types: eight letters and digits, as "7K3M-Q9XA"."""
        number = int.from_bytes(self._mac("sign-in code", id_)[:5], "big")
        signs = "".join(_ALPHABET[number >> 5 * place & 31] for place in range(CODE_LENGTH))
        return f"{signs[:4]}-{signs[4:]}"

    def pickup(self, id_: str) -> str:
        """What stands in the link to a package: 256 bits, URL-safe. Raises as `token`."""
        return base64.urlsafe_b64encode(self._mac("package link", id_)).rstrip(b"=").decode()

    def is_token(self, given: str, id_: str) -> bool:
        """Whether this is the token of that request, in a time that tells nothing."""
        return hmac.compare_digest(given.encode(), self.token(id_).encode())

    def is_code(self, given: str, id_: str) -> bool:
        """Whether this is the code of that request, as people type it: spaces, case, O for 0."""
        plain = "".join(filter(str.isalnum, given.upper())).translate(_MISREAD)
        return hmac.compare_digest(plain.encode(), self.code(id_).replace("-", "").encode())

    def _mac(self, use: str, id_: str) -> bytes:
        if self._seal is None:
            self._seal = read_seal(self._secret_file)
        # Under a name of its own: the key seals other things, and no answer here may help there.
        return hmac.digest(self._seal.keys[0], f"maild {use} {id_}".encode(), "sha256")


def sha256_text(text: str) -> str:
    """What is stored of a random token of at least 128 bits (ASVS 6.5.2)."""
    return hashlib.sha256(text.encode()).hexdigest()
