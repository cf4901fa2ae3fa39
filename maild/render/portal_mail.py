"""The mails of the pages: a link to sign in, an invitation, what was changed. Each asks for one thing.

When they are sent is decided in `maild.partners`; the link of a sign-in mail is made by the composer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from maild.model.delivery import Letter
from maild.model.team import Team
from maild.render.fields import clean, language_of
from maild.render.letter import LONGEST_SUBJECT, colour_of, paragraphs
from maild.render.page import Page, as_html, as_text
from maild.render.templates import fill, phrases

PortalMail = Literal[
    "sign_in",
    "invited",
    "asked",
    "accepted",
    "ended",
    "automatic_on",
    "automatic_off",
    "settings_changed",
    "factor_added",
    "factor_removed",
    "factors_reset",
    "new_device",
]
_FACTS: Final = ("code", "minutes", "place", "by", "partner", "days", "factor", "what")
_LONGEST: Final = 400  # characters of one of them


def portal_mail(
    kind: PortalMail, *, team: Team, language: str, facts: Mapping[str, str], url: str
) -> Letter:
    """One mail of the pages, with the address to go to.

    "sign_in": code, minutes, place. "invited", "asked", "accepted", "ended" and
    "automatic_on", "automatic_off": by (an address),
    partner (the office's name), days. "settings_changed": by, what. "factor_added" and
    "factor_removed": factor ("app" or "passkey"), what (its name), place. "new_device": what (the
    browser), place. `team` is who it is from, and whose colour it has.
    """
    language = language_of(language)
    said = phrases(language)
    texts = said["portal"][kind]
    known = {name: clean(facts.get(name, ""), longest=_LONGEST) for name in _FACTS} | {
        "team": clean(team.name)
    }
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
