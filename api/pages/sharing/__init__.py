"""Sharing with outsiders, as pages for people who are signed in."""
