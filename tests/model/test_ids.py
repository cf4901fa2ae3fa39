from __future__ import annotations

import re
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from maild.model import ids
from maild.model.ids import first_id, new_id


def test_ids_of_one_process_sort_in_the_order_in_which_they_were_made() -> None:
    made = [new_id("v") for _ in range(20_000)]
    assert made == sorted(made)
    assert len(set(made)) == len(made)


def test_ids_still_rise_when_the_clock_is_set_back(monkeypatch: pytest.MonkeyPatch) -> None:
    before = new_id("v")
    monkeypatch.setattr(time, "time_ns", lambda: 0)
    assert before < new_id("v") < new_id("v")


def test_an_id_is_a_letter_and_twenty_characters_that_nobody_confuses() -> None:
    assert re.fullmatch(r"d-[0-9a-hjkmnp-tv-z]{20}", new_id("d"))


def test_threads_never_get_the_same_id() -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: new_id("a"), range(5_000)))
    assert len(set(made)) == len(made)


def test_the_first_id_of_a_moment_stands_before_all_that_are_made_from_then_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Another test of this process may have stood at a later moment, and ids never fall.
    monkeypatch.setattr(ids, "_row", ids._Row())
    now = datetime.now(UTC)
    made = new_id("v")
    assert first_id("v", now) <= made < first_id("v", now + timedelta(days=1))
    assert len(first_id("v", now)) == len(made)
