"""Systems that postmortems are published to. Each is one file, found by its name; the contract is
``integrations.publisher``."""
