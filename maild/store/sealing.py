"""Seals what must not be read in the database file or a copy of it: AES-256-GCM, the key elsewhere.

The seal holds the name of the row it belongs to, so one moved to another row does not open. Who
has the key file and the database has everything; a backup holds the database alone. Source:
portal_security.md section 5; NIST SP 800-38D (96-bit random nonces).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from maild.errors import UserError
from maild.store.disk import PRIVATE, flush_folder

_KEY: Final = 32  # octets: AES-256
_NONCE: Final = 12
_MARK: Final = 4  # octets that tell which key of the ring sealed it
_LONGEST_FILE: Final = 64 * 1024
_FORM: Final = "each line of it is one key: 32 random bytes in URL-safe base64"


@dataclass(frozen=True, slots=True)
class Seal:
    """A ring of keys: the first seals, all of them open. Made by `read_seal`."""

    keys: tuple[bytes, ...] = field(repr=False)

    def close(self, content: bytes, *, row: str) -> bytes:
        """Seal some bytes for one row, such as "tokens:acme-mail"."""
        key, nonce = self.keys[0], secrets.token_bytes(_NONCE)
        return _mark(key) + nonce + AESGCM(key).encrypt(nonce, content, row.encode())

    def open(self, sealed: bytes, *, row: str) -> bytes:
        """The bytes that were sealed for this row. Raises UserError when no key of ours opens it."""
        nonce, content = sealed[_MARK : _MARK + _NONCE], sealed[_MARK + _NONCE :]
        for key in self.keys:
            if sealed[:_MARK] == _mark(key):
                try:
                    return AESGCM(key).decrypt(nonce, content, row.encode())
                except (InvalidTag, ValueError):
                    break
        raise UserError(
            f"{row} was sealed with another key than that of maild.secret_file",
            hint="put the old key file back, or give the consent anew with `maild connect`",
        )


def read_seal(path: Path) -> Seal:
    """The keys in a file, made with one new key when there is none.

    Raises UserError with the path when it cannot be read, made or understood.
    """
    try:
        return Seal(_keys(path))
    except OSError as fault:
        raise UserError(
            f"maild.secret_file: {path} cannot be used ({fault.strerror})",
            hint="maild makes it by itself where it may write; name such a place, or make the file:"
            " head -c 32 /dev/urandom | basenc --base64url",
        ) from fault


def _keys(path: Path) -> tuple[bytes, ...]:
    if not path.exists():
        _make(path)
    with path.open("rb") as file:
        lines = file.read(_LONGEST_FILE).split()
    try:
        keys = tuple(base64.urlsafe_b64decode(line) for line in lines)
    except binascii.Error:
        keys = ()
    if not keys or any(len(key) != _KEY for key in keys):
        raise UserError(f"maild.secret_file: {path} holds no key; {_FORM}")
    return keys


def _make(path: Path) -> None:
    """Write a new key under another name first: two that start together must agree on one."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, PRIVATE)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(base64.urlsafe_b64encode(secrets.token_bytes(_KEY)) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(part, path)
        except FileExistsError:
            return
    finally:
        part.unlink()
    flush_folder(path.parent)


def _mark(key: bytes) -> bytes:
    # Of a hash under another name than the key is used by: it tells the key apart, not its bits.
    return hashlib.sha256(b"maild key " + key).digest()[:_MARK]
