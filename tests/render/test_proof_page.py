"""The pages that prove where a document went: what they say, how they look, and that they stay the same."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import page
import pikepdf
import pypdfium2
import pytest

from maild.model.delivery import Outcome, State
from maild.render.proof_view import last_day, proof_view, words
from tests.render.proofs import (
    DEFERRED,
    DELIVERED,
    GOLDEN,
    LANGUAGES,
    TAKEN,
    UNCERTAIN,
    a_delivery,
    a_frame,
    a_proof,
    every_state,
    golden_text,
    text_of,
    typeset,
)

MM = 72 / 25.4  # in points
ROOT = Path(__file__).resolve().parents[2]


def seen(*deliveries: dict[str, Any], language: str = "en", **document: Any) -> dict[str, Any]:
    """The view of a proof."""
    return proof_view(a_proof(*deliveries, **document), frame=a_frame(language))


def proven(delivery: dict[str, Any]) -> str:
    """What is said to be proven of one delivery, in English."""
    [one] = seen(delivery)["deliveries"]
    return " ".join(one["proven"])


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_the_same_words_with_the_same_gaps(language: str) -> None:
    def shape(name: str) -> set[tuple[str, str, tuple[str, ...]]]:
        return {
            (
                table,
                key,
                tuple(gap for gap in ("team", "zone", "at", "count") if f"{{{gap}}}" in text),
            )
            for table, entries in words(name).items()
            for key, text in entries.items()
        }

    assert shape(language) == shape("en")


def test_each_state_and_outcome_has_its_words() -> None:
    said = words("en")
    assert set(said["states"]) == set(State)
    assert set(said["outcomes"]) == set(Outcome)
    assert set(State) <= set(said["proven"])


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_pages_say_it_all_in_each_language(language: str) -> None:
    expected = (GOLDEN / f"proof.{language}.txt").read_text(encoding="utf-8")
    assert golden_text(language) == expected


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_file_is_pdfa_3a_and_pdfua_1_and_holds_the_proof(language: str) -> None:
    proof = every_state()
    content = typeset(proof, frame=a_frame(language))
    for profile in ("3a", "ua1"):
        report = page.validate_pdf_bytes(content, profile=profile)
        assert [f"{one.rule_id}: {one.message}" for one in report.failures] == []
    with pikepdf.open(io.BytesIO(content)) as document:
        spec = document.attachments["proof.json"]
        assert json.loads(spec.get_file().read_bytes()) == proof
        assert spec.obj.AFRelationship == "/Source"


def test_the_same_proof_gives_the_same_bytes_in_other_zones_and_processes() -> None:
    script = (
        "import hashlib\nfrom tests.render.proofs import *\n"
        "print(hashlib.sha256(typeset(every_state(), frame=a_frame())).hexdigest())"
    )
    hashes = {
        subprocess.run(
            [sys.executable, "-c", script],
            cwd=ROOT,
            env={"TZ": zone, "PYTHONHASHSEED": seed, "PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for zone, seed in (("Pacific/Auckland", "1"), ("America/Lima", "77"))
    }
    assert len(hashes) == 1


def test_no_more_is_said_than_is_known() -> None:
    assert "took this mail" in proven(a_delivery())
    assert "Not proven: that it reached the mailbox" in proven(a_delivery())
    assert "no server took this mail" in proven(a_delivery("failed", attempts=[DEFERRED]))
    assert proven(a_delivery("uncertain", attempts=[UNCERTAIN])).startswith("Not proven")
    confirmed = proven(a_delivery("confirmed", returns=[DELIVERED]))
    assert "Not proven: that a person read it" in confirmed
    assert "shown to its recipient" not in confirmed


def test_what_may_have_gone_twice_is_said() -> None:
    assert "twice" in proven(a_delivery(attempts=[UNCERTAIN, TAKEN | {"n": 2}]))
    assert "twice" not in proven(a_delivery(attempts=[DEFERRED, TAKEN | {"n": 2}]))
    # One attempt whose reply was lost, and a report that it arrived: it went once.
    assert "twice" not in proven(a_delivery("confirmed", attempts=[UNCERTAIN]))
    failed = proven(a_delivery("failed", attempts=[UNCERTAIN, DEFERRED | {"n": 2}]))
    assert "may have arrived all the same" in failed


def test_what_was_taken_once_and_is_to_go_again_is_not_called_untaken() -> None:
    for state in ("queued", "failed", "held", "cancelled"):
        said = proven(a_delivery(state, attempts=[TAKEN, DEFERRED | {"n": 2}]))
        assert said.startswith("Proven: a server took an earlier attempt")
        assert "no server took this mail" not in said


def test_a_report_that_it_was_shown_is_said() -> None:
    shown = DELIVERED | {"action": "displayed"}
    assert "shown to its recipient" in proven(a_delivery("confirmed", returns=[shown]))


def test_times_are_the_team_s_with_their_distance_to_utc() -> None:
    summer = TAKEN | {"ended_at": "2026-07-01T22:30:05Z"}
    [one] = seen(a_delivery(attempts=[summer]))["deliveries"]
    assert one["when"].replace("\u00a0", " ") == "2 Jul 2026, 00:30:05 +02:00"


def test_the_file_bears_the_day_of_the_last_thing_that_happened() -> None:
    late = DELIVERED | {"at": "2027-01-03T10:00:00Z"}
    assert last_day(a_proof(a_delivery("confirmed", returns=[late]))) == date(2027, 1, 3)
    assert last_day(a_proof()) == date(2026, 11, 24)


def test_of_hundreds_of_attempts_the_first_and_the_last_are_shown_and_the_others_counted() -> None:
    attempts = [DEFERRED | {"n": n} for n in range(1, 101)]
    [one] = seen(a_delivery("failed", attempts=attempts))["deliveries"]
    shown = [int(each["no"]) for each in one["attempts"]]
    assert shown == [*range(1, 11), *range(71, 101)]
    assert one["more"] == "60 more attempts are in proof.json, attached to this file."


def test_a_document_that_went_nowhere_has_a_page_that_says_so() -> None:
    [text] = text_of(typeset(a_proof(), frame=a_frame("en")))
    assert "Nothing of this document was sent to anybody." in text


def test_long_names_and_many_recipients_take_more_pages_and_lose_nothing() -> None:
    name = "Vereniging van Mede-eigenaars " + "Residentie De Gouden Leeuw " * 4
    address = "een.bijzonder.lang.postvak." * 3 + "@subdomein.van.een.erg.lange.organisatie.example"
    deliveries = [a_delivery(recipient=f"r{n}", address=f"r{n}.{address}") for n in range(30)]
    proof = a_proof(*deliveries, counterparty={"name": name, "vat": None}, number="F" * 200)
    pages = text_of(typeset(proof, frame=a_frame(team="Coöperatieve Vennootschap " * 6)))
    assert len(pages) > 10
    heads = "\n".join(pages)
    assert all(f"r{n}" in heads for n in range(30))
    assert f"Pagina {len(pages)} van {len(pages)}" in pages[-1]


def test_ids_and_addresses_are_copied_from_the_page_as_they_are_and_stay_on_it() -> None:
    address = f"{'lang.' * 20}postvak@{'sub.' * 10}organisatie.example"
    deliveries = [a_delivery(address=address, message_id=f"<{'m' * 90}@acme.example>")] * 2
    pages = typeset(a_proof(*deliveries), frame=a_frame("en"))
    text = "".join("".join(text_of(pages)).split())
    assert text.count(address) == 4  # in the table, and above each delivery
    assert text.count("m" * 90) == 2
    with pypdfium2.PdfDocument(pages) as document:
        for one in document:
            for at in range((words_on := one.get_textpage()).count_rects()):
                assert words_on.get_rect(at)[2] <= one.get_width() - 19 * MM


def test_a_reply_cannot_command_the_page() -> None:
    nasty = TAKEN | {"reply": '250 #panic("x") $ * _ ] \u202egnp.exe `raw` <label> @ref'}
    text = "\n".join(text_of(typeset(a_proof(a_delivery(attempts=[nasty])), frame=a_frame("en"))))
    assert '#panic("x") $ * _ ]' in text
    assert "\u202e" not in text


def test_of_a_mail_with_a_link_it_is_said_what_is_kept_of_it() -> None:
    assert "crossed out" in proven(a_delivery(by_link=True))
    assert "crossed out" not in proven(a_delivery(by_link=True, message=None, attached=[]))
    assert "crossed out" not in proven(a_delivery())
