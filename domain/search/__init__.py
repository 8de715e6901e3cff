"""Rules about full-text search and similar postmortems."""
