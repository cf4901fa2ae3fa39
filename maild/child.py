"""The inside of a child process: reads jobs from a pipe, runs them under limits, writes answers back.

It runs as `python -m maild.child`, started by `maild.children`, and holds nothing of the daemon: no
database, no sockets, no event loop. It is not a protection by itself against code that attacks the
kernel; it is memory, time and network taken away from work that may go wrong.

On the pipe a request is a `REQUEST` header, the job's name ("package.module:function"), and the
payload; an answer is an `ANSWER` header and the bytes. Only bytes cross, never pickles: a child that
was taken over must not be able to run anything in the daemon.
"""

from __future__ import annotations

import ctypes
import importlib
import os
import resource
import signal
import struct
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO, NamedTuple

Job = Callable[[bytes], bytes | Sequence[bytes]]  # an answer in pieces need not be put together

# Nonce, length of the name, length of the payload, seconds of CPU and of wall time, bytes of memory.
REQUEST = struct.Struct("!8sIQddQ")
# Nonce of the request; 0 done, 1 the job raised; resident memory afterwards; length of the body. The
# nonce keeps a job that wrote more than its answer from answering the next one.
ANSWER = struct.Struct("!8sBQQ")
DONE, RAISED = 0, 1

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000  # linux/sched.h
_LARGEST_FILE = 1 << 20  # what a library may write to the log; jobs answer through the pipe


class Order(NamedTuple):
    """One request as it came through the pipe."""

    nonce: bytes
    job: str
    payload: bytes
    cpu: float
    wall: float
    memory: int


def main(arguments: list[str]) -> int:
    """Serve jobs until the pipe ends. Arguments: the parent's pid, "warm" or "fresh", modules."""
    parent, mode, *modules = arguments
    requests, answers = _take_pipes()
    _tie_to(int(parent))
    _take_away()
    for name in modules:
        importlib.import_module(name)
    while order := _next_order(requests):
        if mode == "fresh":
            _run_apart(order, requests, answers)
        else:
            _run_here(order, answers)
    return 0


def _next_order(requests: BinaryIO) -> Order | None:
    """The next request; None at the end of the pipe."""
    header = requests.read(REQUEST.size)
    if len(header) < REQUEST.size:
        return None
    nonce, name_length, length, cpu, wall, memory = REQUEST.unpack(header)
    name = requests.read(name_length).decode()
    payload = requests.read(length)
    return Order(nonce, name, payload, cpu, wall, memory)


def _run_here(order: Order, answers: BinaryIO) -> None:
    """Run a job in this process, which stays warm for the next one."""
    _limit(order)
    status, answer = _attempt(order)
    signal.setitimer(signal.ITIMER_REAL, 0)
    pieces = [answer] if isinstance(answer, bytes) else answer
    answers.write(ANSWER.pack(order.nonce, status, _resident(), sum(map(len, pieces))))
    answers.writelines(pieces)
    answers.flush()


def _run_apart(order: Order, requests: BinaryIO, answers: BinaryIO) -> None:
    """Run a job in a fork of this process, so that nothing of it can reach the next job."""
    us = os.getpid()
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            requests.close()
            _tie_to(us)
            _run_here(order, answers)
            code = 0
        finally:
            os._exit(code)
    _, status = os.waitpid(pid, 0)
    if os.WIFSIGNALED(status):
        _die_of(os.WTERMSIG(status))
    if status:
        os._exit(1)


def _die_of(number: int) -> None:
    """Die the death of our fork: the pool reads the reason from how we ended, and starts another."""
    if number != signal.SIGKILL:
        signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)


def _attempt(order: Order) -> tuple[int, bytes | Sequence[bytes]]:
    """The job's answer, or what it raised, as text."""
    try:
        module, _, function = order.job.partition(":")
        job: Job = getattr(importlib.import_module(module), function)
        return DONE, job(order.payload)
    except Exception as fault:  # noqa: BLE001 - whatever it is, the pool raises it on the other side
        return RAISED, f"{type(fault).__name__}: {fault}".encode("utf-8", "replace")


def _take_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Our two ends of the pipe, kept out of reach of libraries that print."""
    requests = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    os.close(nothing)
    return requests, answers


def _tie_to(parent: int) -> None:
    """Die when the parent dies, however it dies. Elsewhere than on Linux the pipe's end does it."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)  # it died before we could ask to be told


def _take_away() -> None:
    """Take away core dumps, large files, and where the system allows it the network."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (_LARGEST_FILE, _LARGEST_FILE))
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.unshare(_CLONE_NEWNET) != 0:
            libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET)


def _limit(order: Order) -> None:
    """Set the limits of one job; the kernel ends us with a signal when one is passed."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    spent = usage.ru_utime + usage.ru_stime
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (int(spent + order.cpu) + 1, hard))
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (order.memory, hard))
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, order.wall)


def _resident() -> int:
    """Our resident memory in bytes, now; 0 where the system does not tell."""
    try:
        counts = Path("/proc/self/statm").read_text(encoding="ascii")
        return int(counts.split()[1]) * resource.getpagesize()
    except OSError:
        return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
