"""Golden letters, and how to make them anew: `pytest tests/letters --update-golden`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

GOLDEN = Path(__file__).parent / "golden"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden", action="store_true", help="write the golden letters instead of comparing"
    )


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Compares a text with the golden file of that name, or writes it when asked to."""
    # The option is unknown when the whole suite is run: pytest reads this file too late then.
    update = request.config.getoption("--update-golden", default=False)

    def compare(name: str, found: str) -> None:
        path = GOLDEN / name
        if update:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(found, encoding="utf-8")
        assert path.exists(), f"there is no {path.name}: run pytest tests/letters --update-golden"
        assert found == path.read_text(encoding="utf-8")

    return compare
