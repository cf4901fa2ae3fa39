"""The configuration: found, read, merged, judged, with a place for every problem."""
