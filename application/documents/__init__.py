"""Use cases of files beside the text of a postmortem."""
