"""Pages about connections to other systems: settings, credentials, health, sync log."""
