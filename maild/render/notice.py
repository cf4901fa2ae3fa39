"""What maild tells a team's own people: what happened, and the commands that go on from there.

When there is something to tell is decided elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

from maild.model.delivery import Letter
from maild.model.document import Document
from maild.model.money import Amount
from maild.model.team import Team
from maild.render.fields import clean, day, language_of, moment, money
from maild.render.letter import LONGEST_SUBJECT, colour_of, paragraphs
from maild.render.page import Page, as_html, as_text
from maild.render.templates import fill, phrases

_NOTICE_ROWS: Final = (
    "document", "earlier", "sender", "number", "issued_on", "total", "arrived_at", "recipient", "address",
    "reply", "reason",
)  # fmt: skip
# What a person can do after each kind of notice: the key of the words, and the command. The braces
# name facts; a step whose fact is missing is left out.
_STEPS: Final[Mapping[str, tuple[tuple[str, str], ...]]] = {
    "same_number": (
        ("show", "maild review show {document}"),
        ("confirm", "maild review confirm {document}"),
        ("confirm_to", "maild review confirm {document} --to RECIPIENT"),
        ("reject", "maild review reject {document}"),
    ),
    "no_rule": (
        ("show", "maild documents show {document}"),
        ("explain", "maild explain {document} --team {slug}"),
        ("check", "maild check"),
    ),
    "held": (
        ("show", "maild review show {document}"),
        ("release", "maild review confirm {document}"),
        ("cancel", "maild review reject {document}"),
    ),
    "unknown_sender": (
        ("show", "maild review show {document}"),
        ("confirm", "maild review confirm {document}"),
        ("always", "maild review confirm {document} --always"),
        ("reject", "maild review reject {document}"),
    ),
    "delivery_delayed": (
        ("show", "maild queue show {delivery}"),
        ("retry", "maild queue retry {delivery}"),
    ),
    "deliveries_delayed": (
        ("list", "maild queue list --team {slug}"),
        ("show", "maild queue show {delivery}"),
        ("retry", "maild queue retry {delivery}"),
    ),
    "delivery_failed": (
        ("show", "maild queue show {delivery}"),
        ("retry", "maild queue retry {delivery}"),
        ("other", "maild documents resend {document} --to {other}"),
    ),
    "delivery_returned": (
        ("show", "maild queue show {delivery}"),
        ("retry", "maild queue retry {delivery}"),
        ("other", "maild documents resend {document} --to {other}"),
    ),
    "address_stopped": (
        ("show", "maild queue show {delivery}"),
        ("held", "maild queue list --state held --team {slug}"),
    ),
    "refused_digest": (),
}
_FACTS: Final = frozenset(
    {*_NOTICE_ROWS, "kind", "counterparty", "delivery", "count", "other", "until", "connector"}
)
_LONGEST_FACT: Final = 500  # the reply of another server is worth reading in full
_MOST_ENTRIES: Final = 50


def notice(kind: str, *, language: str, team: Team, facts: Mapping[str, object]) -> Letter:
    """A message to the team's own people: what happened, and the commands that go on from there.

    `kind` is one of these, with the facts it knows; what is absent is left out.
    "same_number" and "no_rule": document (its id), kind, number, counterparty, issued_on, total,
    arrived_at, and earlier (the id of the known document).
    "held" and "unknown_sender": the same, and reason and sender.
    "delivery_failed", "delivery_returned" and "address_stopped": the same, and delivery (its id),
    recipient, address, reply, reason; the first two also other (a recipient by whom the document still
    comes into the same books).
    "delivery_delayed": as "delivery_failed", and until (when it is given up; absent where it never is).
    "deliveries_delayed": count, connector, delivery (one of them), reason, until (when it is tried
    again), and late: pairs of a document and where it goes.
    "refused_digest": refusals, each with at, sender, subject and message; and count, if there are
    more than are given.
    Dates, instants and amounts are given as values.
    """
    language = language_of(language)
    said = phrases(language)
    entries = (
        *_refusals(facts.get("refusals"), language=language, zone=team.time_zone),
        *_late(facts.get("late"), language=language, said=said),
    )
    known = {name: _fact(facts.get(name), language=language, team=team) for name in _FACTS}
    known["count"] = known["count"] or str(len(entries))
    known["kind"] = said["name"].get(str(facts.get("kind")), said["name"]["other"])
    known |= {"team": clean(team.name), "slug": clean(team.slug)}
    texts = said["notice"][kind]
    page = Page(
        language=language,
        title=clean(fill(texts["subject"], known), longest=LONGEST_SUBJECT),
        greeting=said["greeting"],
        signature=f"maild, {known['team']}",
        words=said,
        colour=colour_of(team),
        paragraphs=paragraphs(fill(texts["text"], known)),
        facts=tuple((said["label"][name], known[name]) for name in _NOTICE_ROWS if known[name]),
        entries=(*entries[:_MOST_ENTRIES], *_rest(known["count"], shown=entries, said=said)),
        steps=tuple(_steps(kind, known=known, texts=texts)),
        closing=(fill(said["automatic"], known),),
    )
    return Letter(subject=page.title, text=as_text(page), html=as_html(page))


def facts_of(document: Document) -> dict[str, Any]:
    """What a notice tells of the document that it is about."""
    return {
        "document": document.id,
        "kind": document.kind,
        "number": document.number,
        "counterparty": document.counterparty.name,
        "issued_on": document.issued_on,
        "total": document.total,
        "arrived_at": document.accepted_at,
    }


def _fact(value: object, *, language: str, team: Team) -> str:
    match value:
        case Amount():
            return money(value, language)
        case datetime():  # before date, which it is a kind of
            return moment(value, language, zone=team.time_zone)
        case date():
            return day(value, language)
        case _:
            return clean(value, longest=_LONGEST_FACT)


def _refusals(refusals: object, *, language: str, zone: str) -> Iterable[str]:
    for one in refusals if isinstance(refusals, Iterable) else ():
        found = one if isinstance(one, Mapping) else _attributes(one)
        at = found.get("at")
        when = moment(at, language, zone=zone) if isinstance(at, datetime) else ""
        subject = clean(found.get("subject"))
        parts = [when, clean(found.get("sender")), f"“{subject}”" if subject else ""]
        message = clean(found.get("message"), longest=_LONGEST_FACT)
        yield f"{', '.join(part for part in parts if part)}: {message}".removeprefix(": ")


def _late(late: object, *, language: str, said: Mapping[str, Any]) -> Iterable[str]:
    for document, where in late if isinstance(late, Iterable) else ():
        name = said["name"].get(str(document.kind), said["name"]["other"])
        parts = [f"{name} {clean(document.number)}".rstrip(), clean(document.counterparty.name)]
        parts.append(day(document.issued_on, language) if document.issued_on else "")
        yield f"{', '.join(part for part in parts if part)} -> {clean(where)}"


def _attributes(one: object) -> dict[str, object]:
    return {name: getattr(one, name, None) for name in ("at", "sender", "subject", "message")}


def _rest(count: str, *, shown: Sequence[str], said: Mapping[str, Any]) -> tuple[str, ...]:
    left = int(count) - min(len(shown), _MOST_ENTRIES) if shown and count.isdecimal() else 0
    return (fill(said["more"], {"count": str(left)}),) if left > 0 else ()


def _steps(
    kind: str, *, known: Mapping[str, str], texts: Mapping[str, str]
) -> Iterable[tuple[str, str]]:
    for name, command in _STEPS[kind]:
        if all(known[fact] for fact in re.findall(r"{(\w+)}", command)):
            yield texts[name], command.format_map(known)
