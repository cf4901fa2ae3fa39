"""Tables, JSON lines, sentences and exit codes.

What is printed to standard output is the answer; remarks and problems go to standard error.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from maild.errors import DeliveryError, DocumentError, MaildError, UserError

# sysexits.h, the values that maild uses; the table in docs/operations.md names them.
EX_OK, EX_PROBLEM, EX_USAGE, EX_DATA, EX_SOFTWARE = 0, 1, 2, 65, 70
EX_UNAVAILABLE, EX_CONFIG = 69, 78

ConfigOption = Annotated[
    str | None,
    typer.Option(
        "--config",
        "-c",
        metavar="FILE",
        help="The configuration; else $MAILD_CONFIG, ./maild.toml, /etc/maild/maild.toml.",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object a line, for programs.")]
TeamOption = Annotated[str | None, typer.Option("--team", "-t", help="Only this team.")]

# A row stays one line, however long: folded cells cannot be read, copied or searched for, and a
# terminal that is too narrow wraps by itself.
ROW_WIDTH = 100_000

out = Console(highlight=False, soft_wrap=True, width=ROW_WIDTH)
err = Console(stderr=True, highlight=False, soft_wrap=True)


@contextmanager
def plain_faults() -> Iterator[None]:
    """Turn every fault that maild knows into words and an exit code; bugs keep their traceback."""
    try:
        yield
    except UserError as fault:
        stop(fault.problems, hint=fault.hint, code=fault.exit_code)
    except DocumentError as fault:
        stop((str(one) for one in fault.problems), code=fault.exit_code)
    except DeliveryError as fault:
        stop([fault.reply], code=fault.exit_code)
    except MaildError as fault:
        stop([str(fault)], code=EX_UNAVAILABLE)
    except BrokenPipeError:
        # The reader of a pipe went away (`maild documents list | head`): nothing is wrong.
        sys.stderr.close()
        raise SystemExit(EX_OK) from None


def stop(problems: Iterable[str], *, hint: str = "", code: int = EX_PROBLEM) -> NoReturn:
    """Print the problems, one a line, then what to do, and exit."""
    for problem in problems:
        err.print(Text(problem))
    if hint:
        err.print(Text(hint, style="dim"))
    raise typer.Exit(code)


def json_line(value: Mapping[str, Any]) -> None:
    """Print one JSON object on one line."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, default=str) + "\n")
    sys.stdout.flush()


def say(text: str, *, style: str = "") -> None:
    """Print a line of the answer, taken literally."""
    out.print(Text(text, style=style))


def note(text: str, *, style: str = "dim") -> None:
    """Print a remark to standard error, taken literally."""
    err.print(Text(text, style=style))


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Print rows under their column names; a column whose name starts with ">" is right-aligned."""
    grid = Table(box=None, pad_edge=False, header_style="bold", show_edge=False)
    for column in columns:
        right = column.startswith(">")
        grid.add_column(column.removeprefix(">"), justify="right" if right else "left")
    for row in rows:
        grid.add_row(*(Text("" if cell is None else str(cell)) for cell in row))
    out.print(grid)


def when(text: str | None) -> str:
    """An ISO instant as people read it, in UTC: "2026-11-24 09:12:03"."""
    return (text or "").replace("T", " ")[:19]


def counted(n: int, thing: str) -> str:
    """A number with its noun: "1 team", "3 teams"."""
    return f"{n} {thing}" if n == 1 else f"{n} {thing}s"


# State = a sign and a word, never colour alone (ux.md section 0).
SIGNS = {
    "queued": "…",
    "sending": "→",
    "handed_over": "✓",
    "confirmed": "✓✓",
    "uncertain": "?",
    "held": "‖",
    "failed": "✗",
    "bounced": "✗",
    "cancelled": "-",
}


def state(name: str) -> str:
    """A delivery state with its sign: "✓ handed over"."""
    return f"{SIGNS.get(name, ' ')} {name.replace('_', ' ')}"
