"""Child processes for heavy or dangerous work: bounded, limited, and replaced when one dies.

`Children` is a pool of processes that run `maild.child`. A job is a function of ours, named by
"package.module:function", that turns bytes into bytes. A warm pool keeps its processes between jobs
(for trusted code on foreign values, such as typesetting); a fresh pool forks for each job (for foreign
files). This module decides nothing about what a failed job means to a document.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import maild
from maild.child import ANSWER, DONE, REQUEST
from maild.errors import MaildError
from maild.model.delivery import Content
from maild.scratch import EmptyFolder

# Nobody listens on port 9 (discard) here, so what honours a proxy setting is refused at once; the
# typesetter fetches packages at run time and has no switch against it (rendering.md section 6).
_NOWHERE = "http://127.0.0.1:9"
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")
# The child ends itself at its wall limit; the pool waits a little longer before it kills.
_GRACE = 2.0
_PIECE = 1 << 16  # what of a large payload or answer is held at one time
_TAIL = 2000  # how much of a dead child's last words is kept

Sink = Callable[[bytes], None]


class JobFailed(MaildError):
    """A job in a child raised; the text is what it said. The child lives."""


class ChildDied(MaildError):
    """A child was killed, crashed, or passed a limit while it did a job; it has been replaced.

    `cause` says how it ended, as words that follow "it": "used more than 10 s of processor time ...".
    """

    def __init__(self, job: str, cause: str, *, words: str = "") -> None:
        self.cause = cause
        super().__init__(f"{job} {cause}{words}")


@dataclass(frozen=True, slots=True)
class Limits:
    """What one job may use: seconds of CPU and of wall time, bytes of memory and of answer.

    `memory` is address space, not resident memory: the typesetter reserves about 1 GB and uses 125 MB.
    """

    cpu: float = 20.0
    wall: float = 20.0
    memory: int = 3 << 30
    answer: int = 256 << 20


class Children:
    """A bounded pool of child processes, used from one event loop."""

    def __init__(
        self,
        size: int | None = None,
        *,
        modules: Sequence[str] = (),
        fresh: bool = False,
        recycle_above: int = 400 << 20,
    ) -> None:
        """`modules` are imported by each child before its first job.

        `fresh` forks for each job. A warm child whose resident memory is above `recycle_above`
        bytes after a job is replaced (rendering.md section 2: large documents are never given back).
        """
        self.size = size or os.cpu_count() or 1
        self._arguments = ["fresh" if fresh else "warm", *modules]
        self._recycle_above = recycle_above
        self._turns = asyncio.Semaphore(self.size)
        self._idle: list[_Child] = []
        self._busy: set[_Child] = set()
        self._folder: EmptyFolder | None = None

    @property
    def pids(self) -> tuple[int, ...]:
        """The processes that live now."""
        return tuple(one.pid for one in (*self._idle, *self._busy))

    async def start(self) -> None:
        """Start all children, so that the first job finds a warm one."""
        missing = self.size - len(self.pids)
        self._idle += await asyncio.gather(*(self._spawn() for _ in range(missing)))

    async def run(
        self,
        job: str,
        payload: Content,
        *,
        limits: Limits | None = None,
        into: Sink | None = None,
    ) -> bytes:
        """Run one job and return its answer, waiting for a free child first.

        With `into` the answer goes there piece by piece, and nothing of it is kept here. Raises JobFailed when the job raised, ChildDied when its process did not live through it.
        """
        async with self._turns:
            child = await self._next()
            self._busy.add(child)
            try:
                answer = await child.ask(job, payload, limits=limits or Limits(), into=into)
            except BaseException:
                # Also when we are cancelled: half an exchange cannot be taken up again.
                await child.end()
                raise
            finally:
                self._busy.discard(child)
            if child.resident > self._recycle_above:
                await child.end()
            else:
                self._idle.append(child)
        if answer.status != DONE:
            raise JobFailed(answer.body.decode("utf-8", "replace"))
        return answer.body

    async def close(self) -> None:
        """End every child. Safe to call twice."""
        children = [*self._idle, *self._busy]
        self._idle.clear()
        await asyncio.gather(*(one.end() for one in children))
        if self._folder is not None:
            self._folder.remove()
            self._folder = None

    async def _next(self) -> _Child:
        """A living child: an idle one, or a new one in place of those that died meanwhile."""
        while self._idle:
            child = self._idle.pop()
            if child.alive:
                return child
            await child.end()
        return await self._spawn()

    async def _spawn(self) -> _Child:
        if self._folder is None:
            self._folder = EmptyFolder()
        return await _Child.start(self._arguments, folder=self._folder.path)


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    body: bytes


class _Child:
    """One process and our ends of its pipes.

    Not asyncio's own subprocess: its `wait` waits for the pipes to end too, and so for ever when a
    child that was killed had said more than anyone read.
    """

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        *,
        words: IO[bytes],
        requests: asyncio.StreamWriter,
        answers: asyncio.StreamReader,
    ) -> None:
        self._process = process
        self._words = words
        self._requests, self._answers = requests, answers
        self.resident = 0
        self.pid = process.pid

    @classmethod
    async def start(cls, arguments: Sequence[str], *, folder: Path) -> _Child:
        """Start a process that inherits two pipes and a file for its last words, nothing else."""
        words = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the child; `end` closes it
        ours, theirs = socket.socketpair()
        with theirs:
            process = subprocess.Popen(  # noqa: ASYNC220 - our own code; about 2 ms
                [sys.executable, "-P", "-m", "maild.child", str(os.getpid()), *arguments],
                stdin=theirs.fileno(),
                stdout=theirs.fileno(),
                stderr=words,
                cwd=folder,
                env=_environment(),
                # A session of its own: Ctrl-C at the terminal is for the daemon, which drains first.
                start_new_session=True,
            )
        answers, requests = await asyncio.open_connection(sock=ours)
        return cls(process, words=words, requests=requests, answers=answers)

    @property
    def alive(self) -> bool:
        """Whether it can take a job."""
        return self._process.poll() is None

    async def ask(
        self, job: str, payload: Content, *, limits: Limits, into: Sink | None
    ) -> _Answer:
        """Send a job and read its answer. Raises ChildDied."""
        try:
            async with asyncio.timeout(limits.wall + _GRACE):
                return await self._exchange(job, payload, limits=limits, into=into)
        except TimeoutError:
            raise ChildDied(job, f"took longer than {limits.wall:g} s and was ended") from None
        except (asyncio.IncompleteReadError, ConnectionError):
            # The pipe closes a moment before the process is gone; its own end tells more than ours.
            with contextlib.suppress(subprocess.TimeoutExpired):
                await asyncio.to_thread(self._process.wait, _GRACE)
            raise ChildDied(job, self._death(limits), words=self._last_words()) from None

    async def _exchange(
        self, job: str, payload: Content, *, limits: Limits, into: Sink | None
    ) -> _Answer:
        name, nonce = job.encode(), os.urandom(8)
        bounds = (limits.cpu, limits.wall, limits.memory)
        self._requests.write(REQUEST.pack(nonce, len(name), len(payload), *bounds) + name)
        await self._send(payload)
        header = ANSWER.unpack(await self._answers.readexactly(ANSWER.size))
        echoed, status, self.resident, length = header
        if echoed != nonce:
            raise ChildDied(job, "got the answer to another request; its process was ended")
        if length > limits.answer:
            raise ChildDied(job, f"answered {length} bytes; {limits.answer} are allowed")
        if into is None or status != DONE:
            return _Answer(status=status, body=await self._answers.readexactly(length))
        while length:
            piece = await self._answers.readexactly(min(length, _PIECE))
            into(piece)
            length -= len(piece)
        return _Answer(status=status, body=b"")

    async def _send(self, payload: Content) -> None:
        if isinstance(payload, bytes):
            self._requests.write(payload)
            await self._requests.drain()
            return
        for start in range(0, len(payload), _PIECE):
            self._requests.write(await asyncio.to_thread(payload.read, _PIECE, start=start))
            await self._requests.drain()

    async def end(self) -> None:
        """Kill the process with all that it started, and wait until it is gone."""
        if self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)
            await asyncio.to_thread(self._process.wait)
        self._requests.transport.abort()
        self._words.close()

    def _death(self, limits: Limits) -> str:
        """Why it died, for a person."""
        code = self._process.returncode or 0
        if code == -signal.SIGALRM:
            return f"took longer than {limits.wall:g} s and was ended"
        if code == -signal.SIGXCPU:
            return f"used more than {limits.cpu:g} s of processor time and was ended"
        if code < 0:
            return f"died of {signal.Signals(-code).name}"
        return f"ended with exit code {code}"

    def _last_words(self) -> str:
        self._words.seek(0)
        text = self._words.read()[-_TAIL:].decode("utf-8", "replace").strip()
        return f": {text}" if text else ""


def _environment() -> dict[str, str]:
    """What a child knows of the world: where our code is, and that there is no network."""
    roots = [str(Path(maild.__file__).parent.parent), os.environ.get("PYTHONPATH", "")]
    return {
        "PATH": "/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "HOME": "/nonexistent",
        "TZ": "UTC",
        # A child has one core; a library with threads of its own could not be forked either.
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "PYTHONPATH": os.pathsep.join(root for root in roots if root),
        "PYTHONDONTWRITEBYTECODE": "1",
        **dict.fromkeys(_PROXIES, _NOWHERE),
    }
