"""SQL about files beside the text of a postmortem."""
