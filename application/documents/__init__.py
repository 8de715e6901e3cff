"""Exports of postmortems."""
