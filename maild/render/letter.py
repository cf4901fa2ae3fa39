"""What a mail says: the letter that goes with a document, and the notices to a team's own people.

People get a letter in their language; machine inboxes get the subject that their product reads and
next to no text. Headers, files and bytes are the business of `maild.outbox`.

A team may put its own text over ours, by the key LANGUAGE.KIND.NAME ("nl.invoice.subject"), where
NAME is subject, greeting, text or ending. A text has the fields of `maild.render.fields.FIELDS`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from email.utils import parseaddr
from itertools import product
from typing import Any, Final

from maild.errors import did_you_mean
from maild.model.delivery import Letter, Purpose
from maild.model.document import Document, Kind
from maild.model.money import Amount
from maild.model.team import Recipient, Team
from maild.render.fields import FIELDS, LANGUAGES, clean, day, fields_of, language_of, moment, money
from maild.render.page import Page, as_html, as_text
from maild.render.templates import TextProblem, check, fill, phrases
from maild.render.view import TEAM_TEXTS

# Other names than the page has (`TEAM_TEXTS`): one word over both would fit neither.
_OWN_TEXTS: Final = ("subject", "greeting", "text", "ending")
_ALL_TEXTS: Final = (*_OWN_TEXTS, *TEAM_TEXTS)
_ROWS: Final = (
    "number", "issued_on", "seller", "buyer", "preceding", "total", "payable", "due_on",
    "valid_until",
)  # fmt: skip
_NOTICE_ROWS: Final = (
    "document", "earlier", "number", "issued_on", "total", "arrived_at", "recipient", "address",
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
        ("show", "maild documents show {document}"),
        ("release", "maild queue release {delivery}"),
        ("cancel", "maild queue cancel {delivery}"),
    ),
    "delivery_failed": (
        ("show", "maild queue show {delivery}"),
        ("retry", "maild queue retry {delivery}"),
    ),
    "refused_digest": (),
}
_FACTS: Final = frozenset({*_NOTICE_ROWS, "kind", "counterparty", "delivery", "count"})
_LONGEST_SUBJECT: Final = 200
_LONGEST_PARAGRAPH: Final = 4_000
_LONGEST_FACT: Final = 500  # the reply of another server is worth reading in full
_MOST_ENTRIES: Final = 50
_PLAIN_COLOUR: Final = "#12343b"


def letter(
    document: Document,
    *,
    team: Team,
    recipient: Recipient,
    purpose: Purpose,
    attached: Sequence[str],
) -> Letter:
    """The words that go with a document; `attached` are the names of the files in the mail.

    The document's bill, where it is there, gives the parties and dates.
    Raises TextProblem when the subject template of a machine inbox cannot be used; a wrong text for
    people gives way to ours.
    """
    language = language_of(recipient.language or team.language)
    name = phrases(language)["name"][document.kind.value]
    fields = fields_of(document, team=team, language=language, name=name)
    if recipient.profile.machine:
        subject = recipient.profile.subject
        return _for_a_machine(fields, subject=subject, purpose=purpose, attached=attached)
    return _for_a_person(fields, document=document, team=team, purpose=purpose, attached=attached)


def notice(kind: str, *, language: str, team: Team, facts: Mapping[str, object]) -> Letter:
    """A message to the team's own people: what happened, and the commands that go on from there.

    `kind` is one of these, with the facts it knows; what is absent is left out.
    "same_number" and "no_rule": document (its id), kind, number, counterparty, issued_on, total,
    arrived_at, and earlier (the id of the known document).
    "held": the same, and reason and delivery (the id of the first that waits).
    "delivery_failed": the same, and delivery (its id), recipient, address, reply, reason.
    "refused_digest": refusals, each with at, sender, subject and message; and count, if there are
    more than are given.
    Dates, instants and amounts are given as values.
    """
    language = language_of(language)
    said = phrases(language)
    entries = tuple(_refusals(facts.get("refusals"), language=language, zone=team.time_zone))
    known = {name: _fact(facts.get(name), language=language, team=team) for name in _FACTS}
    known["count"] = known["count"] or str(len(entries))
    known["kind"] = said["name"].get(str(facts.get("kind")), said["name"]["other"])
    known |= {"team": clean(team.name), "slug": clean(team.slug)}
    texts = said["notice"][kind]
    page = Page(
        language=language,
        title=clean(fill(texts["subject"], known), longest=_LONGEST_SUBJECT),
        greeting=said["greeting"],
        signature=f"maild, {known['team']}",
        words=said,
        colour=colour_of(team),
        paragraphs=_paragraphs(fill(texts["text"], known)),
        facts=tuple((said["label"][name], known[name]) for name in _NOTICE_ROWS if known[name]),
        entries=(*entries[:_MOST_ENTRIES], *_rest(known["count"], shown=entries, said=said)),
        steps=tuple(_steps(kind, known=known, texts=texts)),
        closing=(fill(said["automatic"], known),),
    )
    return Letter(subject=page.title, text=as_text(page), html=as_html(page))


def problems(team: Team) -> tuple[str, ...]:
    """What is wrong with a team's own texts and its recipients' subjects, a sentence each."""
    found = []
    for key, source in team.branding.texts:
        language, _, rest = key.partition(".")
        kind, _, name = rest.partition(".")
        if language not in LANGUAGES or kind not in set(Kind) or name not in _ALL_TEXTS:
            found.append(_no_such_text(key))
        elif name in _OWN_TEXTS:
            found += _problem(f"branding.texts.{key}", source)
    for one in team.recipients:
        if one.profile.subject is not None:
            found += _problem(f"recipients.{one.name}.subject", one.profile.subject)
    return tuple(found)


def answered(team: Team) -> bool:
    """Whether a reply to the team's mails reaches a person.

    Where the team sends from the very address at which maild takes documents, a reply would end at
    our own door; its `people` are then named in Reply-To, if it has any.
    """
    return bool(team.people) or not sends_from_the_door(team)


def sends_from_the_door(team: Team) -> bool:
    """Whether the team's From is an address at which maild itself takes documents."""
    sender = parseaddr(team.sender)[1].casefold()
    return sender in {one.casefold() for one in team.addresses}


def colour_of(team: Team) -> str:
    """The team's own colour; ours when that is no colour, since it stands inside a style."""
    primary = team.branding.primary
    return primary if re.fullmatch(r"#[0-9A-Fa-f]{6}", primary) else _PLAIN_COLOUR


def _problem(where: str, source: str) -> list[str]:
    try:
        check(source, FIELDS)
    except TextProblem as fault:
        return [f"{where}: {fault}"]
    return []


def _no_such_text(key: str) -> str:
    every = [".".join(one) for one in product(LANGUAGES, Kind, _ALL_TEXTS)]
    names = ", ".join(_ALL_TEXTS)
    hint = did_you_mean(key, every)
    return f"branding.texts.{key}: a key is LANGUAGE.KIND.NAME with NAME one of {names}{hint}"


def _for_a_machine(
    fields: Mapping[str, str], *, subject: str | None, purpose: Purpose, attached: Sequence[str]
) -> Letter:
    # Some products act on [tags] in subject and text (inboxes.md, Basecone), so only the template
    # may write brackets, and the text holds no foreign words but the number.
    plain = {name: value.replace("[", "(").replace("]", ")") for name, value in fields.items()}
    title = fill(subject or "{{ kind }} {{ number }}", plain)
    lines = list(attached)
    if purpose is Purpose.CORRECTION:
        lines.insert(0, fill(phrases(fields["language"])["correction"]["text"], plain))
    return Letter(subject=clean(title, longest=_LONGEST_SUBJECT), text="\n".join(lines) + "\n")


def _for_a_person(
    fields: Mapping[str, str],
    *,
    document: Document,
    team: Team,
    purpose: Purpose,
    attached: Sequence[str],
) -> Letter:
    language = fields["language"]
    said = phrases(language)
    texts = {
        name: _own_text(team, key=f"{language}.{document.kind}.{name}", fields=fields)
        or fill(ours, fields)
        for name, ours in _our_texts(document, team=team, said=said).items()
    }
    title, paragraphs = texts["subject"], _paragraphs(texts["text"])
    if purpose is Purpose.CORRECTION:
        title = fill(said["correction"]["subject"], {**fields, "subject": title})
        paragraphs = (fill(said["correction"]["text"], fields), *paragraphs)
    page = Page(
        language=language,
        title=clean(title, longest=_LONGEST_SUBJECT),
        greeting=clean(texts["greeting"], longest=_LONGEST_PARAGRAPH),
        signature=fields["team"],
        words=said,
        colour=colour_of(team),
        paragraphs=paragraphs,
        facts=tuple((said["label"][name], fields[name]) for name in _ROWS if fields[name]),
        files=tuple((clean(name), _use_of(name, said=said)) for name in attached),
        closing=_paragraphs(texts["ending"]),
    )
    return Letter(subject=page.title, text=as_text(page), html=as_html(page))


def _our_texts(document: Document, *, team: Team, said: Mapping[str, Any]) -> dict[str, str]:
    ending = [said["questions"]] if answered(team) else []
    if document.kind not in (Kind.QUOTE, Kind.OTHER, Kind.EXPORT):
        # A mail is a copy: the invoice itself travels by Peppol where that is the law (domain.md 3.6).
        ending.insert(0, said["copy"])
    greeting = {"greeting": said["greeting"], "ending": "\n\n".join(ending)}
    return {**said["letter"][document.kind.value], **greeting}


def _own_text(team: Team, *, key: str, fields: Mapping[str, str]) -> str:
    source = team.branding.text(key)
    if source is None:
        return ""
    try:
        return fill(source, fields)
    except TextProblem:
        # `problems` says so when the team is read; an invoice is not held up by its greeting.
        return ""


def _paragraphs(text: str) -> tuple[str, ...]:
    parts = (clean(part, longest=_LONGEST_PARAGRAPH) for part in re.split(r"\n\s*\n", text))
    return tuple(part for part in parts if part)


def _use_of(name: str, *, said: Mapping[str, Any]) -> str:
    return str(said["file"]["xml"]) if name.lower().endswith(".xml") else ""


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
