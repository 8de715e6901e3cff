"""Files beside the text of a postmortem."""
