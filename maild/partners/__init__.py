"""Who may see what: signing in, sessions, and the links between teams and accountants' offices."""
