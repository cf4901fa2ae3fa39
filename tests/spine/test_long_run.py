"""A daemon that works for a long while at a steady pace holds no more at the end than at the start.

Papers come in by SMTP and through a mailbox, some clients hang up in the middle, and everything
leaves by a relay. MAILD_SOAK_MINUTES says how long; a quarter of it is warming up.
"""

from __future__ import annotations

import os
import smtplib
import socket
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, fields

import psutil
import pytest

from tests.servers.dovecot import PASSWORD, Dovecot
from tests.servers.fixtures import StartPostfix, StartSink
from tests.spine import papers
from tests.spine.house import QUICK, House, configured
from tests.spine.mailboxes import section
from tests.spine.post import SENDER, TEAM, a_mail, hand_in
from tests.spine.waiting import until

MINUTES = float(os.environ.get("MAILD_SOAK_MINUTES", "20"))
PACE = 0.25  # seconds from one paper to the next
SAMPLE = 1.0  # seconds
MB = 1 << 20


@dataclass(frozen=True, slots=True)
class Held:
    """What the daemon holds at one moment; its children's memory is counted with its own."""

    memory: float  # MB
    children: float
    threads: float
    files: float
    connections: float


# How much more the last third may hold than the first third after the warm-up, by medians.
ROOM = Held(memory=12, children=2, threads=2, files=4, connections=3)


@pytest.mark.soak
def test_a_long_steady_run_leaks_no_memory_threads_files_or_connections(
    house: House,
    dovecot: Dovecot,
    start_postfix: StartPostfix,
    start_sink: StartSink,
    fresh_address: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    sink = start_sink()
    relay = start_postfix(settings={"default_transport": f"smtp:[127.0.0.1]:{sink.port}"})
    (house.folder / "secret").write_text(PASSWORD)
    box = section("box", dovecot, fresh_address)
    house.write(configured(relay.port, more=QUICK + box))
    with house.running() as daemon:
        daemon.wait_for("mailbox.connected")
        seen, papers_in = _worked(daemon.port, daemon.process.pid, dovecot, fresh_address)
        until(lambda: _rests(house, papers_in), within=120, explain=house.status)
        assert daemon.stop() == 0
    first, last = _compared(seen)
    with capsys.disabled():
        sys.stdout.write(f"\n{papers_in} papers in {MINUTES:g} minutes, {len(seen)} samples\n")
        sys.stdout.write(_table(first, last))
    until(lambda: not relay.queue())
    assert len(list(sink.kept.iterdir())) == 2 * papers_in
    for one in fields(Held):
        grown = getattr(last, one.name) - getattr(first, one.name)
        assert grown <= getattr(ROOM, one.name), f"{one.name}: {first} -> {last}"


def _worked(door: int, pid: int, dovecot: Dovecot, box: str) -> tuple[list[Held], int]:
    """Hand papers in at a steady pace until the time is over; what the daemon held meanwhile."""
    seen: list[Held] = []
    process = psutil.Process(pid)
    begun = sampled = time.monotonic()
    count = 0
    while time.monotonic() - begun < MINUTES * 60:
        _one_more(door, count, dovecot, box)
        count += 1
        if time.monotonic() - sampled >= SAMPLE:
            sampled = time.monotonic()
            seen.append(_held(process))
        time.sleep(max(0.0, begun + count * PACE - time.monotonic()))
    return seen, count


def _one_more(door: int, count: int, dovecot: Dovecot, box: str) -> None:
    number = f"L-{count:06}"
    files = [("f.xml", papers.invoice(number))]
    files += [("f.pdf", papers.a_pdf(number))] if count % 4 else []  # else maild typesets one
    mail = a_mail(*files)
    if count % 3 == 0:
        with smtplib.LMTP("127.0.0.1", dovecot.lmtp_port, timeout=30) as client:
            client.sendmail(SENDER, [box], mail.as_bytes())
    else:
        reply = hand_in(door, mail)
        assert reply.code == 250, reply
    if count % 10 == 0:
        _hang_up_halfway(door, mail.as_bytes())


def _hang_up_halfway(door: int, content: bytes) -> None:
    """A client that is gone before its dot: nothing of it may stay."""
    with smtplib.SMTP("127.0.0.1", door, timeout=30, local_hostname="erp.acme.example") as client:
        client.ehlo()
        client.mail(SENDER)
        client.rcpt(TEAM)
        client.putcmd("DATA")
        assert client.getreply()[0] == 354
        client.send(content[: len(content) // 2])
        assert client.sock is not None
        client.sock.shutdown(socket.SHUT_RDWR)
        client.close()


def _held(process: psutil.Process) -> Held:
    children = process.children(recursive=True)
    return Held(
        memory=sum(map(_memory, [process, *children])) / MB,
        children=len(children),
        threads=process.num_threads(),
        files=process.num_fds(),
        connections=len(process.net_connections()),
    )


def _memory(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.NoSuchProcess:
        return 0  # a job that ended while we looked


def _compared(seen: Sequence[Held]) -> tuple[Held, Held]:
    """The medians of the first and of the last third, once it is warm."""
    warm = seen[len(seen) // 4 :]
    third = len(warm) // 3
    assert third >= 10, f"{len(seen)} samples are too few to compare; let it run longer"
    return _median(warm[:third]), _median(warm[-third:])


def _median(some: Sequence[Held]) -> Held:
    return Held(*(statistics.median(getattr(s, one.name) for s in some) for one in fields(Held)))


def _table(first: Held, last: Held) -> str:
    rows = ((f.name, getattr(first, f.name), getattr(last, f.name)) for f in fields(Held))
    return "".join(f"{name:<12} {one:8.1f} -> {other:8.1f}\n" for name, one, other in rows)


def _rests(house: House, papers_in: int) -> bool:
    time.sleep(0.3)  # each look costs the daemon a little
    status = house.status()
    queue = status["queue"]
    done = status["mailboxes"][0]["taken"].get("accepted", 0) == (papers_in + 2) // 3
    return done and not any(queue[name] for name in ("queued", "sending", "uncertain"))
