"""What each inbox is known to want, held against the survey that it comes from."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from maild.model.document import Kind
from maild.model.team import FILES, Attach, Profile
from maild.rules.profiles import BASECONE_SUBJECT, PROFILES

MACHINES = [one for one in PROFILES.values() if one.machine]
NEVER = {Kind.QUOTE, Kind.OTHER, Kind.EXPORT}


def test_every_starter_preset_has_its_profile(shared: Path) -> None:
    survey = (shared / "reference" / "inboxes.md").read_text(encoding="utf-8")
    presets = survey.split("## 4. Starter presets")[1].split("\n## ")[0]
    names = re.findall(r"^\| (\w[\w ]*) \|", presets, flags=re.MULTILINE)[1:]
    known = {name.lower() for name in names} - {"generic human mailbox"} | {"mailbox"}
    assert len(known) == 16
    assert known <= PROFILES.keys()


@pytest.mark.parametrize("profile", MACHINES, ids=lambda one: str(one.name))
def test_a_machine_inbox_takes_bills_only_and_files_that_it_reads(profile: Profile) -> None:
    assert not profile.kinds & NEVER
    assert profile.kinds
    assert profile.attach
    assert set(profile.attach) <= profile.takes
    assert profile.books
    assert profile.case_kept
    assert re.search(r"\[S\d+\]", profile.source)


def test_a_person_takes_everything() -> None:
    mailbox = PROFILES["mailbox"]
    assert not mailbox.machine
    assert not mailbox.books
    assert mailbox.kinds == frozenset(Kind)
    assert mailbox.takes == frozenset(FILES)


@pytest.mark.parametrize(
    ("name", "attach"),
    [
        ("yuki", (Attach.PDF, Attach.UBL)),  # merged when their base names are one [S19]
        ("billtobox", (Attach.UBL,)),  # a PDF beside it would be booked twice [S33]
        ("odoo", (Attach.UBL,)),  # a PDF with XML beside XML made two bills
        ("dext", (Attach.PDF,)),  # XML is not listed [S41]
        ("xero", (Attach.PDF,)),
    ],
)
def test_an_inbox_gets_the_files_that_it_books_once(name: str, attach: tuple[Attach, ...]) -> None:
    assert PROFILES[name].attach == attach


@pytest.mark.parametrize(
    ("language", "direction", "tag"),
    [
        ("nl", "sales", "[VRK]"),
        ("nl", "purchase", "[INK]"),
        ("fr", "sales", "[VRK]"),
        ("en", "sales", "[SLS]"),
        ("en", "purchase", "[PNV]"),
    ],
)
def test_basecone_is_told_the_direction_in_the_subject(
    language: str, direction: str, tag: str
) -> None:
    from maild.render.templates import fill  # noqa: PLC0415 -- the floor above, for this one proof

    fields = {"language": language, "direction": direction, "number": "2026-001"}
    assert fill(BASECONE_SUBJECT, fields) == f"{tag} 2026-001"
