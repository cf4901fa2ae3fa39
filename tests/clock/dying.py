"""A clock that is killed at its first statement, at its second, and so on through a whole catch-up.

    python -m tests.clock.dying FOLDER

For each statement a fork opens a fresh database, ticks, does the long work, and kills itself with
SIGKILL as the statement is about to be sent; another fork then goes on where that one died. Prints one
JSON line for each: how often each period was done, and where its rows stand. The last line is that of
a fork that was not killed, since there was no such statement any more.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import sys
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event

from maild.clock.long_work import LEASE, Runs
from maild.log import setup
from maild.model.run import CatchUp, Run
from maild.store import marks, runs
from maild.store.database import Database, Tx
from tests.clock.wrist import Wrist, a_schedule, did, rows, times

BEGIN, LATER = times(["2026-01-20 12:00", "2026-03-08 12:00"])
SCHEDULES = [
    a_schedule("monthly", "month + 5 days 07:00"),
    a_schedule("weekly", "week 06:00", catch_up=CatchUp.LATEST, quiet=True),
    a_schedule("export", "month + 5 days 07:00", work="export"),
]


class Trap:
    """Kills this process at one statement; 0 never does."""

    def __init__(self, statement: int) -> None:
        self._left = statement
        self.armed = False
        # By the driver, since not all statements go through SQLAlchemy (store/prepared.py).
        event.listen(Engine, "connect", lambda driver, _: driver.set_trace_callback(self.step))

    def step(self, words: str) -> None:
        """One statement, or a commit, is about to run; those around a job change nothing."""
        if self.armed and words.startswith(("SELECT", "INSERT", "UPDATE", "DELETE", "COMMIT")):
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)


async def live(path: Path, trap: Trap, *, late: timedelta) -> dict[str, Any]:
    """Start, sleep through two months, wake, and do all that is owed; what came of it."""
    db = await Database.open(path)
    wrist = Wrist(db, *SCHEDULES)
    trap.armed = True
    await wrist.tick_at(BEGIN, LATER + late)
    mine = Runs(db, works={"export": partial(export, db)}, now=lambda: wrist.at)
    while await mine.step():
        pass
    trap.armed = False
    names = ("monthly", "weekly", "export")
    seen = {
        "did": {name: await did(db, name) for name in names},
        "rows": {
            name: {key: one.state.value for key, one in (await rows(db, name)).items()}
            for name in names
        },
        "faults": wrist.faults,
    }
    await db.close()
    return seen


async def export(db: Database, run: Run) -> str:
    """Long work that is written together with its end."""
    await db.write(partial(write, run=run))
    return "made"


def write(tx: Tx, *, run: Run) -> None:
    """Count the run, and end it."""
    done = marks.get(tx, f"did export {run.period}") or {"n": 0}
    marks.put(tx, f"did export {run.period}", {"n": done["n"] + 1}, now=LATER)
    if not runs.finish(tx, run, result="made", now=LATER):
        raise LookupError("another process has it")


def forked(work: Callable[[], None]) -> bool:
    """Do the work in a fork; True when it was killed."""
    child = os.fork()
    if child == 0:
        work()
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return os.WTERMSIG(status) == signal.SIGKILL
    if status:
        sys.exit("a fork failed")
    return False


def main(folder: Path) -> None:
    """Kill at every statement in turn."""
    setup.configure(level="error")
    fresh = folder / "fresh.db"
    forked(lambda: asyncio.run(made(fresh)))
    for statement in count(1):
        path = folder / f"{statement}.db"
        shutil.copy(fresh, path)
        killed = forked(partial(die, path, statement))
        forked(partial(tell, path, statement, killed=killed))
        for one in folder.glob(f"{statement}.db*"):
            one.unlink()
        if not killed:
            return


async def made(path: Path) -> None:
    """An empty store, so that no fork has to make its tables."""
    await (await Database.open(path)).close()


def die(path: Path, statement: int) -> None:
    """Live until that statement."""
    asyncio.run(live(path, Trap(statement), late=timedelta()))


def tell(path: Path, statement: int, *, killed: bool) -> None:
    """Go on after the death, when the lease of the dead is over; print what is there in the end."""
    seen = asyncio.run(live(path, Trap(0), late=2 * LEASE))
    sys.stdout.write(json.dumps({"statement": statement, "killed": killed} | seen) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
