"""Why a mail came back: codes and servers' words become a sentence in each language."""

from __future__ import annotations

import pytest

from maild.model.returned import Action, Returned
from maild.render.fields import LANGUAGES
from maild.render.reasons import key_of, reason_of
from maild.render.templates import phrases


def returned(status: str | None, words: str | None, action: Action = Action.FAILED) -> Returned:
    return Returned("an@kantoor.example", action, status, words)


@pytest.mark.parametrize(
    ("status", "words", "key"),
    [
        ("5.1.1", None, "no_mailbox"),
        ("5.1.10", "RESOLVER.ADR.RecipientNotFound", "no_mailbox"),
        ("5.0.0", "550 no such mailbox here", "no_mailbox"),
        (None, "This user doesn't have an account; unknown user", "no_mailbox"),
        ("5.2.2", "whatever", "full"),
        ("4.2.2", "over quota", "full"),
        ("5.0.0", "Mailbox is full", "full"),
        ("5.3.4", None, "too_large"),
        ("5.7.26", "unauthenticated email", "authentication"),
        ("5.7.1", "does not pass DMARC verification", "authentication"),
        ("5.7.1", "Message rejected as spam", "policy"),
        ("5.7.1", None, "policy"),
        ("5.4.4", "Host or domain name not found", "no_domain"),
        ("4.4.1", "connect to mx: timed out", "no_answer"),
        ("5.4.7", "Envelope expired", "expired"),
        ("5.5.0", None, "system"),
        (None, None, "other"),
    ],
)
def test_code_and_words_say_why(status: str | None, words: str | None, key: str) -> None:
    assert key_of(returned(status, words)) == key


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_action_and_reason_has_a_sentence_in_every_language(language: str) -> None:
    for action in Action:
        sentence = reason_of(returned("5.1.1", None, action), language)
        assert sentence.endswith(".")
    assert reason_of(returned(None, "sorry"), language, of_inbox=True).endswith(".")
    used = set(phrases(language)["returned"])
    assert used == set(phrases("en")["returned"])


def test_a_delay_says_that_it_may_still_arrive() -> None:
    sentence = reason_of(returned("4.4.1", None, Action.DELAYED))
    assert (
        sentence == "It has not arrived yet; the servers go on trying. Its server does not answer."
    )
