"""HTML twins of the JSON API: the same queries and commands, for people with a browser."""
