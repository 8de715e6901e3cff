"""Rules about the timeline of a postmortem, and timelines that people paste."""
