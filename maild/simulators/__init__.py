"""Stand-ins for the outside world, for tests, demo and benchmarks; nothing here imports the rest of maild."""
