"""What every relay promises, held by Exact Online."""

from __future__ import annotations

from tests.connectors import relay_contract


class TestExact(relay_contract.RelayContract):
    """The contract."""
