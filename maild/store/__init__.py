"""The durable state: one SQLite file and the blobs beside it. Only this package speaks SQL."""
