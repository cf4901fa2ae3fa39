"""Foreign text made fit for a page: no control characters, no direction tricks, no endless words.

It changes only what cannot be seen or should not act; it translates and shortens nothing that a person
would miss. It knows nothing of the typesetter's syntax: text reaches that as data, so that none of it
can be a command (rendering.md section 5).
"""

from __future__ import annotations

import re
import unicodedata

# What is never shown: control and format characters, unassigned and private ones, lone surrogates. The
# soft hyphen and the two joiners stay, since scripts need them. Direction overrides go: "gnp.exe" must
# not read as "exe.png", nor an amount as its mirror image (Unicode TR 36).
_UNSEEN = frozenset({"Cc", "Cf", "Cn", "Co", "Cs"})
_KEPT = frozenset("\u00ad\u200c\u200d")
_SPACES = re.compile(r"[^\S\n]+")
_LINES = re.compile(r" ?\n ?(?:\n ?)*\n ?| ?\n ?")
# A word longer than any column gets places where it may break.
_LONG_WORD = re.compile(r"\S{30,}")
_BREAK = "\u200b"
_ELLIPSIS = "…"
_LONGEST_PLAIN = 4  # "ﬃ" is three letters


def one_line(text: str | None, *, limit: int = 200) -> str:
    """The text on one line, at most `limit` characters; empty for None."""
    return " ".join(paragraphs(text, limit=limit).split())


def paragraphs(text: str | None, *, limit: int = 4000) -> str:
    """The text with its line ends, at most `limit` characters; empty for None.

    The limit keeps a hostile field from making a book of an invoice; the UBL beside it has all of it.
    """
    if not text:
        return ""
    if len(text) <= limit and text.isascii() and text.isprintable():
        # Nearly every field: nothing to compose, to hide or to cut, so only the blanks are looked at.
        return _LONG_WORD.sub(_breakable, _SPACES.sub(" ", text).strip())
    # Twice the limit is enough to clean: what a person sees is cut below.
    short = unicodedata.normalize(
        "NFC", text[: 2 * limit].replace("\r\n", "\n").replace("\r", "\n")
    )
    seen = "".join(_seen(char) for char in short)
    tidy = _LINES.sub(_line_end, _SPACES.sub(" ", seen)).strip()
    if len(tidy) > limit:
        tidy = tidy[: limit - 1].rstrip() + _ELLIPSIS
    return _LONG_WORD.sub(_breakable, tidy)


def compatible(text: str) -> str:
    """The text with look-alike characters (ligatures, full-width letters) as the plain ones.

    Used only when a font lacks a character, since it also turns "m²" into "m2".
    """
    return "".join(_compatible(char) for char in text)


def _compatible(char: str) -> str:
    """The plain form of a character; itself when that is a space or a whole phrase (U+FDFA is one)."""
    plain = unicodedata.normalize("NFKC", char)
    return char if char.isspace() or len(plain) > _LONGEST_PLAIN else plain


def _seen(char: str) -> str:
    if char in "\n\t\u2028\u2029\x0b\x0c\x85":
        return "\n" if char != "\t" else " "
    if char in _KEPT or unicodedata.category(char) not in _UNSEEN:
        return char
    # An unpaired surrogate was a character once; a control character never was.
    return "\ufffd" if unicodedata.category(char) == "Cs" else ""


def _line_end(found: re.Match[str]) -> str:
    return "\n\n" if found[0].count("\n") > 1 else "\n"


def _breakable(found: re.Match[str]) -> str:
    word = found[0]
    return _BREAK.join(word[at : at + 5] for at in range(0, len(word), 5))
