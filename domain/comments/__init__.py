"""Rules about comment threads, the words they are anchored to, and mentions."""
