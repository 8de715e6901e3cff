"""What each operation of the API can answer, read from the code: see ``tests.outcomes.outcomes``."""
