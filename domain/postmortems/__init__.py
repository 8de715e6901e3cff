"""Rules about postmortems: opening, reading, listing, their people and their lifecycle."""
