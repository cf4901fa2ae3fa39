"""A text of a team is fields and conditions: nothing that runs long, reaches out or calls."""

from __future__ import annotations

import re
import time
import tomllib
import tracemalloc
from pathlib import Path

import pytest

from maild.errors import UserError
from maild.model.team import Branding
from maild.render.fields import FIELDS
from maild.render.letter import _OWN_TEXTS, problems
from maild.render.templates import TextProblem, check, fill
from maild.rules.profiles import PROFILES
from tests.letters.builders import a_recipient, a_team

FIELD = {"number": "12", "buyer": "Peeters"}


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("plain", "plain"),
        ("{{ number }} for {{ buyer|upper }}", "12 for PEETERS"),
        ("{% if number == '12' and not buyer == '' %}yes{% else %}no{% endif %}", "yes"),
        ("{{ '[A]' if number else '[B]' }}", "[A]"),
        ("{# a note to myself #}x", "x"),
        ("{% raw %}{{ as it is }}{% endraw %}", "{{ as it is }}"),
    ],
)
def test_fields_and_conditions_are_filled_in(source: str, text: str) -> None:
    assert fill(source, FIELD) == text


@pytest.mark.parametrize(
    "source",
    [
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ number.__class__ }}",
        "{{ number['__class__'] }}",
        "{{ number|attr('__class__') }}",
        "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
        "{{ self._TemplateReference__context }}",
        "{{ lipsum(n=1000) }}",
        "{% for x in range(10**9) %}x{% endfor %}",
        "{{ 'a' * 1000000000 }}",
        "{{ 10 ** 10 ** 10 }}",
        "{{ number ~ number }}",
        "{{ '%1000000000d' % 1 }}",
        "{{ '%1000000000d'|format(1) }}",
        "{{ number|center(100000000) }}",
        "{{ number|pprint }}",
        "{% set x = 1 %}",
        "{% macro a() %}{{ a() }}{% endmacro %}{{ a() }}",
        "{% include 'letter.html' %}",
        "{% extends 'letter.html' %}",
        "{% import 'letter.html' as x %}",
        "{% block x %}{% endblock %}",
        "{{ [1, 2] }}",
        "{% if number is mapping %}x{% endif %}",
        "{{ nummer }}",
        "{% if '' %}{{ nummer }}{% endif %}",
        "{{ number",
        "{% if number %}",
        "{% nonsense %}",
        "{{ number|nonsense }}",
        "{{ " + "(" * 1900 + "number" + ")" * 1900 + " }}",
        "{{ " + "not " * 990 + "number }}",
        "{% if number %}" * 250,
        "x" * 4001,
    ],
)
def test_everything_else_is_refused_at_once(source: str) -> None:
    tracemalloc.start()
    before = time.process_time()
    with pytest.raises(TextProblem) as refused:
        check(source, FIELD)
    spent, peak = time.process_time() - before, tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert isinstance(refused.value, UserError)
    assert spent < 2
    assert peak < 50_000_000


def test_what_a_field_holds_is_never_read_as_a_text() -> None:
    assert fill("{{ buyer }}", {"buyer": "{{ 7 * 7 }}"}) == "{{ 7 * 7 }}"


def test_the_longest_text_of_fields_ends_bounded() -> None:
    source = "{{ buyer }}" * (4000 // len("{{ buyer }}"))
    assert len(fill(source, {"buyer": "x" * 120})) <= 20_000


def test_a_refusal_names_the_fields_that_there_are() -> None:
    with pytest.raises(TextProblem, match='no field "nummer"; there are buyer, number'):
        check("{{ nummer }}", FIELD)


def test_the_subjects_of_all_profiles_can_be_used() -> None:
    recipients = tuple(a_recipient(name=name, profile=name) for name in PROFILES)
    assert any(one.profile.subject for one in recipients)
    assert problems(a_team(recipients=recipients)) == ()
    assert "number" in FIELDS


def test_the_page_about_letters_names_every_field_and_every_text() -> None:
    page = (Path(__file__).parents[2] / "docs" / "letters.md").read_text(encoding="utf-8")
    rows = set(re.findall(r"(?m)^\| `([a-z_]+)` \|", page))
    assert rows == FIELDS | set(_OWN_TEXTS)


def test_the_example_on_the_page_about_letters_can_be_used() -> None:
    page = (Path(__file__).parents[2] / "docs" / "letters.md").read_text(encoding="utf-8")
    example = re.search(r"```toml\n(.*?)```", page, re.DOTALL)
    assert example
    tables = tomllib.loads(example[1])["team"]["acme"]["branding"]["texts"]
    texts = tuple(
        (f"{language}.{kind}.{name}", text)
        for language, kinds in tables.items()
        for kind, names in kinds.items()
        for name, text in names.items()
    )
    assert len(texts) == 4
    assert problems(a_team(branding=Branding(texts=texts))) == ()
