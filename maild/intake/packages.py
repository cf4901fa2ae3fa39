"""A package of a period comes in: a document of kind export, with a delivery a part.

It comes in like every other document, in one transaction; what is in it was decided before. Here is no
door: nobody but maild itself hands in packages.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from maild.intake.filing import Case, Considered, Filed, file_case
from maild.model.delivery import Decision, Planned, Trace
from maild.model.document import Arrival, Counterparty, Document, File, Kind, Role
from maild.model.ids import new_id
from maild.model.team import Attach, Team
from maild.rules.decide import decide
from maild.store.blobs import Staged
from maild.store.database import Tx

DOOR = "export"
_ZIP = "application/zip"


@dataclass(frozen=True, slots=True)
class Made:
    """A package that is on the disk. `number` is how people call it: "monthly 2026-03".

    `to` names recipients of the team; without any the team's rules decide.
    """

    team: Team
    number: str
    why: str  # the sentence of its trace: "monthly names its recipients"
    parts: tuple[tuple[str, Staged], ...] = field(repr=False)  # file name, bytes
    to: Sequence[str] = ()


def file_package(tx: Tx, made: Made, *, now: datetime) -> Filed:
    """Store a package with its deliveries; the same one again is known, and goes nowhere twice."""
    files = tuple(
        File(Role.ARCHIVE, name, _ZIP, one.size, one.sha256, made=True) for name, one in made.parts
    )
    arrival = Arrival(
        id=new_id("a"),
        team=made.team.slug,
        door=DOOR,
        received_at=now,
        sender=None,
        recipient=None,
        subject=made.number,
        message_id=None,
        peer=None,
        size=sum(one.size for one in files),
        original=files[0].sha256,
    )
    document = Document(
        id=new_id("d"),
        team=made.team.slug,
        kind=Kind.EXPORT,
        number=made.number,
        issued_on=None,
        counterparty=Counterparty(),
        total=None,
        files=files,
        arrival=arrival.id,
        accepted_at=now,
        content_sha256=_content(made.number, files),
    )
    case = Case(
        team=made.team,
        arrival=arrival,
        considered=(Considered(document, _decision(made, document, now=now)),),
        staged=tuple(one for _, one in made.parts),
        now=now,
    )
    [filed] = file_case(case, tx).filed
    return filed


def _decision(made: Made, document: Document, *, now: datetime) -> Decision:
    if not made.to:
        return decide(made.team, document, now=now)
    named = (made.team.recipient(name) for name in dict.fromkeys(made.to))
    planned = tuple(
        Planned(
            recipient=one.name,
            via=one.via,
            address=one.address,
            profile=one.profile.name,
            attach=(Attach.ATTACHMENTS,),
            not_before=now,
        )
        for one in named
        if one is not None
    )
    return Decision(planned, (Trace("export", hit=True, reason=made.why),))


def _content(number: str, files: Sequence[File]) -> str:
    """What makes two packages one: their name and their bytes."""
    return hashlib.sha256("\n".join((number, *(one.sha256 for one in files))).encode()).hexdigest()
