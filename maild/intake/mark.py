"""A door's own note of how far it got, kept in the transaction that stores what it brought.

A door that can ask for the same thing twice (a mailbox does, after a crash) learns from its note
what it handed in already. What is in the note is the door's business.
"""

from __future__ import annotations

from typing import Protocol

from maild.errors import DocumentError
from maild.intake.filing import Acceptance
from maild.store.database import Tx


class Mark(Protocol):
    """Written once for each submission, whatever became of it."""

    def accepted(self, tx: Tx, acceptance: Acceptance) -> None:
        """Its documents are stored by `tx`, or were there before."""
        ...

    def refused(self, tx: Tx, refusal: str, fault: DocumentError) -> None:
        """It is kept as the refusal of that id by `tx`."""
        ...
