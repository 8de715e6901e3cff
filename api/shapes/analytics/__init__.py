"""Reports of analytics on the wire."""
