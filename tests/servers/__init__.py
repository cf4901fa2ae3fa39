"""Real mail servers for tests: throw-away instances on free ports of loopback."""
