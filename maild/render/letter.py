"""What a mail says: the letter that goes with a document. Notices are in `notice`.

People get a letter in their language; machine inboxes get the subject that their product reads and
next to no text. Headers, files and bytes are the business of `maild.outbox`.

A team may put its own text over ours, by the key LANGUAGE.KIND.NAME ("nl.invoice.subject"), where
NAME is subject, greeting, text or ending. A text has the fields of `maild.render.fields.FIELDS`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from email.utils import parseaddr
from functools import lru_cache
from itertools import product
from typing import Any, Final

from maild.errors import did_you_mean
from maild.model.delivery import Letter, Purpose
from maild.model.document import Document, Kind
from maild.model.said import Said, placed
from maild.model.team import Recipient, Team
from maild.render.fields import FIELDS, LANGUAGES, clean, fields_of, language_of
from maild.render.page import Page, as_html, as_text
from maild.render.templates import TextProblem, check, fill, phrases
from maild.render.view import TEAM_TEXTS

# Other names than the page has (`TEAM_TEXTS`): one word over both would fit neither.
_OWN_TEXTS: Final = ("subject", "greeting", "text", "ending")
TEXTS: Final = (*_OWN_TEXTS, *TEAM_TEXTS)
_ROWS: Final = (
    "number", "issued_on", "seller", "buyer", "preceding", "total", "payable", "due_on",
    "valid_until",
)  # fmt: skip
LONGEST_SUBJECT: Final = 200
LONGEST_PARAGRAPH: Final = 4_000
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


def problems(team: Team) -> tuple[str, ...]:
    """What is wrong with a team's own texts and its recipients' subjects, a sentence each."""
    found = []
    for key, source in team.branding.texts:
        language, _, rest = key.partition(".")
        kind, _, name = rest.partition(".")
        if language not in LANGUAGES or kind not in set(Kind) or name not in TEXTS:
            found.append(_no_such_text(key))
        elif name in _OWN_TEXTS:
            found += _problem(f"branding.texts.{key}", source)
    for one in team.recipients:
        if one.profile.subject is not None:
            found += _problem(f"recipients.{one.name}.subject", one.profile.subject)
    return tuple(found)


def answered(team: Team) -> bool:
    """Whether a reply to the team's mails reaches a person."""
    return bool(reply_to(team)) or not sends_from_the_door(team)


def reply_to(team: Team) -> tuple[str, ...]:
    """Where answers to the team's mails go; nothing: to its From.

    Where the team sends from the very address at which maild takes documents, a reply would end at
    our own door; its `people` are then named, if it has any.
    """
    return team.reply_to or (team.people if sends_from_the_door(team) else ())


def sends_from_the_door(team: Team) -> bool:
    """Whether the team's From is an address at which maild itself takes documents."""
    sender = bare_address(team.sender).casefold()
    return sender in {one.casefold() for one in team.addresses}


@lru_cache(maxsize=1_000)
def bare_address(sender: str) -> str:
    """The address in a team's From, without its name."""
    # The parser of addresses is slow, and a team's mails all have the same From.
    return parseaddr(sender)[1]


def colour_of(team: Team) -> str:
    """The team's own colour; ours when that is no colour, since it stands inside a style."""
    primary = team.branding.primary
    return primary if re.fullmatch(r"#[0-9A-Fa-f]{6}", primary) else _PLAIN_COLOUR


def _problem(where: str, source: str) -> list[str]:
    try:
        check(source, FIELDS)
    except TextProblem as fault:
        return [placed(where, one) for one in fault.problems]
    return []


def _no_such_text(key: str) -> str:
    every = [".".join(one) for one in product(LANGUAGES, Kind, TEXTS)]
    names = ", ".join(TEXTS)
    hint = did_you_mean(key, every)
    english = f"a key is LANGUAGE.KIND.NAME with NAME one of {names}{hint}"
    return placed(f"branding.texts.{key}", Said("no_such_text", english, names=names))


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
    return Letter(subject=clean(title, longest=LONGEST_SUBJECT), text="\n".join(lines) + "\n")


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
        name: own_text(team, key=f"{language}.{document.kind}.{name}", fields=fields)
        or fill(ours, fields)
        for name, ours in _our_texts(document, team=team, said=said).items()
    }
    title, told = texts["subject"], paragraphs(texts["text"])
    if purpose is Purpose.CORRECTION:
        title = fill(said["correction"]["subject"], {**fields, "subject": title})
        told = (fill(said["correction"]["text"], fields), *told)
    page = Page(
        language=language,
        title=clean(title, longest=LONGEST_SUBJECT),
        greeting=clean(texts["greeting"], longest=LONGEST_PARAGRAPH),
        signature=fields["team"],
        words=said,
        colour=colour_of(team),
        paragraphs=told,
        facts=tuple((said["label"][name], fields[name]) for name in _ROWS if fields[name]),
        files=tuple((clean(name), _use_of(name, said=said)) for name in attached),
        closing=paragraphs(texts["ending"]),
    )
    return Letter(subject=page.title, text=as_text(page), html=as_html(page))


def _our_texts(document: Document, *, team: Team, said: Mapping[str, Any]) -> dict[str, str]:
    ending = [said["questions"]] if answered(team) else []
    if document.kind not in (Kind.QUOTE, Kind.OTHER, Kind.EXPORT):
        # A mail is a copy: the invoice itself travels by Peppol where that is the law (domain.md 3.6).
        ending.insert(0, said["copy"])
    greeting = {"greeting": said["greeting"], "ending": "\n\n".join(ending)}
    return {**said["letter"][document.kind.value], **greeting}


def own_text(team: Team, *, key: str, fields: Mapping[str, str]) -> str:
    """What the team wrote for that key, filled in; empty where it wrote nothing, or nothing that works."""
    source = team.branding.text(key)
    if source is None:
        return ""
    try:
        return fill(source, fields)
    except TextProblem:
        # `problems` says so when the team is read; an invoice is not held up by its greeting.
        return ""


def paragraphs(text: str) -> tuple[str, ...]:
    """The paragraphs of a text, which stand between empty lines."""
    parts = (clean(part, longest=LONGEST_PARAGRAPH) for part in re.split(r"\n\s*\n", text))
    return tuple(part for part in parts if part)


def _use_of(name: str, *, said: Mapping[str, Any]) -> str:
    return str(said["file"]["xml"]) if name.lower().endswith(".xml") else ""
