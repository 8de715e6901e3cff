"""SQL about submitting, reviewing, publishing, and reviewers."""
