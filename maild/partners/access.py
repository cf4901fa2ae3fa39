"""The parts of signing in and of links, built once over the store and the configuration."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from email.utils import parseaddr

from maild.config.settings import Settings
from maild.model.team import HOUSE, Team
from maild.outbox.sign_in import House
from maild.partners.code_apps import CodeApps
from maild.partners.factors import Factors
from maild.partners.links import Links
from maild.partners.passkeys import Passkeys
from maild.partners.sessions import Sessions
from maild.partners.sign_in import SignIns
from maild.partners.telling import OwnMail
from maild.rules.book import RuleBook
from maild.store.database import Database
from maild.store.link_secrets import LinkSecrets


@dataclass(frozen=True, slots=True)
class Access:
    """Who gets in, and to what."""

    sign_ins: SignIns
    sessions: Sessions
    links: Links
    factors: Factors
    passkeys: Passkeys
    code_apps: CodeApps


def build(
    settings: Settings,
    *,
    db: Database,
    book: Callable[[], RuleBook],
    house: House,
    now: Callable[[], datetime],
) -> Access:
    """The parts over an open store."""
    web = settings.web
    strict = web.second_factor == "required"
    mail = OwnMail(house.team, web.address)
    sessions = Sessions(db, book, web.operators, strict, mail, now)
    held = Factors(db, sessions, now)
    return Access(
        sign_ins=SignIns(
            db=db,
            house=house,
            via=web.via,
            book=book,
            operators=web.operators,
            sessions=sessions,
            now=now,
        ),
        sessions=sessions,
        links=Links(db, book, web.address, now),
        factors=held,
        passkeys=Passkeys(held, web.address),
        code_apps=CodeApps(held, settings.maild.secret_file, house.team.name),
    )


def house_of(settings: Settings) -> House:
    """Who maild is to people who sign in."""
    web = settings.web
    team = Team(
        slug=HOUSE,
        name=parseaddr(web.sender)[0] or "maild",
        vat=(),
        language="en",
        addresses=(),
        sender=web.sender or f"maild <maild@{settings.maild.called}>",
        via=web.via or None,
    )
    return House(team, web.address, LinkSecrets(settings.maild.secret_file))
