"""The reading of a whole mail in a child: the job, and how a `Mail` crosses the pipe.

`read_mail` runs in the child, `mail_from` in the daemon; it believes nothing of what it gets, since a
child that was taken over may answer anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from maild.errors import Problem, Unreadable
from maild.reading import mime
from maild.reading.embedded import lightened
from maild.reading.mail import Body, Mail, Part, content_of
from maild.reading.names import safe_name
from maild.reading.packed import pieces
from maild.reading.unpack import open_archive

READ_MAIL: Final = f"{__name__}:read_mail"

_TEXTS: Final = ("subject", "sender", "message_id", "date", "auto_submitted", "trace")


def read_mail(raw: bytes) -> list[bytes]:
    """Job: read a mail with its archives opened. Raises Unreadable."""
    mail = mime.read(raw, opener=open_archive)
    head: dict[str, Any] = {
        name: getattr(mail, name) for name in (*_TEXTS, "content_type", "received")
    }
    head |= {
        "text": mail.text,
        "html": mail.html,
        "problems": [[one.code, one.where, one.message] for one in mail.problems],
    }
    bodies = [content_of(one.body) for one in mail.parts]
    head["parts"] = [_part(one, bodies) for one in mail.parts]
    return pieces(head, bodies)


def mail_from(head: dict[str, Any], bodies: Sequence[Body]) -> Mail:
    """The mail that a child has read. Raises Unreadable when the answer makes no sense."""
    try:
        texts = {name: _text(head[name]) for name in _TEXTS if head[name] is not None}
        return Mail(
            **{name: texts.get(name) for name in _TEXTS},
            content_type=_text(head["content_type"]),
            received=int(head["received"]),
            text=_text(head["text"]),
            html=_text(head["html"]),
            problems=tuple(Problem(*map(_text, one)) for one in head["problems"]),
            parts=_parts(head["parts"], bodies),
        )
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise Unreadable(
            "the process that read the mail gave no answer that makes sense", detail=repr(error)
        ) from error


def _part(part: Part, bodies: list[bytes]) -> dict[str, Any]:
    """What is said of a part; what stands in for its files joins the bodies, after those of the parts."""
    light = lightened(part.content) if part.media_type == "application/xml" else None
    first = len(bodies)
    if light is not None:
        bodies += [light.xml, *(one for pair in light.files for one in pair)]
    return {
        "name": part.name,
        "media_type": part.media_type,
        "declared": part.declared,
        "shown_inside": part.shown_inside,
        "path": part.path,
        "sent_as": part.sent_as,
        "light": [first, len(light.files)] if light is not None else None,
    }


def _parts(said: list[dict[str, Any]], bodies: Sequence[Body]) -> tuple[Part, ...]:
    taken: set[str] = set()
    found = []
    for one, body in zip(said, bodies, strict=False):
        light, stand_ins = _light(one["light"], bodies)
        kind = _text(one["media_type"])
        # Honest names come through unchanged.
        name = safe_name(_text(one["name"]), media_type=kind, taken=taken)
        taken.add(name)
        found.append(
            Part(
                name=name,
                media_type=kind,
                body=body,
                declared=_text(one["declared"]),
                shown_inside=one["shown_inside"] is True,
                path=tuple(map(_text, one["path"])),
                sent_as=None if one["sent_as"] is None else _text(one["sent_as"]),
                light=light,
                stand_ins=stand_ins,
            )
        )
    if len(found) != len(said):
        raise ValueError("files and bodies do not match")
    return tuple(found)


def _light(
    said: list[int] | None, bodies: Sequence[Body]
) -> tuple[bytes | None, tuple[tuple[bytes, Body], ...]]:
    """The copy to read, and the pairs of stand-in and file that follow it among the bodies."""
    if said is None:
        return None, ()
    first, count = said
    pairs = [
        (content_of(bodies[at]), bodies[at + 1]) for at in range(first + 1, first + 2 * count, 2)
    ]
    return content_of(bodies[first]), tuple(pairs)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{type(value).__name__} where a text was expected")
    return value
