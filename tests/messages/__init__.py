"""Messages as they are sent: every kind of notice, to everyone who gets it."""
