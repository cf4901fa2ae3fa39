"""TLS of services that want a certificate of ours, and how it shows that they do not take it.

In TLS 1.3 a client is done before the server has looked at its certificate (RFC 8446 section 4.4.2.4
and appendix E.1.2): a request leaves, and then the line breaks. After a document that would be a
doubt; so something that changes nothing is asked first, and breaks instead.
"""

from __future__ import annotations

from pathlib import Path
from ssl import SSLContext, create_default_context

import httpx2

from maild.config.http_map import HttpConnector
from maild.errors import Unavailable


class Tls:
    """Whom a connector trusts, and who it says it is: read anew when one of its files changed."""

    def __init__(self, one: HttpConnector) -> None:
        self._one = one
        self._files = tuple(
            str(path) for path in (one.cert_file, one.key_file, one.ca_file) if path
        )
        self._context: SSLContext | None = None
        self._seen: list[tuple[int, ...]] = []

    def context(self) -> SSLContext | None:
        """What the next call is made with; None where no file is named. Blocks.

        Raises Unavailable, naming the keys: half of a renewed pair is no reason to go on with the old
        one, which may be over soon; the next try finds the other half.
        """
        if not self._files:
            return None
        try:
            seen = [_stamp(path) for path in self._files]
            if self._context is None or seen != self._seen:
                self._context, self._seen = _context_of(self._one), seen
        except OSError as fault:  # ssl.SSLError is one
            raise Unavailable(
                f"cert_file, key_file or ca_file cannot be used: {fault}", cause="tls"
            ) from fault
        return self._context


def asks_first(one: HttpConnector) -> bool:
    """Whether something must be asked before a document goes; a look for it is such a question."""
    return one.cert_file is not None and not one.find.path


def explained(fault: Unavailable, one: HttpConnector) -> Unavailable:
    """The same, with what is likely where the service hung up instead of answering."""
    # Its alert, where that comes before the line breaks.
    hung_up = isinstance(fault.__cause__, httpx2.ReadError | httpx2.RemoteProtocolError)
    if one.cert_file is None or not (hung_up or "_ALERT_" in fault.reply):
        return fault
    said = f"{fault.reply}; it may not take the certificate of cert_file (unknown there, or over)"
    return Unavailable(said, retry_after=fault.retry_after, cause="tls")


def _stamp(path: str | Path) -> tuple[int, ...]:
    """What tells a file from the one that stood there before."""
    held = Path(path).stat()
    return held.st_ino, held.st_size, held.st_mtime_ns


def _context_of(one: HttpConnector) -> SSLContext:
    context = create_default_context(cafile=str(one.ca_file) if one.ca_file else None)
    if one.cert_file:
        context.load_cert_chain(one.cert_file, one.key_file)
    return context
