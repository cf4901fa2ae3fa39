"""TLS of services that want a certificate of ours, and how it shows that they do not take it.

In TLS 1.3 a client is done before the server has looked at its certificate (RFC 8446 section 4.4.2.4
and appendix E.1.2): a request leaves, and then the line breaks. After a document that would be a
doubt; so something that changes nothing is asked first, and breaks instead.
"""

from __future__ import annotations

from ssl import SSLContext, create_default_context

import httpx2

from maild.config.http_map import HttpConnector
from maild.errors import Unavailable


def context_of(one: HttpConnector) -> SSLContext:
    """Whom a connector trusts, and who it says it is. Raises Unavailable, naming the keys."""
    try:
        context = create_default_context(cafile=str(one.ca_file) if one.ca_file else None)
        if one.cert_file:
            context.load_cert_chain(one.cert_file, one.key_file)
    except OSError as fault:  # ssl.SSLError is one
        raise Unavailable(
            f"cert_file, key_file or ca_file cannot be used: {fault}", cause="tls"
        ) from fault
    return context


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
