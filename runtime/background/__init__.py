"""What a worker does beside its task queues. Each job may run in many workers at once and be killed at any point."""
