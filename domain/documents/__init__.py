"""Postmortems as documents: what an export holds, in which formats, and what its file is called."""
