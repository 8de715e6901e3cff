"""SQL about telling open pages what changed: notifications of PostgreSQL, and who may learn of what."""
