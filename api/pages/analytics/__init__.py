"""Pages of analytics, and the geometry of their pictures."""
