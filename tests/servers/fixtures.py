"""The pytest fixtures that start real servers."""
