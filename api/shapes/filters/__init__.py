"""Filters of lists as query parameters, the same for the JSON API and for pages."""
