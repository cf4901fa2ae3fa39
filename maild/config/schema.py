"""The JSON schema of a configuration, for editors that complete and check as one types.

Tables of teams are not in it: what a team may say is the business of `maild.rules.schema`.
"""

from __future__ import annotations

from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network
from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from maild.config.settings import Settings
from maild.config.values import Listen, duration_text


def schema() -> dict[str, Any]:
    """Every section and key with its form and its default, each as a file may have it."""
    found = Settings.model_json_schema(schema_generator=_AsWritten)
    # Read before any section is: no setting, but a key that the first file may have.
    files = {"type": "array", "items": {"type": "string"}}
    found["properties"]["include"] = {"title": "Include", "default": [], **files}
    return found


class _AsWritten(GenerateJsonSchema):
    """Shows defaults in the syntax of the file: "5m", where the library writes ISO 8601."""

    def encode_default(self, dft: Any) -> Any:
        if dft is None:
            return ""
        if isinstance(dft, timedelta):
            return duration_text(dft)
        if isinstance(dft, Listen | IPv4Network | IPv6Network):
            return str(dft)
        if isinstance(dft, tuple):
            return [self.encode_default(one) for one in dft]
        return super().encode_default(dft)
