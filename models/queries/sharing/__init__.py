"""Statements about public summaries, links for outsiders, and sharing settings.

``public`` is everything that outsiders can read.
"""
