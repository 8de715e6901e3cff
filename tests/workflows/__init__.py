"""Workflows on a real PostgreSQL and a real Temporal, each workflow with a clock that the test moves."""
