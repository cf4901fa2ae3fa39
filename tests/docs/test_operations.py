"""docs/operations.md names every log event, exit code and SMTP reply that there is, and no other."""

from __future__ import annotations

import ast
import importlib
import inspect
import io
import json
import pkgutil
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_type_hints

import aiosmtpd.smtp
import pytest

from maild import errors, log
from maild.cli import output
from maild.log import setup
from tools import docs

ROOT = Path(__file__).resolve().parents[2]
PAGE = docs.OPERATIONS.read_text(encoding="utf-8")

EVENTS = [
    function
    for module in pkgutil.iter_modules(log.__path__, f"{log.__name__}.")
    if not module.name.endswith(".setup")
    for name, function in inspect.getmembers(
        importlib.import_module(module.name), inspect.isfunction
    )
    if function.__module__ == module.name and not name.startswith("_")
]
SAMPLES: dict[Any, Any] = {
    str: "x",
    int: 1,
    float: 1.5,
    object: "x",
    BaseException: ValueError("x"),
}


def rows(section: str) -> list[list[str]]:
    """The rows of the table in a section, cell by cell."""
    text = PAGE.split(f"## {section}\n")[1].split("\n## ")[0]
    table = [line for line in text.splitlines() if line.startswith("| ")][2:]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in table]


@pytest.fixture
def logged() -> Iterator[Callable[[], dict[str, Any]]]:
    """What was logged last, as a program reads it."""
    stream = io.StringIO()
    setup.configure(level="debug", form="json", stream=stream)
    yield lambda: json.loads(stream.getvalue().splitlines()[-1])
    setup.configure()


def sample(kind: Any) -> Any:
    """A value of the kind that an event asks for."""
    if kind in SAMPLES:
        return SAMPLES[kind]
    if str(kind).startswith("list"):
        return ["x"]
    return next(SAMPLES[one] for one in kind.__args__ if one in SAMPLES)


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.__name__)
def test_every_event_has_its_row_with_level_sentence_and_fields(
    event: Callable[..., None], logged: Callable[[], dict[str, Any]]
) -> None:
    kinds = get_type_hints(event)
    given = {name: sample(kinds[name]) for name in inspect.signature(event).parameters}
    event(**given)
    said = logged()
    [row] = [one for one in rows("Log events") if one[0] == f"`{said['event']}`"]
    assert said["level"] in row[1].split("/")
    assert row[2] == " ".join((event.__doc__ or "").split())
    assert set(row[3].split(", ")) == set(given)


def test_the_table_of_events_has_no_other_rows() -> None:
    assert len(rows("Log events")) == len(EVENTS)
    assert docs.with_events(PAGE, docs.event_rows()) == PAGE, "run .venv/bin/python tools/docs.py"


def test_no_other_file_writes_events() -> None:
    users = [
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "maild").rglob("*.py")
        if re.search(r"^\s*(import|from) structlog\b", path.read_text(), flags=re.MULTILINE)
    ]
    assert users == ["maild/log/setup.py"]


def faults(kind: type[errors.MaildError] = errors.MaildError) -> Iterator[type[errors.MaildError]]:
    """Every fault that maild knows by name."""
    yield kind
    for inner in kind.__subclasses__():
        yield from faults(inner)


def test_every_exit_code_is_explained() -> None:
    shown = {int(row[0]) for row in rows("Exit codes")}
    of_faults = {code for one in faults() if (code := getattr(one, "exit_code", None)) is not None}
    of_commands = {value for name, value in vars(output).items() if name.startswith("EX_")}
    assert shown == of_faults | of_commands


def texts(source: str) -> Iterator[str]:
    """Every text in Python source but docstrings."""
    tree = ast.parse(source)
    sentences = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in sentences
        ):
            yield node.value


def replies() -> set[str]:
    """Every bad reply with its enhanced code that the door's source spells, and what it is based on."""
    ours = [(ROOT / "maild" / "errors.py"), *(ROOT / "maild" / "intake").glob("*.py")]
    found = {
        reply
        for path in ours
        for text in texts(path.read_text(encoding="utf-8"))
        for reply in re.findall(r"\b[45]\d\d [45]\.\d\.\d{1,2}\b", text)
    }
    engine = inspect.getsource(aiosmtpd.smtp)
    # The one reply with an enhanced code that is the engine's own and asks for something here.
    return found | set(re.findall(r"\b538 5\.7\.11\b", engine))


def test_every_reply_of_the_door_is_explained() -> None:
    shown = {
        reply
        for row in rows("What the SMTP door answers")
        for reply in re.findall(r"[245]\d\d [245]\.\d\.\d{1,2}", row[0])
    }
    assert replies() <= shown
    # Codes that the engine gives bare get their enhanced ones from a table.
    from maild.intake.replies import _ENHANCED  # noqa: PLC0415

    made = {f"{basic} {enhanced}" for basic, enhanced in _ENHANCED.items()}
    assert shown - replies() <= made | {"250 2.0.0"}
