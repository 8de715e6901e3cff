"""The JSON API of files beside the text of a postmortem."""
