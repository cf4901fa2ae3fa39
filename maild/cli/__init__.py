"""The command line: what a person types, in words a person reads. It knows only the app."""
