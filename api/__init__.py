"""HTTP: parse, authorise, ask, answer."""
