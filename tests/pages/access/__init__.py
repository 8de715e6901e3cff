"""Tests of signing in: with providers, with links by e-mail, and for the first time; and of sessions."""
