"""Fail when a module of maild is longer than 300 lines or a function longer than 40.

The style guide asks for modules of about 200 lines and functions of about 10; these are the stops.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MODULE_STOP = 300
FUNCTION_STOP = 40


def main() -> int:
    """Print every stop that is passed, and the number of modules looked at."""
    modules = sorted((ROOT / "maild").rglob("*.py"))
    found = [problem for module in modules for problem in problems(module)]
    print(*found, f"sizes: {len(modules)} modules, {len(found)} too long", sep="\n")
    return 1 if found else 0


def problems(module: Path, root: Path = ROOT) -> Iterator[str]:
    """What is too long in one module."""
    text = module.read_text("utf-8")
    where = module.relative_to(root)
    lines = len(text.splitlines())
    if lines > MODULE_STOP:
        yield f"{where}: {lines} lines, the stop is {MODULE_STOP}; split it by what it knows"
    if "migrations" in where.parts:
        return  # a migration spells out a table, column by column, once and for all
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = body_lines(node)
            if length > FUNCTION_STOP:
                yield f"{where}:{node.lineno}: {node.name} has {length} lines, not {FUNCTION_STOP}"


def body_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """The lines of the body, from its first statement that is no docstring."""
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


if __name__ == "__main__":
    sys.exit(main())
