"""A page whose figures became sure goes on: as today's rules say of a document with these figures.

What was held for its figures is called off, and what the rules want now is made. Functions of a
transaction.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from maild.intake import again
from maild.intake.describing import held_for_review
from maild.intake.notices import in_shadow
from maild.intake.planned import held_in_shadow, planned_deliveries
from maild.intake.sameness import facts_of, facts_of_page, near_key, same_number_key
from maild.model.delivery import OF_PAGE, Delivery, Planned, State
from maild.model.document import Document, File
from maild.model.team import Team
from maild.store import amending, deliveries, documents, readings
from maild.store.database import Tx
from maild.store.readings import Settled

_OVER: Final = "decided anew, now that its figures are sure"
_GONE: Final = frozenset({State.CANCELLED, State.FAILED, State.BOUNCED})
_WORDS: Final = {
    Settled.ISSUED: "the supplier's UBL came, and says the same as the page",
    Settled.CONFIRMED: "a person confirmed its figures",
}


def go_on(
    tx: Tx,
    team: Team,
    document: Document,
    *,
    state: Settled,
    now: datetime,
    said: Mapping[str, Any] | None = None,
    files: Sequence[File] = (),
    earlier: Sequence[Document] = (),
    supplier: str | None = None,
) -> tuple[Delivery, ...]:
    """Write the figures of a page that waited, and let it go as the rules say; its new deliveries.

    `document` has its bill. `earlier` have its number with other content: then it waits for that.
    """
    for file in files:
        documents.add_file(tx, document.id, file)
    document = replace(document, files=documents.get(tx, document.id).files)
    if earlier:
        document = replace(document, correction_of=earlier[0].id, review="waiting")
    decision = again.decided(document, team=team, now=now)
    issued = state is Settled.ISSUED
    amending.set_figures(
        tx,
        document,
        trace=decision.trace,
        same_number_key=same_number_key(document, team=team),
        near_key=near_key(document, team=team),
        facts=facts_of(document) if issued else facts_of_page(document, sure=True),
    )
    readings.settle(tx, document.id, state=state, said=said, supplier=supplier)
    call_off(tx, document.id, now=now, reason=_OVER)
    made = [*_made(tx, team, document, planned=decision.planned, now=now, earlier=earlier)]
    for one in made:
        deliveries.add(tx, one)
    if state in _WORDS:
        documents.add_event(
            tx,
            at=now,
            event="document.settled",
            team=document.team,
            document=document.id,
            detail=_WORDS[state],
        )
    return tuple(made)


def of_page(tx: Tx, document: str) -> list[Delivery]:
    """The deliveries that wait for what a page says."""
    return [
        one
        for one in deliveries.of_document(tx, document)
        if one.state is State.HELD and one.hold_code in OF_PAGE
    ]


def call_off(tx: Tx, document: str, *, now: datetime, reason: str) -> None:
    """End what waited for the figures of a page."""
    for one in of_page(tx, document):
        deliveries.cancel(tx, one.id, now=now, reason=reason, actor="maild")


def _made(
    tx: Tx,
    team: Team,
    document: Document,
    *,
    planned: Sequence[Planned],
    now: datetime,
    earlier: Sequence[Document],
) -> Iterator[Delivery]:
    """The next generation, to everybody who has not got it and will not."""
    before = deliveries.of_document(tx, document.id)
    busy = {(one.via, one.address) for one in before if one.state not in _GONE}
    shadow = in_shadow(tx, team)
    for road in planned:
        place = (road.via, road.address)
        if place in busy:
            continue
        there = [one.generation for one in before if (one.via, one.address) == place]
        for one in planned_deliveries(document, road, team=team, now=now):
            made = replace(one, generation=1 + max(there, default=0))
            made = held_for_review(made, earlier[0]) if earlier else made
            yield held_in_shadow(made) if shadow else made
