"""The JSON API of postmortems: opening, reading, listing, their people and their lifecycle."""
