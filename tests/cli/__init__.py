"""Commands of the machine: real processes, started and killed as people and machines do."""
