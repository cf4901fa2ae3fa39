"""Header values of strangers: decoded, in one line, bounded, and never an exception.

The standard library's modern header classes fail or take minutes on hostile input
(gh-136063, gh-105802); this reads the raw value and decodes only what is needed.
"""

from __future__ import annotations

import re
import unicodedata
from email.header import decode_header
from email.message import Message
from email.utils import collapse_rfc2231_value, decode_params, getaddresses
from typing import Final

MAX_VALUE: Final = 4_000  # characters of one value; a subject of 1 MB took 262 s to decode

_PARAMETER = re.compile(r';\s*([^\s=;"]+)\s*=\s*("(?:[^"\\]|\\.)*"?|[^;]*)', re.DOTALL)
# What most values are: one address, alone or after a name in plain words. The standard parser takes
# 70 us to say the same.
_ADDRESS = r"([A-Za-z0-9_+-]+(?:\.[A-Za-z0-9_+-]+)*@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*)"
_PLAIN = re.compile(rf"{_ADDRESS}|[A-Za-z0-9_+&-]+(?: [A-Za-z0-9_+&-]+)* <{_ADDRESS}>")
_FOLD = re.compile(r"\r\n|\r|\n")


def header(message: Message, name: str) -> str | None:
    """The first header of that name as one decoded line, or None. Never raises."""
    raw = _raw(message, name)
    if raw is None:
        return None
    text = _one_line(decoded_words(raw))
    return text[:MAX_VALUE].strip() or None


def parameters(message: Message, name: str) -> dict[str, str]:
    """The parameters of Content-Type or Content-Disposition, decoded by RFC 2231 and RFC 2047."""
    raw = _raw(message, name)
    if raw is None or ";" not in raw:
        return {}
    found = [("", "")]  # decode_params takes the first for the value itself
    for match in _PARAMETER.finditer(raw[raw.index(";") :]):
        value = match[2].strip()
        if value.startswith('"'):
            value = re.sub(r"\\(.)", r"\1", value[1:].removesuffix('"'), flags=re.DOTALL)
            value = f'"{value}"'
        found.append((match[1].lower(), value))
    return _merged(found)


def decoded_words(text: str) -> str:
    """Text with its encoded words (RFC 2047) decoded, also those inside quotes, where they often are."""
    if "=?" not in text:
        return text
    try:
        pieces = decode_header(text)
    except Exception:  # noqa: BLE001 - damaged words are shown as they came
        return text
    return "".join(_decoded(content, charset) for content, charset in pieces)


def addresses(text: str) -> tuple[str, ...]:
    """The addresses in a From or To value that look like one."""
    plain = _PLAIN.fullmatch(text)
    if plain:
        return (plain[1] or plain[2],)
    try:
        pairs = getaddresses([text[:MAX_VALUE]])
    except Exception:  # noqa: BLE001 - "To: <" raises IndexError in some releases (gh-148518)
        return ()
    return tuple(address for _, address in pairs if re.fullmatch(r"[^\s@]+@[^\s@]+", address))


def _raw(message: Message, name: str) -> str | None:
    for key, value in message.raw_items():
        if key.lower() == name:
            return _native(str(value)[: 4 * MAX_VALUE])
    return None


def _native(text: str) -> str:
    """Bytes above 127 that the parser kept as surrogates, read as UTF-8 or else windows-1252."""
    if text.isascii():
        return text
    raw = text.encode("utf-8", "surrogateescape")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("windows-1252", "replace")


def _merged(found: list[tuple[str, str]]) -> dict[str, str]:
    plain: dict[str, str] = {}
    extended: dict[str, str] = {}
    try:
        params = decode_params(found)
    except Exception:  # noqa: BLE001 - damaged continuations: the plain parameters stay
        params = [(key, value) for key, value in found if "*" not in key]
    for key, value in params[1:]:
        if isinstance(value, tuple):
            extended.setdefault(key, _one_line(_collapsed(value)))
        else:
            bare = value[1:-1] if value.startswith('"') and value.endswith('"') else value
            plain.setdefault(key, _one_line(decoded_words(bare)))
    return plain | extended


def _collapsed(value: tuple[str | None, str | None, str]) -> str:
    try:
        text = collapse_rfc2231_value(value)
    except Exception:  # noqa: BLE001 - an unknown charset or NUL in its name
        text = value[2]
    if text.startswith('"') and text.endswith('"'):
        text = text[1:-1]
    return text


def _decoded(content: bytes | str, charset: str | None) -> str:
    if isinstance(content, str):
        return content
    for one in (charset or "ascii", "utf-8"):
        try:
            return content.decode(one)
        except (LookupError, ValueError):
            continue
    return content.decode("windows-1252", "replace")


def _one_line(text: str) -> str:
    """Without line ends, control characters and invisible marks: nothing that could start a header."""
    if text.isascii() and text.isprintable():
        return text.strip()
    text = "".join(one for one in _FOLD.sub(" ", text) if unicodedata.category(one) != "Cf")
    return "".join(one if one.isprintable() else " " for one in text).strip()
