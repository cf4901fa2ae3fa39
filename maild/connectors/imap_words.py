"""What an IMAP server says when it does not do as asked, in words for the owner of the mailbox."""

from __future__ import annotations

import imaplib
import re
import ssl
from typing import Final

from maild.errors import LoginRefused, MailboxClosed, MailboxError

LONGEST: Final = 300  # characters that are shown of what a server says

# Response codes of RFC 5530 and what providers write instead of them; the first that fits.
_KNOWN: Final = (
    ("authenticated but not connected", "the provider has the login and no mailbox for it (licence?)"),
    ("socket error: EOF", "the server closed the connection"),
    ("too many", "the provider allows no more connections at once; close other mail programs"),
    ("[LIMIT]", "the provider says that a limit is reached; it is asked again later"),
    ("[INUSE]", "another program has locked the mailbox; it is asked again later"),
    ("[OVERQUOTA]", "the mailbox is full"),
    ("[UNAVAILABLE]", "the provider's server is out of order for the moment"),
    ("[EXPIRED]", "the password has expired"),
    ("[PRIVACYREQUIRED]", "the server wants TLS before the login"),
    ("[AUTHENTICATIONFAILED]", "the server refuses this user name and password"),
    ("[AUTHORIZATIONFAILED]", "the login is right but may not read this mailbox"),
    ("[WEBALERT", "the provider wants the owner to log in with a browser once"),
    ("[ALERT]", "the provider has a message for the owner"),
)  # fmt: skip


def in_words(said: str) -> str:
    """A sentence: what it means where that is known, and always what the server said itself."""
    quoted = one_line(said)
    for sign, meaning in _KNOWN:
        if sign.lower() in quoted.lower():
            return f'{meaning} ("{quoted}")'
    return f'the server says "{quoted}"' if quoted else "the server gave no reason"


def one_line(said: str) -> str:
    """What a server said, short and without what a log or a terminal would obey."""
    kept = "".join(one if one.isprintable() else " " for one in said)
    return re.sub(r"\s+", " ", kept).strip()[:LONGEST]


def refusal(fault: BaseException) -> str:
    """What the server said in an answer of NO or BAD, without imaplib's words around it."""
    text = str(fault)
    text = re.sub(r"^command: \w+ => ", "", text)
    text = re.sub(r"^(?:UID )?\w+ command error: BAD \[b?['\"](.*)['\"]\]$", r"\1", text)
    text = re.sub(r"^\w+ failed: ", "", text)
    return re.sub(r"^b['\"](.*)['\"]$", r"\1", text)


def closed(fault: BaseException, *, host: str) -> MailboxClosed:
    """The fault of a connection as ours."""
    if isinstance(fault, MailboxClosed):
        return fault
    if isinstance(fault, ssl.SSLCertVerificationError):
        return MailboxClosed(
            f"the certificate of {host} is not accepted ({fault.verify_message}); "
            "if it is your own authority, name its file as ca_file"
        )
    if isinstance(fault, TimeoutError):
        return MailboxClosed(f"{host} did not answer in time")
    if isinstance(fault, imaplib.IMAP4.error):
        return MailboxClosed(in_words(refusal(fault)))
    if isinstance(fault, OSError):
        return MailboxClosed(f"{host} cannot be reached ({fault.strerror or fault})")
    if isinstance(fault, MailboxError):
        return MailboxClosed(fault.reason)
    # Whatever a parser makes of garbage: the connection is of no use either way.
    return MailboxClosed(
        f"{host} sent what is no IMAP ({type(fault).__name__}: {one_line(str(fault))})"
    )


def login_refused(fault: imaplib.IMAP4.error) -> MailboxClosed:
    """A refused login: a person's business, unless the server only is not able to now."""
    said = refusal(fault)
    if isinstance(fault, imaplib.IMAP4.abort):
        return MailboxClosed(in_words(said))
    passing = ("[UNAVAILABLE]", "[LIMIT]", "[INUSE]", "TOO MANY", "TRY AGAIN", "TEMPORARY")
    if any(sign in said.upper() for sign in passing):
        return MailboxClosed(in_words(said))
    return LoginRefused(in_words(said))
