"""Use cases of search: full-text search, and postmortems that are similar to another one."""
