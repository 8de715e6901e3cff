"""Use cases of connections: adding and changing them, checks and dry runs, accounts, deliveries and the sync log."""
