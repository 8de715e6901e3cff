"""Documents: exports, and the schema of the JSON export."""
