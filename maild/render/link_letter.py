"""The mail that brings a link to a package instead of the package; other letters are in `letter`."""

from __future__ import annotations

from datetime import datetime

from maild.model.delivery import Letter
from maild.model.document import Document
from maild.model.team import Recipient, Team
from maild.render.fields import clean, fields_of, language_of, moment
from maild.render.letter import (
    LONGEST_PARAGRAPH,
    LONGEST_SUBJECT,
    answered,
    colour_of,
    own_text,
    paragraphs,
)
from maild.render.page import Page, as_html, as_text
from maild.render.templates import fill, phrases


def link_letter(
    document: Document, *, team: Team, recipient: Recipient, until: datetime, url: str
) -> Letter:
    """The words that go with a link to the files of a package; it is good until that moment.

    Subject, greeting and ending are those of a mail with the package, also where the team has its own.
    """
    language = language_of(recipient.language or team.language)
    said = phrases(language)
    fields = dict(fields_of(document, team=team, language=language, name=said["name"]["export"]))
    fields["until"] = moment(until, language, zone=team.time_zone)
    ours = {
        "subject": said["letter"]["export"]["subject"],
        "greeting": said["greeting"],
        "ending": said["questions"] if answered(team) else "",
    }
    texts = {
        name: own_text(team, key=f"{language}.export.{name}", fields=fields) or fill(text, fields)
        for name, text in ours.items()
    }
    page = Page(
        language=language,
        title=clean(texts["subject"], longest=LONGEST_SUBJECT),
        greeting=clean(texts["greeting"], longest=LONGEST_PARAGRAPH),
        signature=fields["team"],
        words=said,
        colour=colour_of(team),
        paragraphs=paragraphs(fill(said["link"]["text"], fields)),
        steps=((said["link"]["step"], url),),
        closing=(*paragraphs(texts["ending"]), fill(said["link"]["closing"], fields)),
    )
    return Letter(subject=page.title, text=as_text(page), html=as_html(page))
