"""Ticket sync: twenty named cases over every tracker that has a peer, and schedules that nobody has thought of."""
