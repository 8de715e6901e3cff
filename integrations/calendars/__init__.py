"""The shelf of calendars. One file per vendor, found by its name; the contract is
``integrations.meetings.calendar``."""
