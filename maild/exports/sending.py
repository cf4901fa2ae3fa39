"""Packages that go to recipients: made in parts that fit into their mails, then handed in at the desk.

One delivery is one mail with one part. What its recipients take decides how large a part may be.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from maild.errors import UserError, did_you_mean
from maild.exports.packing import Package, Packer, Progress
from maild.intake.packages import Made
from maild.model.document import Kind
from maild.model.export import MAIL_SIZE, Order
from maild.model.said import Said
from maild.model.team import Team
from maild.store.blobs import BlobStore

_LETTER: Final = 64_000  # headers and words
_RAW, _ENCODED = 57, 78  # bytes of a line before and after base64 (RFC 2045 section 6.8)


@dataclass(frozen=True, slots=True)
class Sender:
    """Makes packages in parts and readies them for the desk."""

    packer: Packer
    blobs: BlobStore

    async def make(
        self,
        order: Order,
        team: Team,
        *,
        to: Sequence[str],
        mail_size: int = MAIL_SIZE,
        told: Progress | None = None,
    ) -> tuple[Package, Made]:
        """The package, its parts durable. Raises UserError for a recipient that takes none."""
        check_recipients(to, team)
        most = part_size(to, team, mail_size=mail_size)
        package = await self.packer.pack(
            order, team, open_part=self.blobs.spool, most=most, told=told
        )
        with contextlib.ExitStack() as stack:
            for part in package.parts:
                stack.callback(part.close)
            staged = [await self.blobs.stage(part) for part in package.parts]
        names = part_names(order, len(staged))
        number = " ".join(filter(None, (order.name, order.label)))
        why = _why(order.name)
        parts = tuple(zip(names, staged, strict=True))
        return package, Made(team=team, number=number, why=why, parts=parts, to=tuple(to))


def _why(name: str) -> str:
    if not name:
        return Said("asked_for", "who asked for it names its recipients")
    return Said("names_recipients", f"{name} names its recipients", name=name)


def check_recipients(to: Sequence[str], team: Team) -> None:
    """Raise UserError with every name that is no recipient of packages."""
    problems = []
    for name in to:
        recipient = team.recipient(name)
        if recipient is None:
            hint = did_you_mean(name, [one.name for one in team.recipients])
            english = f'"{name}" is no recipient of team {team.slug}{hint}'
            problems.append(Said("no_recipient", english, name=name, team=team.slug))
        elif Kind.EXPORT not in recipient.profile.kinds:
            profile = recipient.profile.name
            english = f'"{name}" ({profile}) takes no packages, bills only'
            problems.append(Said("no_packages", english, name=name, profile=profile))
    if problems:
        raise UserError(problems)


def part_size(to: Sequence[str], team: Team, *, mail_size: int) -> int | None:
    """The most bytes of one part, so that a mail with it is taken by all who may get it.

    None where everybody gets a link: the package is one file then.
    """
    named = [
        one
        for one in team.recipients
        if (one.name in to if to else Kind.EXPORT in one.profile.kinds)
    ]
    mailed = [one for one in named if not one.by_link]
    if named and not mailed:
        return None
    limits = [one.profile.max_size for one in mailed if one.profile.max_size]
    return (min([mail_size, *limits]) - _LETTER) * _RAW // _ENCODED


def part_names(order: Order, count: int) -> list[str]:
    """What the parts are called: "acme_monthly_2026-03_1-of-3.zip"."""
    words = [order.team, order.name, order.label.replace(" ", "-")]
    base = "_".join(word for word in words if word)
    if count == 1:
        return [f"{base}.zip"]
    return [f"{base}_{n}-of-{count}.zip" for n in range(1, count + 1)]
