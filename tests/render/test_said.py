"""What maild says of itself has words in each language, with the same facts as its English."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

import maild
from maild.model.said import Said, all_of, from_json, to_json
from maild.render.said import LANGUAGES, said_in, sentences

HERE = Path(maild.__file__).parent
FIELD = re.compile(r"\{(\w+)\}")


def spoken() -> Iterator[tuple[str, frozenset[str]]]:
    """Each code that the code names, with its facts."""
    for module in HERE.rglob("*.py"):
        text = module.read_text("utf-8")
        for node in ast.walk(ast.parse(text)) if "maild.model.said" in text else ():
            if not (isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Said"):
                continue
            code = node.args[0]
            assert isinstance(code, ast.Constant), f"{module}:{node.lineno}: write its code out"
            yield str(code.value), frozenset(one.arg for one in node.keywords if one.arg)


def words(language: str) -> dict[str, Any]:
    return dict(sentences(language)["said"])


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_sentence_has_words_with_facts_that_are_given(language: str) -> None:
    said = list(spoken())
    known = words(language)
    assert len(said) > 20
    assert {code for code, _ in said} == known.keys()
    for code, facts in said:
        several = known[code] if isinstance(known[code], Mapping) else {"other": known[code]}
        assert not isinstance(known[code], Mapping) or "count" in facts, code
        for one in several.values():
            assert set(FIELD.findall(one)) <= facts, (language, code)
            assert one == one.strip(), code
            assert "{why}" not in one, f"{code}: what others said stands beside our words"


def test_languages_name_the_same_values() -> None:
    first, *others = (sentences(one)["value"].keys() for one in LANGUAGES)
    assert all(one == first for one in others)


def test_a_sentence_is_its_english_to_everybody_else() -> None:
    one = Said("too_old", "it is 400 days old, more than 365", count=400, most=365)
    assert json.dumps([one]) == '["it is 400 days old, more than 365"]'
    assert said_in(one, "en").words == one
    assert said_in(one, "de").quoted == one


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (
            "nl",
            "soort is factuur, niet creditnota of offerte; totaal 1.200,50 EUR is lager dan 2000",
        ),
        (
            "fr",
            "type : facture, et non note de crédit ou offre ; le total 1 200,50 EUR est inférieur à 2000",
        ),
    ],
)
def test_facts_are_in_the_language_too_and_survive_being_kept(language: str, words: str) -> None:
    kinds = ["credit_note", "quote"]
    first = Said("none_of", "kind is ...", what="kind", found="invoice", asked=kinds)
    other = Said("total_below", "total ...", amount="1200.50 EUR", least="2000")
    kept = from_json(json.loads(json.dumps(to_json(all_of([first, other])))))
    assert kept == "kind is ...; total ..."
    told = said_in(kept, language)
    assert re.sub(r"\s", " ", told.words) == words  # spaces in amounts do not break
    assert told.quoted == ""


def test_what_others_said_is_quoted_beside_our_words() -> None:
    text = all_of(
        [
            Said("login_refused", "mail.example: no", place="mail.example", why="no"),
            Said("end_one", "end one first"),
        ]
    )
    told = said_in(text, "nl")
    assert told.words == "mail.example laat maild niet binnen; beëindig er eerst een"
    assert told.quoted == "no"


def test_what_was_kept_before_there_were_codes_is_quoted() -> None:
    told = said_in(from_json("kind is invoice"), "nl")
    assert (told.words, told.quoted) == ("", "kind is invoice")
