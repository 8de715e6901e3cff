"""Sharing with outsiders: the public summary, links, settings."""
