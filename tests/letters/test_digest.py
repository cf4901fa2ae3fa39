"""What a team hears of its day, in every language."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest

from maild.render.digest import News, Waiting, digest
from maild.render.fields import LANGUAGES
from tests.letters.builders import a_document, a_team

Golden = Callable[[str, str], None]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_digest_in_every_language(language: str, golden: Golden) -> None:
    document = a_document(number="12", issued_on=date(2026, 3, 2))
    news = News(
        since=datetime(2026, 3, 1, 7, 0, tzinfo=UTC),
        came=(("invoice", 3), ("quote", 1)),
        left=4,
        waiting=[Waiting(document, "(why)")],
        failed=[Waiting(document, "an@kantoor.example: 550 no such user")],
        refused=2,
    )
    found = digest(news, team=a_team(language=language))
    golden(f"{language}/digest.txt", f"{found.subject}\n\n{found.text}")
