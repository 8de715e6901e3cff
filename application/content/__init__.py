"""Use cases of content: saving and restoring sections, their history, templates, custom fields."""
