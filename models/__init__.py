"""Tables and every SQL statement. One file per table; `queries/` holds the statements, session first."""
