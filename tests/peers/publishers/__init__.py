"""Systems that postmortems are published to, as stateful peers."""
