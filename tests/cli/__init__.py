"""The front doors: real processes, started and killed as people and machines do."""
