"""The JSON API of full-text search and similar postmortems."""
