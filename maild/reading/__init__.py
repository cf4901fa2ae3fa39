"""Foreign bytes become parts and text: bounded, and never trusted by name."""
