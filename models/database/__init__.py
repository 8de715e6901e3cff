"""How the database is reached, and what its transactions tell once they are committed."""
