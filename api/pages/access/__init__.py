"""Pages about who may see and do what: sign-in, sessions, API tokens, visibility."""
