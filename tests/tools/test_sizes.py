"""The stops of the style guide are seen when they are passed, and only then."""

from __future__ import annotations

from pathlib import Path

from tools import sizes


def write(folder: Path, lines: list[str]) -> Path:
    module = folder / "module.py"
    module.write_text("\n".join(lines) + "\n")
    return module


def found(module: Path) -> list[str]:
    return list(sizes.problems(module, root=module.parent))


def test_a_module_of_300_lines_passes_and_one_of_301_does_not(tmp_path: Path) -> None:
    assert found(write(tmp_path, ["x = 1"] * 300)) == []
    [problem] = found(write(tmp_path, ["x = 1"] * 301))
    assert problem.startswith("module.py: 301 lines")


def test_a_function_counts_without_its_signature_and_docstring(tmp_path: Path) -> None:
    head = ["def f(", "    a: int,", ") -> None:", '    """One', "", "    Two.", '    """']
    assert found(write(tmp_path, head + ["    a += 1"] * 40)) == []
    [problem] = found(write(tmp_path, head + ["    a += 1"] * 41))
    assert problem == "module.py:1: f has 41 lines, not 40"


def test_a_docstring_alone_has_no_lines(tmp_path: Path) -> None:
    assert found(write(tmp_path, ["async def f() -> None:", '    """Nothing."""'])) == []
