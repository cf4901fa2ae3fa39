"""Roads that the rules planned become deliveries: one, or one a file where the inbox wants that.

Nothing is decided here, and nothing written.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from maild.intake.notices import SHADOW_REASON, message_id
from maild.model.delivery import Delivery, HoldCode, Planned, Purpose, State
from maild.model.document import Document, Kind, Role
from maild.model.ids import new_id
from maild.model.team import Attach, Team
from maild.rules.books import passed_over


def planned_deliveries(
    document: Document,
    planned: Planned,
    *,
    team: Team,
    now: datetime,
    purpose: Purpose = Purpose.DOCUMENT,
) -> list[Delivery]:
    """The deliveries of one planned road: one, or one a file where the profile wants that.

    A package gives one a part, or one with a link to all of them.
    A road that another one stands for gives one delivery that is cancelled from the start.
    """
    if planned.instead is not None:
        whole = _delivery(document, planned, team=team, now=now, purpose=purpose, part=0)
        return [_passed_over(whole, planned)]
    recipient = team.recipient(planned.recipient)
    if recipient is not None and recipient.by_link and document.kind is Kind.EXPORT:
        linked = replace(planned, attach=(Attach.LINK,))
        return [_delivery(document, linked, team=team, now=now, purpose=purpose, part=0)]
    one_file = recipient is not None and recipient.profile.one_file_a_mail
    archives = sum(1 for file in document.files if file.role is Role.ARCHIVE)
    count = archives if archives > 1 else _file_count(document, planned.attach) if one_file else 0
    parts = range(1, count + 1) if count else range(1)
    return [
        _delivery(document, planned, team=team, now=now, purpose=purpose, part=part)
        for part in parts
    ]


def held_in_shadow(delivery: Delivery) -> Delivery:
    """The same, held because its team is in shadow mode; what is held for another reason stays so."""
    if delivery.state in {State.HELD, State.CANCELLED}:
        return delivery
    return replace(delivery, state=State.HELD, reason=SHADOW_REASON, hold_code=HoldCode.SHADOW)


def _passed_over(delivery: Delivery, planned: Planned) -> Delivery:
    """Over before it began, and kept so that people see why nothing left."""
    return replace(
        delivery,
        state=State.CANCELLED,
        reason=passed_over(planned),
        hold_code=HoldCode.SAME_BOOKS,
    )


def _delivery(
    document: Document,
    planned: Planned,
    *,
    team: Team,
    now: datetime,
    purpose: Purpose,
    part: int,
) -> Delivery:
    id_ = new_id("v")
    return Delivery(
        id=id_,
        team=team.slug,
        purpose=purpose,
        document=document.id,
        recipient=planned.recipient,
        address=planned.address,
        via=planned.via,
        profile=planned.profile,
        attach=planned.attach,
        state=State.HELD if planned.hold else State.QUEUED,
        not_before=planned.not_before,
        created_at=now,
        message_id=message_id(id_, team),
        part=part,
        reason=planned.hold,
        hold_code=(planned.hold_code or HoldCode.RULE) if planned.hold else None,
    )


def _file_count(document: Document, attach: Sequence[Attach]) -> int:
    count = sum(1 for one in attach if one in {Attach.PDF, Attach.UBL})
    if Attach.ATTACHMENTS in attach:
        count += sum(1 for file in document.files if file.role is Role.ATTACHMENT)
    return max(count, 1)
