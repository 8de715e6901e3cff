"""The shelf of issue trackers: one file each, found by its file name (see integrations.tracker)."""
