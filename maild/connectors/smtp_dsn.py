"""What a server is asked to report about a mail: RET, ENVID, NOTIFY and ORCPT (RFC 3461). Pure."""

from __future__ import annotations

import re
from typing import Final, Literal

Dsn = Literal["problems", "all", "none"]

_NOTIFY: Final = {"problems": "FAILURE,DELAY", "all": "SUCCESS,FAILURE,DELAY"}
_PLAIN: Final = re.compile(r"[!-*,-<>-~]*")  # what stands for itself in an xtext
_LONGEST_ENVID: Final = 100  # RFC 3461 section 4.4
_LONGEST_ORCPT: Final = 500  # RFC 3461 section 4.2


def for_mail(delivery: str, *, dsn: Dsn) -> str:
    """The parameters of MAIL: only the headers come back, under the delivery's own name."""
    envid = _xtext(delivery)
    if dsn == "none" or len(envid) > _LONGEST_ENVID:
        return ""
    return f" RET=HDRS ENVID={envid}"


def for_rcpt(address: str, *, dsn: Dsn) -> str:
    """The parameters of RCPT: what is to be reported, and the address as we know it."""
    if dsn == "none":
        return ""
    kind = "rfc822" if address.isascii() else "utf-8"
    original = f" ORCPT={kind};{_xtext(address) if address.isascii() else _utf8(address)}"
    return f" NOTIFY={_NOTIFY[dsn]}" + (original if len(original) <= _LONGEST_ORCPT else "")


def _xtext(text: str) -> str:
    """RFC 3461 section 4."""
    if _PLAIN.fullmatch(text):
        return text
    return "".join(
        one if "!" <= one <= "~" and one not in "+=" else f"+{ord(one):02X}" for one in text
    )


def _utf8(text: str) -> str:
    """RFC 6533 section 3: utf-8-addr-xtext."""
    return "".join(
        one if "!" <= one <= "~" and one not in "+=\\" else f"\\x{{{ord(one):X}}}" for one in text
    )
