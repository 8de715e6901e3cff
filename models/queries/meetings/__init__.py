"""Statements about review meetings."""
