"""A client that has signed in."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from maild.simulators.exact.server import ExactOnline
from tests.simulators.exact.caller import Caller


@pytest.fixture
def caller(exact_online: ExactOnline) -> Iterator[Caller]:
    """On a clock that stands still."""
    exact_online.clock.stop_at(datetime(2026, 11, 24, 9, 0, 5, tzinfo=UTC))
    one = Caller(exact_online)
    yield one
    one.http.close()
