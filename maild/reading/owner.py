"""What is known of the customer of an invoice, by which he is told from its supplier on a page."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Own:
    """What is known of the customer: numbers and accounts in plain form, names in lower case."""

    numbers: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()

    def has(self, plain: str) -> bool:
        """Whether a VAT number, enterprise number or account is the customer's."""
        return plain in self.numbers or plain.removeprefix("BE") in self.numbers
