"""The way out: what is due is claimed, composed, carried and settled; and what a person may do to it."""
