"""What the SMTP door says: codes, enhanced codes, and sentences that a person understands.

A reply never tells configuration or the text of an exception.
"""

from __future__ import annotations

import re
import textwrap
import unicodedata
from collections.abc import Sequence
from typing import Final

from maild.errors import DocumentError

# RFC 5321 section 4.5.3.1.5: 512 bytes a line with code and CRLF.
MAX_LINE: Final = 480
MAX_LINES: Final = 20

# Enhanced codes (RFC 3463) for replies of the protocol engine, which gives none.
_ENHANCED: Final = {
    "454": "4.7.0",
    "500": "5.5.2",
    "501": "5.5.4",
    "502": "5.5.1",
    "503": "5.5.1",
    "504": "5.5.4",
    "530": "5.7.0",
    "552": "5.3.4",
    "553": "5.1.3",
    "554": "5.7.0",
    "555": "5.5.4",
}
_BARE: Final = re.compile(r"(\d{3}) (?!\d\.\d{1,3}\.\d{1,3} )(?:Error: )?(.*)", re.DOTALL)


def reply(code: str, sentences: Sequence[str] | str) -> str:
    """A reply such as "554 5.6.0 ..." on as many lines as it takes, ASCII, without the last CRLF."""
    basic, _, enhanced = code.partition(" ")
    prefix = f"{enhanced} " if enhanced else ""
    wanted = [sentences] if isinstance(sentences, str) else sentences
    lines = [line for one in wanted for line in textwrap.wrap(_ascii(one), MAX_LINE) or [""]]
    if len(lines) > MAX_LINES:
        lines = [*lines[: MAX_LINES - 1], f"... and {len(lines) - MAX_LINES + 1} more lines"]
    lines = lines or [""]
    return "\r\n".join(
        [f"{basic}-{prefix}{one}" for one in lines[:-1]] + [f"{basic} {prefix}{lines[-1]}"]
    )


def refusal(fault: DocumentError) -> str:
    """The reply to what the sender has to change, every problem on a line of its own."""
    return reply(fault.smtp, [str(one) for one in fault.problems] or [str(fault)])


def incident(id_: str) -> str:
    """The reply to a fault of ours: the sender keeps the mail and tries again."""
    return reply(
        "451 4.3.0", f"This could not be taken now; please send it again later (incident {id_})"
    )


def enhanced(line: str) -> str:
    """An error reply of the protocol engine with its enhanced code; any other reply as it is."""
    match = _BARE.fullmatch(line)
    if match is None or match[1] not in _ENHANCED:
        return line
    return f"{match[1]} {_ENHANCED[match[1]]} {match[2]}"


def _ascii(text: str) -> str:
    """Readable ASCII, since only SMTPUTF8 clients may be shown more (RFC 6531 section 3.7.4)."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return "".join(one if one.isprintable() else " " for one in plain)
