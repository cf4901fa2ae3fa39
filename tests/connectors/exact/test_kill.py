"""Killed between any two calls, as a process and inside one; and several processes at once."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from maild.errors import ConsentNeeded, Unavailable
from tests.connectors.exact.bench import NAME, USER, ExactBench

SCRIPT = Path(__file__).with_name("delivering.py")
MOST = 30  # calls of one document; it takes seven


@contextlib.asynccontextmanager
async def booking(bench: ExactBench, number: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """A process that is about to book an invoice; a line starts it."""
    settings = {
        "name": NAME,
        "team": "acme",
        "address": USER,
        "site": bench.server.url,
        "client_id": bench.account.client_id,
        "redirect_uri": bench.account.redirect_uri,
        "division": bench.division,
    }
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, SCRIPT, bench.folder, json.dumps(settings), number),
        bench.now().isoformat(),
        stdin=pipe,
        stdout=pipe,
        env=os.environ | {"PYTHONPATH": str(SCRIPT.parents[3])},
    )
    try:
        assert process.stdout is not None
        assert await process.stdout.readline() == b"ready\n"
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.communicate()


def whole(bench: ExactBench, numbers: list[str]) -> None:
    """Each is there once, with its document and its two files."""
    assert Counter(bench.there()) == Counter(numbers)
    assert [number for number, _ in bench.files()] == sorted(2 * numbers)
    assert len(bench.server.rows("documents/Documents")) == len(numbers)
    assert len(bench.server.rows("crm/Accounts")) == 1


async def test_a_kill_at_any_call_leaves_nothing_double_and_nothing_half(
    bench: ExactBench,
) -> None:
    numbers: list[str] = []
    for step in range(1, MOST):
        numbers.append(str(100 + step))
        cut = await bench.cut(bench.parcel(numbers[-1]), step=step)
        bench.advance(timedelta(minutes=15))
        await bench.deliver(bench.parcel(numbers[-1]))
        whole(bench, numbers)
        if not cut:
            break
    assert step > 6


async def test_a_process_that_is_killed_between_its_posts_is_made_up_for(bench: ExactBench) -> None:
    # After the entry, after the document, after the first file; the other calls are cut above.
    for step in (4, 5, 6):
        before = len(bench.server.journal)
        bench.server.faults.plan("*", "slow", skip=step - 1, seconds=60)
        async with booking(bench, str(200 + step)) as process:
            assert process.stdin is not None
            process.stdin.write(b"go\n")
            await process.stdin.drain()
            while len(bench.server.journal) < before + step:
                await asyncio.sleep(0.01)
            assert process.returncode is None
            process.kill()
            assert await process.wait() == -signal.SIGKILL
        bench.server.faults.clear()
        bench.advance(timedelta(minutes=15))
        await bench.deliver(bench.parcel(str(200 + step)))
        whole(bench, [str(200 + one) for one in range(4, step + 1)])


async def test_processes_that_start_together_renew_once_and_share_what_may_be_asked(
    bench: ExactBench,
) -> None:
    bench.advance(timedelta(minutes=11))
    await bench.deliver(bench.parcel("1"))
    bench.advance(timedelta(minutes=11))
    tokens = bench.server.counters["POST oauth2/token"]
    async with booking(bench, "2") as one, booking(bench, "3") as other:
        said = await asyncio.gather(*(each.communicate(b"go\n") for each in (one, other)))
    assert all(out.splitlines()[-1].startswith(b"entry ") for out, _ in said)
    whole(bench, ["1", "2", "3"])
    assert bench.server.counters["POST oauth2/token"] == tokens + 1


async def test_an_answer_that_is_lost_while_a_token_is_renewed_ends_in_one_question(
    bench: ExactBench,
) -> None:
    bench.advance(timedelta(minutes=11))
    bench.server.faults.plan("POST oauth2/token", "cut_after")
    with pytest.raises(Unavailable):
        await bench.deliver(bench.parcel("1"))
    calls = bench.server.counters["POST oauth2/token"]
    for _ in range(5):
        bench.advance(timedelta(minutes=15))
        with pytest.raises(ConsentNeeded, match="`maild connect exact acme"):
            await bench.deliver(bench.parcel("1"))
    assert bench.server.counters["POST oauth2/token"] == calls + 1
    assert bench.server.offences == ["a refresh token used twice"]
    bench.server.offences.clear()
    await bench.consent()
    await bench.deliver(bench.parcel("1"))
    whole(bench, ["1"])
