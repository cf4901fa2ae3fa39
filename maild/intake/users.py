"""Who may hand in with a password: a file of names and scrypt hashes, and a memory for wrong ones.

Passwords are never kept, only their hashes (RFC 7914).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from maild.errors import ConfigError

# 16 MB a try; one of the parameter sets of OWASP's Password Storage Cheat Sheet for scrypt.
_N: Final = 2**14
_R: Final = 8
_P: Final = 5

MAX_PASSWORD: Final = 1_000  # bytes; hashing more only costs us

BLOCK_AFTER: Final = 10  # wrong passwords of one address or name
BLOCK_FOR: Final = 300.0  # seconds


def hash_password(password: str) -> str:
    """What stands after the name in a users file: "scrypt$N$r$p$salt$hash"."""
    salt = secrets.token_bytes(16)
    digest = _scrypt(password.encode(), salt=salt, n=_N, r=_R, p=_P)
    return "$".join(("scrypt", str(_N), str(_R), str(_P), _text(salt), _text(digest)))


# Compared with when the name is unknown, so that both answers take the same time.
_NOBODY: Final = f"scrypt${_N}${_R}${_P}${'A' * 22}==${'A' * 43}="


def read_users(path: Path) -> dict[str, str]:
    """Names and hashes of a users file: one "name:hash" a line, "#" begins a comment.

    Raises ConfigError that names every line that is wrong; never shows a hash.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: the users file cannot be read ({error})") from error
    users: dict[str, str] = {}
    problems = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        name, colon, hashed = line.strip().partition(":")
        if not name or not colon or not _well_formed(hashed):
            problems.append(f'{path}:{number}: expected "name:scrypt$...", as made by maild')
        users[name] = hashed
    if problems:
        raise ConfigError(problems)
    return users


def password_fits(users: Mapping[str, str], name: str, password: bytes) -> bool:
    """Whether name and password belong together. Slow on purpose: call it in a thread."""
    _, n, r, p, salt, digest = users.get(name, _NOBODY).split("$")
    given = _scrypt(
        password[:MAX_PASSWORD], salt=base64.b64decode(salt), n=int(n), r=int(r), p=int(p)
    )
    same = hmac.compare_digest(given, base64.b64decode(digest))
    return same and name in users and len(password) <= MAX_PASSWORD


class Attempts:
    """Counts wrong passwords by address and by name, and says who has to wait. Times in seconds.

    It keeps at most `remember` of them: an attacker with many names must not fill the memory, so
    the one that was quiet for longest is forgotten.
    """

    def __init__(self, *, remember: int = 10_000) -> None:
        self._remember = remember
        self._failures: dict[str, list[float]] = {}  # the last one to fail stands last

    def failed(self, *keys: str, now: float) -> None:
        """Note a wrong password."""
        for key in keys:
            recent = [at for at in self._failures.pop(key, []) if now - at < BLOCK_FOR]
            self._failures[key] = [*recent[1 - BLOCK_AFTER :], now]
        while len(self._failures) > self._remember:
            del self._failures[next(iter(self._failures))]

    def blocked(self, *keys: str, now: float) -> bool:
        """Whether one of these has been wrong too often of late."""
        return any(
            sum(1 for at in self._failures.get(key, ()) if now - at < BLOCK_FOR) >= BLOCK_AFTER
            for key in keys
        )


def _scrypt(password: bytes, *, salt: bytes, n: int, r: int, p: int) -> bytes:
    return hashlib.scrypt(password, salt=salt, n=n, r=r, p=p, maxmem=2**27, dklen=32)


def _well_formed(hashed: str) -> bool:
    fields = hashed.split("$")
    if len(fields) != 6 or fields[0] != "scrypt" or not all(one.isdigit() for one in fields[1:4]):
        return False
    try:
        return len(base64.b64decode(fields[4])) >= 8 and len(base64.b64decode(fields[5])) == 32
    except ValueError:
        return False


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode()
