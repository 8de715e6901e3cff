"""SQL about the audit log, the command log, and answers kept for repeated requests."""
