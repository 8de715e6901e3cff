"""What outsiders may see of a postmortem: public summaries, what must not be in them, and links."""
