"""The audit log, the command log, and the answers kept for repeated requests."""
