"""Values change in the text of a file; everything around them stays, byte for byte."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maild.config.edit import Place, Value, changed
from maild.errors import UserError

TEXT = """\
# The company.   (two spaces before this)

[team.acme]
name   =  "Acme"     # its name
language = 'nl'

[team.acme.recipients]
an = { via = "relay", address = "an@kantoor.example" }  # the accountant
bo = {via="relay",address="bo@kantoor.example"}

[[team.acme.rules]]
name = "first" # keeps its comment
to = [
  "an", # her
]

[[team.acme.rules]]
name = "second"
to = ["bo"]
"""


def test_nothing_changes_when_nothing_is_asked() -> None:
    assert changed(TEXT, {}) == TEXT
    assert changed(TEXT, {("team", "acme", "language"): "nl"}) == TEXT
    assert changed(TEXT, {("team", "acme", "rules", 0, "to"): ("an",)}) == TEXT
    assert changed(TEXT, {("team", "acme", "digest"): None}) == TEXT


@pytest.mark.parametrize(
    ("place", "value", "old", "new"),
    [
        (("name",), "Acme & Co", '"Acme"', '"Acme & Co"'),
        (("language",), "fr", "'nl'", '"fr"'),
        (("recipients", "an", "address"), "x@y.example", "an@kantoor.example", "x@y.example"),
        (("rules", 0, "name"), "else", '"first"', '"else"'),
    ],
    ids=["text", "literal", "inline table", "rule"],
)
def test_one_value_changes_and_all_else_stays(
    place: Place, value: Value, old: str, new: str
) -> None:
    assert changed(TEXT, {("team", "acme", *place): value}) == TEXT.replace(old, new, 1)


def test_windows_line_ends_stay() -> None:
    text = TEXT.replace("\n", "\r\n")
    made = changed(text, {("team", "acme", "language"): "fr"})
    assert made == text.replace("'nl'", '"fr"')


def test_a_rule_and_a_recipient_are_added_and_taken_out_again() -> None:
    add: dict[Place, Value] = {
        ("team", "acme", "recipients", "cy"): {"address": "cy@kantoor.example"},
        ("team", "acme", "rules", 2): {"name": "third", "to": ["cy"]},
    }
    made = changed(TEXT, add)
    assert tomllib.loads(made)["team"]["acme"]["rules"][2] == {"name": "third", "to": ["cy"]}
    gone: dict[Place, Value] = dict.fromkeys(add)
    assert tomllib.loads(changed(made, gone)) == tomllib.loads(TEXT)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=50))
def test_any_text_comes_back_as_it_was_or_is_refused(text: str) -> None:
    place = ("team", "acme", "branding", "texts", "nl.invoice.terms")
    try:
        made = changed(TEXT, {place: text})
    except UserError:
        return
    found = tomllib.loads(made)["team"]["acme"]
    assert found["branding"]["texts"]["nl.invoice.terms"] == text
    assert found | {"branding": None} == tomllib.loads(TEXT)["team"]["acme"] | {"branding": None}


@pytest.mark.parametrize(
    "place",
    [("team", "acme", "name", "inner"), ("team", "acme", "rules", 9, "when")],
    ids=["through a text", "beyond the end"],
)
def test_a_place_that_cannot_be_is_told(place: Place) -> None:
    with pytest.raises(UserError, match="by hand"):
        changed(TEXT, {place: "x"})
