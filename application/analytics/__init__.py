"""Reports over periods: metrics, trends, and how the process works."""
