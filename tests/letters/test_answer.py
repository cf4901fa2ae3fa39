"""What a sender is told, in every language."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

import maild
from maild.errors import Problem
from maild.model.delivery import HoldCode
from maild.model.document import Kind
from maild.render.answer import Fate, Told, answer
from maild.render.fields import LANGUAGES
from maild.render.problems import hold_in, key_of, problem_in
from maild.render.templates import phrases
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


CODES = [
    ("no_file", "no_file"),
    ("encrypted_archive", "encrypted"),
    ("archive_bomb", "unreadable_archive"),
    ("unreadable", "unreadable"),
    ("BR-CO-15", "rule"),
    ("PEPPOL-EN16931-R003", "rule"),
    ("json.missing", "json"),
    ("never seen", "other"),
]


@pytest.mark.parametrize("language", LANGUAGES)
def test_why_it_was_not_understood_is_said_in_the_language_by_its_code(
    language: str, golden: Golden
) -> None:
    told = [problem_in(Problem(code, "f.xml", "what the log says"), language) for code, _ in CODES]
    golden(f"{language}/problems.txt", "\n".join(told) + "\n")
    # What a developer has to know goes along, in the words of the log.
    assert [code for code, one in zip(CODES, told, strict=True) if "what the log says" in one] == [
        one for one in CODES if one[1] in {"unreadable", "rule", "json", "other"}
    ]


@pytest.mark.parametrize(("code", "key"), CODES)
def test_a_code_has_its_sentence(code: str, key: str) -> None:
    assert key_of(code, known=phrases("en")["problem"]) == key


def test_every_code_of_a_refused_mail_is_known() -> None:
    """Each code that is written out where mails are read has a sentence of its own."""
    known = phrases("en")["problem"]
    folder = Path(maild.__file__).parent
    sources = [*(folder / "intake").glob("*.py"), *(folder / "reading").glob("*.py")]
    written = {
        code
        for source in sources
        if not source.name.startswith("inspect")  # tells an operator, and refuses nothing
        for code in re.findall(
            r"(?:Problem|problem|Sealed|_say)\(\s*\"([\w.]+)\"", source.read_text(encoding="utf-8")
        )
    }
    assert {"no_tag", "not_ours", "encrypted_mail", "damaged_archive"} <= written
    assert {code for code in written if key_of(code, known=known) == "other"} == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_why_something_waits_is_said_in_the_language_by_its_code(
    language: str, golden: Golden
) -> None:
    told = [hold_in(code, "what the records say", language) for code in (*HoldCode, None)]
    golden(f"{language}/holds.txt", "\n".join(told) + "\n")


def test_a_hostile_file_name_stays_on_its_line() -> None:
    nasty = Problem("no_tag", "a\r\nBcc: x@y.example\u202e" + "w" * 500, "{{ team }}")
    [line] = problem_in(nasty, "nl").splitlines()
    assert line.startswith("a Bcc: x@y.example www")
    assert len(line) < 500


def test_a_hostile_number_stays_text_and_many_documents_stay_a_letter() -> None:
    told = [Told(Fate.TAKEN, Kind.INVOICE, "<b>{{ team }}\r\nBcc: x@y.example")] * 500
    found = answer(told, team=a_team(), language="en")
    assert "\r" not in found.text
    assert "<b>" not in (found.html or "")
    assert len(found.text) < 10_000
