"""One file as it was found in a mail: what kind it is, and whether it decorates the text.

Pure: nothing is opened here. Which files are documents is decided later, in `maild.intake`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from maild.errors import Problem
from maild.reading.mail import Part
from maild.reading.names import safe_name, type_of
from maild.reading.unpack import ARCHIVES, UNOPENED, Inside

_LONGEST_NAME: Final = 1_000  # of which is shown
_SIGNATURES: Final = frozenset(
    {
        "application/pkcs7-signature",
        "application/x-pkcs7-signature",
        "application/pgp-signature",
        "application/pgp-keys",
    }
)
# S/MIME (RFC 8551); what is only signed in this form hides its files just as well.
_SEALED_MAIL: Final = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime"})
_PGP: Final = b"-----BEGIN PGP MESSAGE-----"
_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_MAILS: Final = frozenset({"message/rfc822", "message/global"})
_OFFICE: Final = (".docx", ".docm", ".xlsx", ".xlsm", ".pptx", ".odt", ".ods", ".odp")
# A logo takes a few kilobytes; the photo of a receipt, which telephones put into the text, hundreds.
_LARGEST_LOGO: Final = 150_000
# Outlook gives the pictures of a signature no Content-ID when it writes plain text.
_LARGEST_INLINE: Final = 20_000


@dataclass(frozen=True, slots=True)
class Leaf:
    """A file as it was found; its safe name comes last, when all are known."""

    name: str | None
    content: bytes = field(repr=False)
    path: tuple[str, ...]
    declared: str = "application/octet-stream"
    content_id: str = ""
    disposition: str = ""
    media_type: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "media_type", _type(self))

    @property
    def is_mail(self) -> bool:
        """Whether it is a forwarded mail sent as a file ("eml" as octet-stream)."""
        named = _ends(self, (".eml",)) and self.declared == "application/octet-stream"
        return (named or self.declared in _MAILS) and b":" in self.content[:1000]

    @property
    def is_archive(self) -> bool:
        """Whether there are files in it. An office file is packed as ZIP too, and is one file.

        One so damaged that only its name tells is one all the same.
        """
        return self.media_type in ARCHIVES and not _ends(self, _OFFICE)

    @property
    def trouble(self) -> Problem | None:
        """Why nobody here can look into it, if so."""
        if self.media_type in UNOPENED:
            kind = UNOPENED[self.media_type]
            return problem(
                "unopened_archive", self.name, f"maild does not open {kind} files; send a ZIP"
            )
        if self.declared in _SEALED_MAIL or self.content.startswith(_PGP):
            words = "this part of the mail is encrypted; maild has no key, so send it unencrypted"
            return problem("encrypted_mail", self.name, words)
        if _ends(self, (".msg",)) and self.content.startswith(_OLE):
            words = "a mail as Outlook stores it, which maild does not open; attach the files themselves"
            return problem("outlook_mail", self.name, words)
        return None


def leaf_of(inside: Inside, *, path: tuple[str, ...]) -> Leaf:
    """A file of an archive."""
    return Leaf(
        name=inside.name,
        content=inside.content,
        path=path,
        declared=inside.declared,
        content_id=inside.content_id or "",
    )


def problem(code: str, name: str | None, message: str) -> Problem:
    """Something to say about a file, by a name that is fit to be shown."""
    return Problem(code, safe_name(name, media_type=""), message)


def parts_of(leaves: Sequence[Leaf], shown: Collection[str]) -> tuple[Part, ...]:
    """The files in their order, with names that are safe and unique.

    `shown` are the Content-IDs, in lower case, that the text of the mail shows.
    """
    taken: set[str] = set()
    found = []
    for leaf in leaves:
        name = safe_name(leaf.name, media_type=leaf.media_type, taken=taken)
        taken.add(name)
        found.append(
            Part(
                name=name,
                media_type=leaf.media_type,
                body=leaf.content,
                declared=leaf.declared,
                shown_inside=_is_shown_inside(leaf, shown),
                path=leaf.path,
                sent_as=leaf.name[:_LONGEST_NAME] if leaf.name else None,
            )
        )
    return _with_photos(found)


def _is_shown_inside(leaf: Leaf, shown: Collection[str]) -> bool:
    if leaf.declared in _SIGNATURES:
        return True
    if not leaf.media_type.startswith("image/"):
        return False
    if leaf.content_id:
        return leaf.disposition != "attachment" or leaf.content_id.lower() in shown
    return leaf.disposition == "inline" and len(leaf.content) <= _LARGEST_INLINE


def _with_photos(parts: Sequence[Part]) -> tuple[Part, ...]:
    """Where a mail has no file but pictures in its text, the large ones are what it is about."""
    if all(one.shown_inside for one in parts):
        parts = [
            replace(one, shown_inside=False)
            if one.media_type.startswith("image/") and one.size > _LARGEST_LOGO
            else one
            for one in parts
        ]
    return tuple(parts)


def _type(leaf: Leaf) -> str:
    """By content; a page that begins with another tag than HTML's own is told from XML by its name."""
    found = type_of(leaf.content, declared=leaf.declared)
    is_page = found == "application/xml" and _ends(leaf, (".htm", ".html"))
    return "text/html" if is_page else found


def _ends(leaf: Leaf, endings: tuple[str, ...]) -> bool:
    return (leaf.name or "").lower().endswith(endings)
