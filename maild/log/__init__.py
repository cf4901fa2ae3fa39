"""One function per business event, a module for each part of the house; see `setup`."""
