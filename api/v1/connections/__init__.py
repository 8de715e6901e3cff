"""The JSON API of connections to other systems: settings, credentials, health, sync log."""
