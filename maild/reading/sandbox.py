"""Files of strangers are opened here and nowhere else: in a process that may die, within limits.

A job is a function of ours, "package.module:function", that turns bytes into bytes (see
`maild.reading.packed`); it runs in a fresh fork without network, with bounded memory and time. What
a failure means to a document is for the caller to say; what happened is told in plain words.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from types import MappingProxyType
from typing import Final, Protocol, TypeVar

from maild.children import ChildDied, Children, JobFailed, Limits
from maild.errors import Unreadable
from maild.model.delivery import Content
from maild.reading.labels import Tables

# purchase_reading.md C3: 1 GiB of address space; the honest jobs take well under 10 s of processor.
OPENING: Final = Limits(cpu=10.0, wall=30.0, memory=1 << 30, answer=256 << 20)
# Loaded before the first fork, so that each job starts at once.
_MODULES: Final = tuple(
    f"maild.reading.{name}" for name in ("mail_job", "pdf_jobs", "picture_jobs", "figure_jobs")
)
LOOKING: Final = 2 << 30  # bytes that OCR may take for a page; it takes 0.7 GB
# The models of OCR take 300 MB and a second to load: one process, which starts with the first scan.
_OCR: Final = ("maild.reading.ocr_jobs",)
_TRIES: Final = 2
_SAID_BY_US: Final = f"{Unreadable.__name__}: "


class Parked(Unreadable):
    """A file over which two processes died: kept, opened no more, and for a person to look at."""


class Receiver(Protocol):
    """Takes an answer piece by piece."""

    def feed(self, piece: bytes) -> None:
        """Take the next bytes."""
        ...

    def drop(self) -> None:
        """Keep nothing: no more will come."""
        ...


R = TypeVar("R", bound=Receiver)
T = TypeVar("T")


class Sandbox:
    """Opens files of strangers, a few at a time. Its processes start with the first file."""

    def __init__(
        self, size: int = 2, *, limits: Limits = OPENING, labels: Tables = MappingProxyType({})
    ) -> None:
        """`labels` are words that its owner adds to those by which figures are found."""
        self.labels = dict(labels)
        self._limits = limits
        self._children = Children(size, modules=_MODULES, fresh=True)
        # What a fork used is gone with it, so that none is replaced for its size.
        self._eyes = Children(1, modules=_OCR, fresh=True, recycle_above=LOOKING)

    async def run(self, job: str, payload: Content, *, limits: Limits | None = None) -> bytes:
        """Do one job and return its answer; `limits` are the sandbox's own when not given.

        Raises Unreadable when the job says that the file cannot be used or fails over it, and
        Parked when two processes died over it (one may have been the machine's fault).
        """
        bounds = limits or self._limits
        return await _tried(lambda: self._children.run(job, payload, limits=bounds), limits=bounds)

    async def look(self, job: str, payload: Content, *, limits: Limits) -> bytes:
        """Do one job of OCR, beside the models; these wait for each other. Raises as `run`."""
        return await _tried(lambda: self._eyes.run(job, payload, limits=limits), limits=limits)

    async def receive(
        self,
        job: str,
        payload: Content,
        *,
        make: Callable[[], R],
        limits: Limits | None = None,
    ) -> R:
        """Do one job and give its answer, while it comes, to a receiver that `make` makes.

        Raises as `run`, and what the receiver raises.
        """
        bounds = limits or self._limits

        async def attempt() -> R:
            receiver = make()
            try:
                await self._children.run(job, payload, limits=bounds, into=receiver.feed)
            except BaseException:
                receiver.drop()
                raise
            return receiver

        return await _tried(attempt, limits=bounds)

    async def close(self) -> None:
        """End the processes. Safe to call twice."""
        await self._children.close()
        await self._eyes.close()


async def _tried(attempt: Callable[[], Awaitable[T]], *, limits: Limits) -> T:
    for left in reversed(range(_TRIES)):
        try:
            return await attempt()
        except JobFailed as fault:
            raise _unreadable(str(fault), limits=limits) from fault
        except ChildDied as fault:
            if not left:
                raise Parked(
                    f"maild tried {_TRIES} times to open it, and each time the process {fault.cause}; "
                    "it is kept as it came, and a person must look at it",
                    detail=str(fault),
                ) from fault
    raise AssertionError("unreachable: the last try returns or raises")


def _unreadable(said: str, *, limits: Limits) -> Unreadable:
    """What a job raised: in its own words when they are ours, else in general ones."""
    if said.startswith(_SAID_BY_US):
        return Unreadable(said.removeprefix(_SAID_BY_US))
    if said.startswith("MemoryError"):
        size = limits.memory >> 20
        return Unreadable(f"opening it takes more than the {size} MB of memory that a file may use")
    return Unreadable("it cannot be opened: it is damaged, or not what it says", detail=said)
