"""A strict stand-in for Exact Online on loopback: sign-in, REST, XML, limits, and faults on demand."""
