"""Use cases of tickets: opening many at once, and what a tracker's delivery is about."""
