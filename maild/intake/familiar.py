"""What is known of a document that comes in: is it there already, came its number, came one like it?

Lookups of one transaction, so that two doors cannot both be the first. What follows from it is
decided in `maild.intake.filing`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from maild.intake.sameness import NEAR, Facts, are_one, facts_of, near_key, same_number_key
from maild.model.delivery import HoldCode, State
from maild.model.document import Document, Role
from maild.model.team import Team
from maild.store import deliveries, documents, twins
from maild.store.database import Tx


@dataclass(frozen=True, slots=True)
class Familiar:
    """What is there already.

    `twin` is the same document; `earlier` have its number with other content, oldest first; `near`
    have its supplier and amount and nearly its date, which proves nothing.
    """

    number_key: str | None
    near_key: str | None
    facts: Facts
    twin: Document | None = None
    earlier: tuple[Document, ...] = ()
    near: tuple[Document, ...] = ()


def look(tx: Tx, document: Document, *, team: Team, by_stranger: bool = False) -> Familiar:
    """Everything that is there already and speaks about a document of that team.

    What a stranger sent first and nobody has let through never stands in the way of what comes from
    somebody who is known, unless it is the same byte for byte.
    """
    seen = Familiar(
        number_key=same_number_key(document, team=team),
        near_key=near_key(document, team=team),
        facts=facts_of(document),
    )
    same = documents.same_content(tx, team.slug, document.content_sha256) or _same_pdf(tx, document)
    if same is not None:
        return replace(seen, twin=same)
    numbered = documents.same_number(tx, team.slug, seen.number_key) if seen.number_key else ()
    if not by_stranger:
        numbered = tuple(one for one in numbered if not _waits_for_sender(tx, one))
    for one in numbered:
        if are_one(twins.facts(tx, one.id), seen.facts):
            return replace(seen, twin=one)
    if numbered:
        return replace(seen, earlier=numbered)
    return replace(seen, near=_near(tx, document, key=seen.near_key))


def _same_pdf(tx: Tx, document: Document) -> Document | None:
    """The document whose PDF this is, where one of the two came as a mere PDF.

    A page that lies beside two different bills makes them no one document.
    """
    if document.bill is None:
        return twins.with_pdf(tx, document.team, document.content_sha256, kind=document.kind)
    pdf = document.file(Role.PDF)
    bare = documents.same_content(tx, document.team, pdf.sha256) if pdf else None
    return bare if bare is not None and bare.kind is document.kind else None


def _waits_for_sender(tx: Tx, document: Document) -> bool:
    held = deliveries.find(
        tx, document=document.id, state=State.HELD, hold_code=HoldCode.UNKNOWN_SENDER, limit=1
    )
    return bool(held)


def _near(tx: Tx, document: Document, *, key: str | None) -> tuple[Document, ...]:
    if key is None or document.issued_on is None:
        return ()
    return twins.near(tx, document.team, key, around=document.issued_on, within=NEAR)
