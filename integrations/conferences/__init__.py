"""The shelf of video services. One file per vendor, found by its name; the contract is
``integrations.meetings.conference``."""
