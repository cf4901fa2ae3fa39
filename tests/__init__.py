"""The tests of maild; folders mirror what they test."""
