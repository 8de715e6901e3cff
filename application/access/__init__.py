"""Signing in: API tokens, one-time links and web sessions."""
