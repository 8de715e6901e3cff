"""Identity providers for tests: a certified one as a process, and one that forges what it is told to."""
