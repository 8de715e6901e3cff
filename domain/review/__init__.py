"""Rules about reviewing: what a reviewer decided, and whether a postmortem is ready to submit or publish."""
