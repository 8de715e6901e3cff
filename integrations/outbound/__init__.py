"""Requests to other people's servers: which hosts may be reached, how much of an answer is read, and one HTTP client
that never shows a credential."""
