"""Notices: who is notified of what and when, the digests made of them, and how each message is worded."""
