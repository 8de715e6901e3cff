"""Files that people send and fetch."""
