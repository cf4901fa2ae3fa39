"""What is taken of something handed in: the arrival, its documents, the bytes to store, the refusal.

Values only: the desk decides and stores.
"""

from __future__ import annotations

from maild.intake.drafts import Draft
from maild.intake.filing import Acceptance
from maild.intake.refusals import Refused
from maild.intake.returns import Came
from maild.log import incoming
from maild.model.delivery import State
from maild.model.document import Arrival, Document, File
from maild.model.ids import new_id
from maild.model.team import Team
from maild.reading import mime
from maild.reading.bounds import MAX_HEADER_BLOCK
from maild.reading.mail import Body, Mail
from maild.store.blobs import Staged
from maild.store.spool import Original, beginning_of


def arrival(submission: Came, mail: Mail, *, original: str) -> Arrival:
    """The arrival of a mail; `original` is the sha256 of its stored bytes."""
    return Arrival(
        id=new_id("a"),
        team=submission.team,
        door=submission.door,
        received_at=submission.received_at,
        sender=submission.sender,
        recipient=submission.recipient,
        subject=mail.subject,
        message_id=mail.message_id,
        peer=submission.peer,
        size=len(submission.raw),
        original=original,
    )


def document(draft: Draft, *, team: Team, arrival: Arrival) -> Document:
    """A document as it was found, with an id."""
    return Document(
        id=new_id("d"),
        team=team.slug,
        kind=draft.kind,
        number=draft.number,
        issued_on=draft.issued_on,
        counterparty=draft.counterparty,
        total=draft.total,
        files=tuple(
            File(one.role, one.name, one.media_type, one.size, one.sha256, one.made)
            for one in draft.sheets
        ),
        arrival=arrival.id,
        accepted_at=arrival.received_at,
        content_sha256=draft.content_sha256,
        direction=draft.direction,
        tags=frozenset({draft.tag} if draft.tag else ()),
        sender=arrival.sender,
        bill=draft.bill,
    )


def contents(raw: Original, drafts: tuple[Draft, ...]) -> list[Body]:
    """What has to be stored, the original first, each once."""
    return list(dict.fromkeys([raw, *(one.body for draft in drafts for one in draft.sheets)]))


def once(staged: list[Staged]) -> tuple[Staged, ...]:
    """Each once, by its bytes."""
    return tuple({one.sha256: one for one in staged}.values())


def refused(submission: Came) -> Refused:
    """A refusal of what was handed in."""
    return Refused(
        team=submission.team,
        door=submission.door,
        peer=submission.peer,
        sender=submission.sender,
        recipient=submission.recipient,
        subject=mime.subject_of(beginning_of(submission.raw, MAX_HEADER_BLOCK)),
        size=len(submission.raw),
        raw=submission.raw,
    )


def log(acceptance: Acceptance, *, took: float) -> None:
    """Tell the log what came in; `took` in seconds."""
    arrival = acceptance.arrival
    for one in acceptance.duplicates:
        incoming.arrival_repeated(team=arrival.team, document=one.document.id, door=arrival.door)
    if not acceptance.fresh:
        return
    incoming.arrival_accepted(
        team=arrival.team,
        documents=[one.document.id for one in acceptance.fresh],
        door=arrival.door,
        peer=arrival.peer,
        size=arrival.size,
        took=took,
    )
    for one in acceptance.fresh:
        incoming.rules_decided(
            team=arrival.team,
            document=one.document.id,
            kind=one.document.kind,
            deliveries=len(one.deliveries),
            held=sum(1 for each in one.deliveries if each.state is State.HELD),
        )
