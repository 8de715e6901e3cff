"""Channels, one file or folder each, found by its name; the contract is ``integrations.notifier``."""
