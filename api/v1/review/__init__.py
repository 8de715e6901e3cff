"""The JSON API of submitting, reviewing, publishing, and reviewers."""
