"""The mails of the pages: a link to sign in, an invitation, a request. Each asks for one thing.

When they are sent is decided in `maild.partners`; the link of a sign-in mail is made by the composer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from maild.model.delivery import Letter
from maild.model.team import Team
from maild.render.fields import clean, language_of
from maild.render.letter import LONGEST_SUBJECT, colour_of, paragraphs
from maild.render.page import Page, as_html, as_text
from maild.render.templates import fill, phrases

PortalMail = Literal[
    "sign_in", "invited", "asked", "accepted", "ended", "automatic_on", "automatic_off"
]


def portal_mail(
    kind: PortalMail, *, team: Team, language: str, facts: Mapping[str, str], url: str
) -> Letter:
    """One mail of the pages, with the address to go to.

    "sign_in": code, minutes, place. "invited", "asked", "accepted", "ended" and
    "automatic_on", "automatic_off": by (an address),
    partner (the office's name), days. `team` is who it is from, and whose colour it has.
    """
    language = language_of(language)
    said = phrases(language)
    texts = said["portal"][kind]
    names = ("code", "minutes", "place", "by", "partner", "days")
    known = {name: clean(facts.get(name, "")) for name in names} | {"team": clean(team.name)}
    page = Page(
        language=language,
        title=clean(fill(texts["subject"], known), longest=LONGEST_SUBJECT),
        greeting=said["greeting"],
        signature=known["team"],
        words=said,
        colour=colour_of(team),
        paragraphs=paragraphs(fill(texts["text"], known)),
        facts=((texts["code"], known["code"]),) if known["code"] else (),
        steps=((fill(texts["step"], known), url),),
        closing=(fill(texts["closing"], known),),
    )
    return Letter(subject=page.title, text=as_text(page), html=as_html(page))
