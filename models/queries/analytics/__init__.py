"""Counts of postmortems and action items by period, of what the viewer may see."""
