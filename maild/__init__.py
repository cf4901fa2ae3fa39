"""maild carries every quote, invoice and credit note of a company to its accountant, and can prove it."""

__version__ = "0.1.0"
