"""A strict stand-in for CodaBox, for tests and the demo; it imports nothing of maild but the wire."""
