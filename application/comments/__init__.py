"""Use cases of comments: read threads, write, resolve and remove, and notify those who are mentioned."""
