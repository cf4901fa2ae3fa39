"""The corpus of awkward mails: which files come out of them, with which names, and how fast."""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import time
from collections import Counter
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from maild.errors import Unreadable
from maild.reading import mime
from maild.reading.mail import Mail, Part
from maild.reading.mail_job import mail_from, read_mail
from maild.reading.names import MAX_NAME
from maild.reading.packed import unpack
from maild.reading.unpack import open_archive
from maild.reading.wrap import wrap


def lines_of(shared: Path) -> list[dict[str, Any]]:
    index = shared / "corpus" / "mime" / "index.jsonl"
    return [json.loads(line) for line in index.read_text().splitlines()]


def hashes(content: bytes) -> set[str]:
    """The content as it is, and as text whose line ends are another machine's."""
    unix = content.replace(b"\r\n", b"\n")
    forms = (content, unix, unix.rstrip(b"\n") + b"\n", content + b"\r\n")
    return {hashlib.sha256(one).hexdigest() for one in forms}


def read(path: Path) -> Mail:
    return mime.read(path.read_bytes(), opener=open_archive)


def amiss(facts: dict[str, Any], parts: tuple[Part, ...]) -> tuple[list[str], list[str]]:
    """The files that should be there and are not, and those that are there and should not be."""
    left = [(hashes(one.content), one) for one in parts]
    missing = []
    for wanted in facts.get("attachments", []):
        found = next((one for one in left if wanted["sha256"] in one[0]), None)
        if found is not None:
            left.remove(found)
        elif not any(wanted.get(key) for key in ("may_differ", "optional", "damaged", "body")):
            missing.append(wanted["filename"] or wanted["type"])
    return missing, [one.name for _, one in left]


def test_every_mail_of_the_corpus_is_read_or_refused_in_bounded_time(shared: Path) -> None:
    slowest = 0.0
    for line in lines_of(shared):
        started = time.process_time()
        try:
            mail = read(shared / "corpus" / "mime" / line["file"])
        except Unreadable:
            continue
        finally:
            slowest = max(slowest, time.process_time() - started)
        names = [one.name.casefold() for one in mail.parts]
        assert len(set(names)) == len(names)
    assert slowest < 1.0


def test_every_file_of_the_exact_mails_is_found_and_no_other(shared: Path) -> None:
    lines = [one for one in lines_of(shared) if one["facts"].get("exact")]
    wrong = {}
    for line in lines:
        missing, unasked = amiss(line["facts"], found_in(shared, line))
        # Of a damaged file we keep what is there; the corpus asks for nothing.
        damaged = any(one.get("damaged") for one in line["facts"]["attachments"])
        if missing or (unasked and not damaged):
            wrong[line["file"]] = (missing, unasked)
    assert len(lines) == 65
    assert wrong == {}


def found_in(shared: Path, line: dict[str, Any]) -> tuple[Part, ...]:
    """The files of a message of the corpus; a raw TNEF stream as Outlook would have sent it."""
    path = shared / "corpus" / "mime" / line["file"]
    if path.suffix == ".tnef":
        return mime.read(wrap([("winmail.dat", path.read_bytes())]), opener=open_archive).parts
    return read(path).parts


def test_names_and_places_of_the_exact_mails_are_told(shared: Path) -> None:
    lines = [one for one in lines_of(shared) if one["facts"].get("exact")]
    checked = 0
    for line in lines:
        parts = {one.sha256: one for one in found_in(shared, line)}
        for wanted in line["facts"]["attachments"]:
            part = parts.get(wanted["sha256"])
            if part is None or wanted["filename"] is None or not wanted["size"]:
                continue
            checked += 1
            assert len(part.path) == len(wanted.get("path", ())) + (".tnef" in line["file"])
            assert not any(
                one in part.name for one in wanted.get("safe_filename_must_not_contain", ())
            )
            if "same_name" not in line["file"] and len(wanted["filename"]) < MAX_NAME:
                assert re.split(r"[/\\]", wanted["filename"].replace("\u202e", ""))[-1] == part.name
    assert checked > 50


def test_nearly_every_file_that_other_parsers_agree_on_is_found(shared: Path) -> None:
    lines = [one for one in lines_of(shared) if not one["facts"].get("exact")]
    score: Counter[bool] = Counter()
    unasked: Counter[bool] = Counter()
    for line in lines:
        missing, more = amiss(line["facts"], read(shared / "corpus" / "mime" / line["file"]).parts)
        score[not missing] += 1
        if not line["facts"].get("attachments_disputed"):
            unasked[not more] += 1
    assert score[True] / len(lines) >= 0.975, score
    assert unasked[True] / unasked.total() >= 0.98, unasked


@settings(max_examples=300)
@given(st.data())
def test_no_damage_to_a_mail_does_more_than_hide_its_files(
    shared: Path, data: st.DataObject
) -> None:
    """Cut, doubled and spliced mails are read, or refused in words; the answer crosses the pipe too."""
    name = data.draw(st.sampled_from([one["file"] for one in lines_of(shared)]))
    raw = (shared / "corpus" / "mime" / name).read_bytes()[:50_000]
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(raw)))
        end = data.draw(st.integers(start, min(len(raw), start + 2_000)))
        into = data.draw(st.binary(max_size=8) | st.just(raw[start:end] * 2))
        raw = raw[:start] + into + raw[end:]
    with contextlib.suppress(Unreadable):
        mail = mail_from(*unpack(b"".join(read_mail(raw))))
        assert len({one.name.casefold() for one in mail.parts}) == len(mail.parts)
