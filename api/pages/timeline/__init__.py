"""Pages about the timeline: its picture, and importing many events at once."""
