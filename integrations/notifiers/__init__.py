"""The shelf of channels: one file each, found by its file name (see integrations.notifier)."""
