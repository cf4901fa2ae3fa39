"""Events of the pages: who signed in, what was refused. No addresses of links, no tokens."""

from __future__ import annotations

import re
from typing import Final

from maild.log.setup import LOG

# What lets people in stands in the addresses of these pages.
_SECRET: Final = re.compile(r"^(/sign-in/[^/]*/|/packages/).*", re.DOTALL)


def sign_in_slowed(*, place: str) -> None:
    """Somebody asked for sign-in mails more often than allowed; no mail was sent."""
    LOG.warning("sign_in.slowed", place=place)


def visit_refused(*, path: str, reason: str) -> None:
    """A request was refused before its page was asked: another site's, or without the right to it."""
    LOG.warning("visit.refused", path=_shown(path), reason=reason)


def download_refused(*, team: str, place: str) -> None:
    """An office, or one of a team's people, took more packages than an hour allows; look who it is."""
    LOG.warning("download.refused", team=team, place=place)


def download_ended(*, path: str) -> None:
    """A download was broken off in the middle: a session or a right to the documents had ended."""
    LOG.warning("download.ended", path=_shown(path))


def package_taken(*, team: str, document: str, link: str, place: str) -> None:
    """A file of a package was downloaded by a link; `link` is its id, not what stands in the mail."""
    LOG.info("package.taken", team=team, document=document, link=link, place=place)


def page_failed(*, path: str, incident: str, error: BaseException) -> None:
    """A page failed by a fault of ours; the visitor was shown the incident."""
    LOG.error("page.failed", path=path, incident=incident, exc_info=error)


def factor_waived(*, url: str) -> None:
    """A mailed link alone lets people in, as `[web] second_factor` says: less than ASVS level 2."""
    LOG.warning("factor.waived", url=url)


def code_slowed(*, person: str) -> None:
    """Somebody who has a person's mail gave too many wrong codes of the app; none is taken for a while."""
    LOG.warning("code.slowed", person=person)


def _shown(path: str) -> str:
    return _SECRET.sub(r"\1...", path)
