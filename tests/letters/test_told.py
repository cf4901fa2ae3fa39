"""Why a delivery stands as it does: our words in the reader's language, others' words as they were said."""

from __future__ import annotations

import pytest

from maild.model.delivery import HoldCode, Outcome, State
from maild.model.returned import Action, Returned
from maild.model.said import Said, placed
from maild.render.problems import hold_in
from maild.render.said import Told
from maild.render.templates import phrases
from maild.render.told import Fate, by_server, told

LANGUAGES = ("nl", "fr", "en", "de")
NO = "550 5.1.1 <an@x.example>: user unknown"
ENGLISH = {
    HoldCode.UNTRUSTED: "the PDF says 121.00 and its XML 212.00",
    HoldCode.PROFILE: "it has 31 MB, and yuki takes 25 MB",
    HoldCode.BUG: "a fault of maild itself (KeyError); incident i-1 is in the log",
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_says_the_same_things(language: str) -> None:
    for table in ("told", "held", "returned", "problem"):
        assert phrases(language)[table].keys() == phrases("en")[table].keys()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("code", list(HoldCode))
def test_each_reason_to_hold_has_words_without_what_is_quoted(
    code: HoldCode, language: str
) -> None:
    found = told(Fate(State.HELD, code, ENGLISH.get(code, "held by a person")), language)
    assert found.words
    assert "()" not in found.words
    assert "{{" not in found.words
    assert found.quoted == ENGLISH.get(code, found.quoted)
    if language != "en":
        assert found.words != told(Fate(State.HELD, code), "en").words


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (
            "nl",
            "Deze inbox neemt het zo niet aan (yuki neemt een UBL alleen samen met de pdf aan).",
        ),
        ("fr", "Cette boîte ne l’accepte pas ainsi (yuki ne prend un UBL qu’avec son PDF)."),
    ],
)
def test_a_reason_of_ours_is_in_the_language_too(language: str, words: str) -> None:
    english = "yuki takes a UBL only together with its PDF"
    reason = Said("takes_pair", english, profile="yuki")
    assert told(Fate(State.HELD, HoldCode.PROFILE, reason), language) == Told(words)
    assert hold_in(HoldCode.PROFILE, reason, language) == words
    in_a_file = told(Fate(State.HELD, HoldCode.PROFILE, placed("F-1.pdf", reason)), language)
    assert "(F-1.pdf: yuki ne" in in_a_file.words, "no marks of code in a mail"
    assert told(Fate(State.HELD, HoldCode.PROFILE, reason), "en").quoted == english
    assert told(Fate(State.HELD, HoldCode.PROFILE, english), language).quoted == english


@pytest.mark.parametrize(
    ("fate", "words", "quoted"),
    [
        (
            Fate(State.FAILED, reason=f"refused: {NO}", outcome=Outcome.REFUSED, reply=NO),
            "Die mailbox bestaat niet.",
            NO,
        ),
        (
            Fate(State.FAILED, outcome=Outcome.DEFERRED, reply="451 4.4.1 no answer"),
            "maild probeerde het tot de termijn om was. De server antwoordt niet.",
            "451 4.4.1 no answer",
        ),
        (
            Fate(State.UNCERTAIN, reason="it may have arrived: timed out", reply="timed out"),
            "Misschien is het aangekomen: er kwam geen antwoord.",
            "timed out",
        ),
        (
            Fate(
                State.BOUNCED, returned=((Returned("a@x", Action.FAILED, "5.2.2", "full"), False),)
            ),
            "De mailbox is vol.",
            "full",
        ),
        (
            Fate(State.BOUNCED, returned=((Returned("a@x", Action.FAILED, None, "no PDF"), True),)),
            "De inbox heeft de mail niet aangenomen.",
            "no PDF",
        ),
        (
            Fate(State.BOUNCED, reason=f"That mailbox does not exist. ({NO})"),
            "Die mailbox bestaat niet.",
            NO,
        ),
        (Fate(State.BOUNCED, reason="of an older maild"), "", "of an older maild"),
        (
            Fate(State.HELD, HoldCode.PERSON, "by an@acme.example"),
            "Iemand hield het vast (an@acme.example).",
            "",
        ),
        (Fate(State.HELD, HoldCode.PERSON, "held by a person"), "Iemand hield het vast.", ""),
        (
            Fate(State.HELD, HoldCode.PERSON, "wait for Bob"),
            "Iemand hield het vast.",
            "wait for Bob",
        ),
        (Fate(State.CANCELLED, reason="cancelled by a person"), "Iemand gaf het op.", ""),
        (
            Fate(State.CANCELLED, reason="decided anew by today's rules"),
            "De regels van vandaag beslisten opnieuw.",
            "",
        ),
        (
            Fate(State.CANCELLED, reason="decided anew, now that its figures are sure"),
            "Nu de cijfers vaststaan, beslisten de regels opnieuw.",
            "",
        ),
        (
            Fate(State.CANCELLED, HoldCode.SAME_BOOKS, "x"),
            "Een andere weg leidt al naar dezelfde boeken.",
            "",
        ),
        (
            Fate(State.QUEUED, reason="the calls of the day are used"),
            "Het wacht tot de andere kant het weer aanneemt.",
            "the calls of the day are used",
        ),
        (Fate(State.QUEUED), "", ""),
        (Fate(State.HANDED_OVER, outcome=Outcome.HANDED_OVER, reply="250 ok"), "", ""),
    ],
    ids=lambda value: value.state.value if isinstance(value, Fate) else "",
)
def test_our_words_are_in_the_language_and_others_are_quoted(
    fate: Fate, words: str, quoted: str
) -> None:
    assert told(fate, "nl") == Told(words, quoted)


def test_what_is_quoted_is_one_clean_line() -> None:
    found = by_server("550 5.7.1 no\r\n\x1b[31mspam\u202e" + "x" * 2_000, "fr")
    assert "\n" not in found.quoted
    assert "\x1b" not in found.quoted
    assert "\u202e" not in found.quoted
    assert len(found.quoted) <= 500


def test_a_mail_has_both_in_one_line() -> None:
    assert Told("Vol.", "552").line == "Vol. (552)"
    assert Told("Vol.").line == "Vol."
    assert Told("", "552").line == "552"
