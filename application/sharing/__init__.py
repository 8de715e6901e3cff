"""Sharing with outsiders. ``public`` is all that a visitor without a session reaches."""
