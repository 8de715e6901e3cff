"""HTML twins of the JSON API."""
