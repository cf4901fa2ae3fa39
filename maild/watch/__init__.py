"""Looks for what a person must see to, and tells him when mail itself may be dead."""
