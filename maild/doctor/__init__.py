"""Looks at everything that maild depends on and says what is wrong and what to do: `maild doctor`."""
