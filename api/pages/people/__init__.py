"""Pages of people, teams, and services."""
