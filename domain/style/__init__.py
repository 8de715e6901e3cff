"""Rules about writing suggestions, which never block anything."""
