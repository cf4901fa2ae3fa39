"""Why nothing of a document may leave before a person has looked at it."""

from __future__ import annotations

from dataclasses import dataclass

from maild.model.delivery import HoldCode


@dataclass(frozen=True, slots=True)
class Hold:
    """The reason, for programs and for people."""

    code: HoldCode
    reason: str  # a sentence without its full stop
