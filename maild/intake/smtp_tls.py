"""The certificate of the SMTP door, read anew when its files changed: one that is renewed every few weeks."""

from __future__ import annotations

import ssl
from pathlib import Path

from maild.errors import ConfigError
from maild.log import incoming


class DoorTls:
    """What STARTTLS is offered with, or nothing."""

    def __init__(self, cert_file: Path | None, key_file: Path | None) -> None:
        """Raises ConfigError for files that cannot be used: a door does not open without them."""
        self._cert, self._key = cert_file, key_file
        self._context: ssl.SSLContext | None = None
        self._seen: object = None
        if cert_file is not None:
            self._seen = self._stamps()
            try:
                self._context = self._read()
            except OSError as error:  # ssl.SSLError is one
                raise ConfigError(
                    f"smtpd.tls_cert_file: {cert_file} cannot be used ({error})"
                ) from error

    def context(self) -> ssl.SSLContext | None:
        """For the next client. Of a pair that cannot be used the one before stays, which is told once."""
        if self._context is not None and (stamps := self._stamps()) != self._seen:
            self._seen = stamps
            try:
                self._context = self._read()
            except OSError as error:
                incoming.certificate_kept(file=str(self._cert), reason=str(error))
            else:
                incoming.certificate_renewed(file=str(self._cert))
        return self._context

    def _read(self) -> ssl.SSLContext:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(str(self._cert), self._key)
        return context

    def _stamps(self) -> list[tuple[int, ...] | None]:
        return [_stamp(one) for one in (self._cert, self._key) if one is not None]


def _stamp(path: Path) -> tuple[int, ...] | None:
    """What tells a file from the one that stood there before; None when there is none."""
    try:
        held = path.stat()
    except OSError:
        return None
    return held.st_ino, held.st_size, held.st_mtime_ns
