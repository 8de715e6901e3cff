"""The shelf of incident sources: one file each, found by its file name (see integrations.incident_source)."""
