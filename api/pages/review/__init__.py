"""Pages about submitting, reviewing, publishing, and reviewers."""
