"""Incident sources, one file or folder each, found by its name; the contract is ``integrations.incident_source``."""
