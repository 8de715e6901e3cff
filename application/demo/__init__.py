"""Demo data: a small organization, a year of postmortems, and what its people work on today."""
