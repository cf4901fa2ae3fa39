"""What a sender is told, in every language."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest

from maild.model.document import Kind
from maild.render.answer import Fate, Told, answer
from maild.render.fields import LANGUAGES
from tests.letters.builders import a_team

Golden = Callable[[str, str], None]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("fate", Fate)
def test_an_answer_says_what_became_of_a_mail(fate: Fate, language: str, golden: Golden) -> None:
    told = [Told(fate, Kind.PURCHASE_INVOICE, "L-77", date(2026, 3, 2))]
    if fate is Fate.REFUSED:
        told = [Told(fate)]
    why = ("note.txt: no document",) if fate is Fate.REFUSED else ()
    found = answer(told, team=a_team(), language=language, why=why)
    golden(f"{language}/answer_{fate}.txt", f"{found.subject}\n\n{found.text}")
    assert found.html is not None
    assert found.html.count("<html") == 1


def test_a_hostile_number_stays_text_and_many_documents_stay_a_letter() -> None:
    told = [Told(Fate.TAKEN, Kind.INVOICE, "<b>{{ team }}\r\nBcc: x@y.example")] * 500
    found = answer(told, team=a_team(), language="en")
    assert "\r" not in found.text
    assert "<b>" not in (found.html or "")
    assert len(found.text) < 10_000
